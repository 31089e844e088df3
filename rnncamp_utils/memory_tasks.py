"""Two small tasks of pure memory: say again what came some steps ago, and hold the first symbol."""

import numpy as np

from .batches import Batch, answered_last

SYMBOLS = 4  # that have to be remembered


def echo(rng, length, sequences, lag):
    """Return the echo task: at each step, say which symbol came `lag` steps ago.

    x, y: symbols below 4, (length, sequences); the first `lag` targets weigh nothing. Who does not
    remember pays ln 4 nats. Raises ValueError unless 0 < lag < length.
    """
    if not 0 < lag < length:
        raise ValueError(f"the lag is {lag}, the length {length}: give a lag from 1 to length − 1")
    x = rng.integers(0, SYMBOLS, (length, sequences))
    y, weights = np.zeros_like(x), np.zeros(x.shape)
    y[lag:], weights[lag:] = x[:-lag], 1.0
    return Batch(x, y, weights)


def hold(rng, length, sequences):
    """Return the hold task: at the last step, say which symbol came first.

    x: symbols (length, sequences), the first below 4, all others, noise, from 4 to 7; y: the first,
    asked for at the last step. Source: a small form of Bengio, Simard & Frasconi (1994), latching.
    Raises ValueError below 2 steps.
    """
    if length < 2:
        raise ValueError(f"the length is {length}, but something must lie between: at least 2")
    x = rng.integers(SYMBOLS, 2 * SYMBOLS, (length, sequences))
    x[0] -= SYMBOLS
    return answered_last(x, x[0])
