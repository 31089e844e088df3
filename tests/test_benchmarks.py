"""The benchmarks race peers that compute the same: here they are compared, and nothing is timed."""

import subprocess
import sys
from pathlib import Path

import pytest

BENCHMARKS = Path(__file__).resolve().parents[1] / "benchmarks"
ELMAN = """
from functools import partial
from training_step import PEERS, check, field, make

if __name__ == "__main__":
    for size in ((7, 1, 5), (8, 3, 6)):
        peers, absent = field(PEERS, partial(make, size))
        check(peers)
        print(*peers)
        print(*absent)
"""
CELLS = """
from functools import partial
from cell_steps import CELLS, check, field, make

if __name__ == "__main__":
    for kind in CELLS.values():
        peers, absent = field(("rnncamp", "torch", "autograd"), partial(make, *kind, (8, 3, 6)))
        check(peers)
        print(*peers)
"""


def lines(program):
    """Return what a program beside the benchmarks printed, line by line."""
    run = subprocess.run(
        [sys.executable, "-c", program], cwd=BENCHMARKS, capture_output=True, text=True, timeout=300
    )
    assert run.returncode == 0, run.stderr
    return run.stdout.splitlines()


@pytest.mark.slow
def test_the_peers_of_an_elman_step_compute_the_same():
    alone, absent, together, absent_together = lines(ELMAN)
    assert {"rnncamp", "train", "min-char-rnn", "autograd"} <= set(alone.split())
    assert set(absent_together.split()) == {*absent.split(), "min-char-rnn"}
    assert {"rnncamp", "train", "autograd"} <= set(together.split())


@pytest.mark.slow
def test_the_peers_of_every_cell_compute_the_same():
    cells = lines(CELLS)
    assert len(cells) == 5
    for peers in cells:
        assert {"rnncamp", "autograd"} <= set(peers.split())
