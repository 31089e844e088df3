"""Tasks: from a random generator to a batch whose right answers are known."""

import numpy as np

from .batches import Batch


def temporal_xor(rng, length, sequences):
    """Return next-bit prediction on random pairs of bits, each followed by their XOR.

    x, y: symbols 0 and 1, (length, sequences). Two bits of three are chance; every third target,
    y[1], y[4], …, follows from the two bits before it. Source: Elman (1990), section "XOR".
    """
    triples = length // 3 + 1
    bits = rng.integers(0, 2, (triples, 2, sequences))
    stream = np.concatenate([bits, bits[:, :1] ^ bits[:, 1:]], axis=1).reshape(-1, sequences)
    return Batch(stream[:length], stream[1 : length + 1])


def sine(rng, length, sequences, period=25.0):
    """Return next-value prediction on sine waves of `period` steps that start at random phases.

    x, y: (length, sequences, 1), values between −1 and 1.
    """
    phases = rng.uniform(0, 2 * np.pi, sequences)
    wave = np.sin(2 * np.pi * np.arange(length + 1)[:, None] / period + phases)[..., None]
    return Batch(wave[:-1], wave[1:])
