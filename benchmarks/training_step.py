"""How fast is one Elman training step beside PyTorch, min-char-rnn's algorithm and autograd?

    python benchmarks/training_step.py [--rounds 75] [--native] [--json FILE]

A step is: forward over T symbols of B sequences, softmax cross-entropy, backpropagation through
time, clipping by norm, SGD; the state is carried on to the next step. README.md says how to read
the table.
"""

# ruff: noqa: E402 (the environment has to be set before the libraries are loaded)
import os
import sys

# One thread for everyone, and the same instructions: a setting that holds back one library alone
# (OPENBLAS_CORETYPE only NumPy, ATEN_CPU_CAPABILITY only PyTorch) would decide the race. AVX2 is
# what ordinary laptops have; `--native` lets everyone use the best that this processor has.
# Libraries read these when they load, so this precedes the imports.
AVX2 = {
    "OPENBLAS_CORETYPE": "Haswell",
    "NPY_DISABLE_CPU_FEATURES": "X86_V4 AVX512_ICL AVX512_SPR",
    "ATEN_CPU_CAPABILITY": "avx2",
    "MKL_ENABLE_INSTRUCTIONS": "AVX2",
    "ONEDNN_MAX_CPU_ISA": "AVX2",
}
for name in (*AVX2, "MKL_CBWR"):
    os.environ.pop(name, None)
os.environ.update({} if "--native" in sys.argv else AVX2)
for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[name] = "1"

import argparse
import json
from functools import partial
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from apart import field
from peers import PEERS

from rnncamp_utils.batches import Batch
from rnncamp_utils.network import Network

SIZES = ((100, 1, 25), (100, 16, 25), (128, 32, 50), (256, 32, 50))  # H, B, T
V = 65
STRETCH = 0.02  # seconds of one peer's turn in a round: short, so that noise meets all alike


def make(size, name):
    """Return the peer `name` for `size`: all have the same start and the same batches."""
    return PEERS[name](*beginning(*size))


def beginning(H, B, T, *cell):
    """Return (network, θ, batches); `cell` is a cell and a recurrent map, if not the usual ones."""
    rng = np.random.default_rng(0)
    network = Network(V, H, V, **dict(zip(("cell", "recurrent_map"), cell)))
    theta = network.initial(rng)
    return network, theta, [Batch(*rng.integers(0, V, (2, T, B)), fresh=False) for _ in range(8)]


def check(peers, steps=4, tolerance=1e-3):
    """Raise AssertionError unless all peers have the same losses and move θ alike.

    The way that θ goes in a step is the clipped gradient times the learning rate, so this compares
    losses, gradients, clipping and the carried state. The tolerance is for float32.
    """
    starts = [peer.theta() for peer in peers.values()]
    for i in range(steps):
        losses = [peer.step(i) for peer in peers.values()]
        moves = [peer.theta() - start for peer, start in zip(peers.values(), starts)]
        for name, loss, move in zip(peers, losses, moves):
            off = np.linalg.norm(move - moves[0]) / np.linalg.norm(moves[0])
            if abs(loss - losses[0]) > tolerance * losses[0] or not off < tolerance:
                raise AssertionError(f"{name} computes something else in step {i + 1}: loss {loss} "
                                     f"instead of {losses[0]}, its way differs by {off:.1e}")


def race(peers, rounds):
    """Return the median CPU time of a step of each peer, in microseconds.

    In a round each peer has its turn: what slows the machine for a while slows all of them.
    """
    steps = {n: max(1, round(STRETCH * 1e6 / peer.stretch(8))) for n, peer in peers.items()}
    times = {name: [] for name in peers}
    for _ in range(rounds):
        for name, peer in peers.items():
            times[name].append(peer.stretch(steps[name]))
    for peer in peers.values():
        peer.stop()
    return {name: float(np.median(ts)) for name, ts in times.items()}


def options(doc, written):
    """Read the command line of a benchmark; `written` is what `--json` writes."""
    parser = argparse.ArgumentParser(description=doc.partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=75, help="turns of each peer (default: 75)")
    parser.add_argument("--native", action="store_true", help="not AVX2, but all instructions")
    parser.add_argument("--json", metavar="FILE", help=f"write {written} to FILE")
    return parser.parse_args()


def close(file, results, absent):
    """Say who is missing, and write the results, if a file is asked for."""
    for name, why in absent.items():
        print(f"– {name}: {why}")
    if file:
        Path(file).write_text(json.dumps(results, indent=2) + "\n")


def main():
    chosen = options(__doc__, "the ratios")
    print("CPU time of one training step, µs (in brackets: how many times rnncamp's)\n")
    print(f"{'H, B, T':>12}" + "".join(f"{name:>19}" for name in PEERS))
    ratios, absent = {}, {}
    for size in SIZES:
        peers, missing = field(PEERS, partial(make, size))
        absent |= missing
        check(peers)
        times = race(peers, chosen.rounds)
        ratio = {name: us / times["rnncamp"] for name, us in times.items()}
        cells = [f"{times[n]:.0f} ({ratio[n]:.2f})" if n in times else "–" for n in PEERS]
        print(f"{'{}, {}, {}'.format(*size):>12}" + "".join(f"{c:>19}" for c in cells), flush=True)
        ratios["{},{},{}".format(*size)] = {n: round(r, 3) for n, r in ratio.items()}
    close(chosen.json, ratios, absent)


if __name__ == "__main__":
    main()
