"""How much faster is a training step with classes of words than with one softmax over all words?

    python benchmarks/class_softmax.py

Words come as often as in a text, by Zipf's law. The readout alone is what is left when the time of
a network with two outputs is taken away. Median CPU times.
"""

# ruff: noqa: E402 (the environment has to be set before NumPy is loaded)
import os

os.environ["OPENBLAS_NUM_THREADS"] = "1"

import sys
import time
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from rnncamp_utils.batches import Batch
from rnncamp_utils.class_softmax import ClassNetwork
from rnncamp_utils.network import Network

H, B, T, ROUNDS = 128, 32, 25, 15


def seconds(network, batch):
    """Return the median CPU time of `loss_and_grad`."""
    theta = network.initial(np.random.default_rng(0))
    objective, times = network.objective(batch), []
    objective.loss_and_grad(theta)
    for _ in range(ROUNDS):
        begin = time.process_time()
        objective.loss_and_grad(theta)
        times.append(time.process_time() - begin)
    return np.median(times)


def main():
    print("| V | classes | step, all words (ms) | step, classes (ms) | step | readout |")
    print("|---|---|---|---|---|---|")
    for V in (1000, 3000, 10_000):
        rng = np.random.default_rng(0)
        chances = 1 / np.arange(1, V + 1)
        x, y = rng.choice(V, (2, T, B), p=chances / chances.sum())
        factored = ClassNetwork(1e6 * chances, H)
        full, few = seconds(Network(V, H, V), Batch(x, y)), seconds(factored, Batch(x, y))
        rest = seconds(Network(V, H, 2), Batch(x, y % 2))
        C = factored.classes.max() + 1
        print(f"| {V:,} | {C} | {1e3 * full:.1f} | {1e3 * few:.1f} | {full / few:.1f} times "
              f"| {(full - rest) / (few - rest):.1f} times |")


if __name__ == "__main__":
    main()
