"""What several test files share."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np

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


def make_case(cell="tanh", loss="cross-entropy", symbols=True, weights=False, seed=0):
    """Return (network, θ, batch, start state), all random, in float64, without zeros."""
    rng = np.random.default_rng(seed)
    network = Network(D, H, K, cell, loss, np.float64)
    theta = network.initial(rng)
    theta += rng.normal(0, 0.3, theta.shape)
    start = tuple(rng.normal(size=s.shape) for s in network.zero_state(B))
    return network, theta, make_batch(rng, loss, symbols, weights), start


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
