"""What a network is shown at once, and windows that walk through a long sequence."""

from typing import NamedTuple, Optional

import numpy as np


class Batch(NamedTuple):
    """Inputs and targets of T steps of B sequences."""

    x: np.ndarray  # (T, B) symbols or (T, B, D)
    y: np.ndarray  # (T, B) symbols or (T, B, K)
    weights: Optional[np.ndarray] = None  # (T, B): how much each step counts; None: all alike
    fresh: bool = True  # False: the sequences go on where the last batch ended


def answered_last(x, answer):
    """Return the batch of inputs `x` that asks for `answer` (B, …) at the last step only."""
    y = np.zeros((len(x), *answer.shape), answer.dtype)
    y[-1] = answer
    weights = np.zeros(x.shape[:2])
    weights[-1] = 1.0
    return Batch(x, y, weights)


def windows(sequence, length, sequences=1):
    """Return a source of next-symbol batches for `training.train`.

    The `sequence`, (n,) symbols or (n, D) vectors, is cut into `sequences` tracks of equal length.
    All tracks are walked in step, `length` steps at a time; the recurrent state goes on from window
    to window and starts anew where the walk does. Targets are the inputs, one step later.
    Raises ValueError when the tracks are too short for one window, and for what is no numbers.
    """
    sequence = np.asarray(sequence)
    if sequence.ndim == 0 or sequence.dtype.kind not in "biuf":
        raise ValueError(
            "windows need numbers: symbols (n,) or vectors (n, D), not "
            f"{sequence.dtype} of shape {sequence.shape}. Encode a text with a Vocabulary first"
        )
    if length < 1 or sequences < 1:
        raise ValueError(f"length is {length}, sequences {sequences}: both must be at least 1")
    n = (len(sequence) - 1) // sequences
    if n < length:
        raise ValueError(
            f"the text has {len(sequence)} symbols, too few for {sequences} × {length} steps and "
            "one more as the last target: use a longer text, shorter windows or fewer sequences"
        )
    tracks = np.stack([sequence[b * n : b * n + n + 1] for b in range(sequences)], axis=1)

    def batches(rng, step):
        k = step % (n // length)
        part = tracks[k * length : (k + 1) * length + 1]
        return Batch(part[:-1], part[1:], fresh=k == 0)

    return batches


def side_by_side(ids, length):
    """Return inputs and targets, (T, B), of symbols cut into tracks of `length` steps or more.

    For scoring a text in one pass: targets are the inputs, one step later. What does not fill a
    step of all tracks is left out, fewer than B symbols; a shorter text is one track.
    """
    n = len(ids) - 1
    sequences = max(1, n // length)
    steps = n // sequences
    ends = steps * sequences
    return tuple(part.reshape(sequences, steps).T for part in (ids[:ends], ids[1 : ends + 1]))
