"""What several test files share."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np

from rnncamp_utils import gradcheck
from rnncamp_utils.batches import Batch
from rnncamp_utils.network import Network

ROOT = Path(__file__).resolve().parents[1]

# Time steps, sequences, inputs, hidden units, outputs: all different, so that no two axes can be
# mistaken for each other.
T, B, D, H, K = 5, 3, 4, 6, 7


def make_batch(rng, loss="cross-entropy", symbols=True, weights=False, steps=T):
    """Return a random `Batch` for a network of D inputs and K outputs."""
    x = rng.integers(0, D, (steps, B)) if symbols else rng.normal(size=(steps, B, D))
    if loss == "cross-entropy":
        y = rng.integers(0, K, (steps, B))
    else:
        y = rng.normal(size=(steps, B, K))
    return Batch(x, y, rng.uniform(0.5, 2, (steps, B)) if weights else None)


def make_case(
    cell="tanh", loss="cross-entropy", symbols=True, weights=False, seed=0, **options
):
    """Return (network, θ, batch, start state), all random, in float64, without zeros.

    `options` go to the `Network`.
    """
    rng = np.random.default_rng(seed)
    network = Network(D, H, K, cell, loss, np.float64, **options)
    theta = network.initial(rng)
    theta += rng.normal(0, 0.3, theta.shape)
    start = tuple(rng.normal(size=s.shape) for s in network.zero_state(B))
    return network, theta, make_batch(rng, loss, symbols, weights), start


def assert_close(network, gradient, expected, tolerance):
    """Compare two gradients tensor by tensor; none may be too small to say anything."""
    given, wanted = network.params(gradient), network.params(expected)
    for name in network.shapes:
        assert np.abs(wanted[name]).max() > 1e-3, f"{name}: nothing to compare"
        assert gradcheck.relative_error(given[name], wanted[name]) <= tolerance, name


def explicit_gauss_newton(network, theta, batch, start):
    """JᵀHJ, both factors by complex step: J of the outputs, H of the loss's gradient by them."""
    outputs, _ = network.forward(theta, batch.x, start)

    def loss_gradient(a):
        a = a.reshape(outputs.shape).copy()
        return network.loss.value_and_grad(a, batch.y, batch.weights)[1].ravel()

    J = gradcheck.complex_step(lambda t: network.forward(t, batch.x, start)[0].ravel(), theta)
    H = gradcheck.complex_step(loss_gradient, outputs.ravel())
    return J.T @ H @ J


def mutated_package(folder, old, new, module="recurrence"):
    """Copy rnncamp_utils and the unit tests to `folder`, with `old` replaced by `new` in `module`.

    Raises AssertionError unless `old` stands there exactly once.
    """
    for part in ("rnncamp_utils", "tests"):
        shutil.copytree(
            ROOT / part, folder / part, ignore=shutil.ignore_patterns("__pycache__", ".*")
        )
    path = folder / "rnncamp_utils" / f"{module}.py"
    text = path.read_text(encoding="utf-8")
    assert text.count(old) == 1, f"{module}.py holds {old!r} {text.count(old)} times, not once"
    path.write_text(text.replace(old, new), encoding="utf-8")
    return folder


_RUN = """
import pathlib, sys, pytest, rnncamp_utils
assert pathlib.Path.cwd() in pathlib.Path(rnncamp_utils.__file__).resolve().parents
sys.exit(pytest.main(sys.argv[1:]))
"""


def run_tests(folder, *arguments):
    """Run pytest on a copy made by `mutated_package`; return its exit code and what it printed.

    Exit code 0: all passed; 1: some failed.
    """
    (folder / "pytest.ini").write_text("[pytest]\n", encoding="utf-8")
    environment = {
        **os.environ,
        "PYTHONPATH": str(folder),
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONUTF8": "1",
        "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",  # starts sooner
    }
    child = subprocess.run(
        [sys.executable, "-c", _RUN, "-q", "-x", "-p", "no:cacheprovider", *arguments],
        cwd=folder, env=environment, capture_output=True, text=True, encoding="utf-8", timeout=300,
    )
    return child.returncode, child.stdout + child.stderr
