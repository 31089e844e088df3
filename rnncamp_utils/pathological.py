"""Hard tasks: the answer depends on a few symbols, long ago.

Each is a function of a random generator, the length T and the number of sequences B, and returns a
`Batch`; only steps of weight above 0 have an answer to give. Each has a function that says which
sequences were solved, (B,), from the batch and the outputs (T, B, K).

Sources: H&S is Hochreiter & Schmidhuber (1997), "Long short-term memory"; M&S is Martens &
Sutskever (2011), "Learning recurrent neural networks with Hessian-free optimization", who measure
positions in parts of T. Where M&S draw the length from T to 1.1·T, it is T here.
"""

import numpy as np

from .batches import Batch, answered_last

DISTRACTORS, X, Y = 4, 4, 5  # temporal order: symbols 0 to 3 mean nothing, 4 is X and 5 is Y
PERMUTED = 100  # random permutation: the size of the vocabulary


def adding(rng, length, sequences):
    """Return the adding problem: the sum of the two numbers that are marked.

    x (T, B, 2): a number from 0 to 1 and a marker, 0 or 1; y (T, B, 1), asked for at the last step.
    The first marker stands in the first tenth, the second after it in the first half.
    Source: H&S, experiment 4, with numbers from 0 to 1 instead of −1 to 1, as in M&S.
    """
    return _marked(rng, length, rng.random((length, sequences)), np.add)


def multiplication(rng, length, sequences):
    """Return the adding problem with the product in place of the sum. Source: H&S, experiment 5."""
    return _marked(rng, length, rng.random((length, sequences)), np.multiply)


def xor(rng, length, sequences):
    """Return the adding problem with bits and their exclusive or, 0 or 1. Source: M&S."""
    bits = rng.integers(0, 2, (length, sequences)).astype(float)
    return _marked(rng, length, bits, np.not_equal)


def adding_baseline():
    """Return the least mean squared error of an answer that ignores the inputs, 1/6.

    The best such answer is the mean of the sum, 1; its error is the variance of the sum of two
    independent numbers, each uniform from 0 to 1, of variance 1/12.
    """
    return 2 / 12


def within(batch, outputs, limit=0.04):
    """Return which last answers, (B,), are less than `limit` away from the target.

    0.04 is the number of H&S and of M&S for adding and multiplication; H&S scale the sum to 0 … 1,
    so theirs is 0.08 here. For XOR it is ours: M&S's program asks for the side of ½. A run has
    solved the task when less than 1 % of new sequences are wrong (M&S).
    """
    return np.abs(outputs[-1] - batch.y[-1]).max(axis=-1) < limit


def temporal_order(rng, length, sequences, markers=2):
    """Return the temporal order problem: which of X and Y came at each of 2 or 3 places?

    x: symbols (T, B), 4 distractors, 4 for X and 5 for Y; y: one of 2**markers classes, asked for
    at the last step; XX, XY, YX, YY are 0 to 3. Two markers stand from T/10 to 2T/10 and from 5T/10
    to 6T/10; three from T/10, 3T/10 and 6T/10, each in the tenth that follows.
    Source: H&S, experiments 6a and 6b, without their start and end symbols; places as in Pascanu,
    Mikolov & Bengio (2013).
    Raises ValueError for another number of markers, and below 10 steps.
    """
    if markers not in (2, 3):
        raise ValueError(f"markers is {markers}, but this task has 2 or 3")
    _check_length(length, 10)
    symbols = rng.integers(0, DISTRACTORS, (length, sequences))
    answer = np.zeros(sequences, int)
    for tenth in ((1, 5) if markers == 2 else (1, 3, 6)):
        place = rng.integers(tenth * length // 10, (tenth + 1) * length // 10, sequences)
        bit = rng.integers(0, 2, sequences)
        symbols[place, np.arange(sequences)] = np.where(bit, Y, X)
        answer = 2 * answer + bit
    return answered_last(symbols, answer)


def random_permutation(rng, length, sequences):
    """Return the random permutation problem: the first symbol comes again at the end.

    x: symbols (T, B) below 100. The first is 0 or 1, all others are drawn anew from 2 to 99; y is
    the first, asked for at the last step. Source: M&S, after H&S, experiment 2b; M&S's program asks
    for the next symbol at every step and counts the last one only.
    Raises ValueError below 2 steps.
    """
    _check_length(length, 2)
    symbols = rng.integers(2, PERMUTED, (length, sequences))
    symbols[0] = rng.integers(0, 2, sequences)
    return answered_last(symbols, symbols[0])


def last_right(batch, outputs):
    """Return which sequences, (B,), have their largest last output at the right class.

    M&S's criterion for temporal order and random permutation: less than 1 % of new ones wrong.
    """
    return outputs[-1].argmax(axis=-1) == batch.y[-1]


def memorization(rng, delay, sequences, alphabet, symbols):
    """Return noiseless memorization: say `symbols` symbols again, in order, after a delay.

    x: symbols (T, B), T = delay + 2·symbols. First come the symbols, below `alphabet`, then blanks
    (`alphabet`), at the last of the `delay` steps a cue (`alphabet` + 1), and blanks again. y:
    blanks until the cue, then the symbols. All steps count. Sources: M&S; Jaeger (2012), "Long
    short-term memory in echo state networks: details of a simulation study".
    Raises ValueError for a delay below 1, which has no step for the cue, and without symbols.
    """
    _check_length(delay, 1, "delay")
    if alphabet < 1 or symbols < 1:
        raise ValueError(f"alphabet is {alphabet}, symbols {symbols}: both must be at least 1")
    shown = rng.integers(0, alphabet, (symbols, sequences))
    x = np.full((delay + 2 * symbols, sequences), alphabet)
    y = x.copy()
    x[:symbols] = y[-symbols:] = shown
    x[symbols + delay - 1] = alphabet + 1
    return Batch(x, y)


def five_bits(rng, delay, sequences):
    """Return `memorization` of 5 bits: 4 inputs, 3 outputs. Source: Jaeger (2012)."""
    return memorization(rng, delay, sequences, alphabet=2, symbols=5)


def twenty_bits(rng, delay, sequences):
    """Return `memorization` of 10 of 5 symbols: 7 inputs, 6 outputs. Source: M&S; Jaeger (2012)."""
    return memorization(rng, delay, sequences, alphabet=5, symbols=10)


def copying(rng, delay, sequences):
    """Return `memorization` of 10 of 8 symbols: 10 inputs, 9 outputs.

    Without memory the best loss is 10·ln 8 / (delay + 20). Source: Arjovsky, Shah & Bengio (2016).
    """
    return memorization(rng, delay, sequences, alphabet=8, symbols=10)


def all_right(batch, outputs):
    """Return which sequences, (B,), have the largest output at the right class in every step.

    M&S's criterion for memorization: less than 1 % of new sequences wrong.
    """
    return (outputs.argmax(axis=-1) == batch.y).all(axis=0)


def _marked(rng, length, values, combine):
    """Return the batch whose answer combines the two values of each sequence that are marked."""
    _check_length(length, 4)
    everyone = np.arange(values.shape[1])
    border, half = max(1, length // 10), length // 2
    places = rng.integers(0, border, everyone.size), rng.integers(border, half, everyone.size)
    markers = np.zeros_like(values)
    for place in places:
        markers[place, everyone] = 1.0
    answer = combine(*(values[place, everyone] for place in places)).astype(float)
    return answered_last(np.stack([values, markers], axis=-1), answer[:, None])


def _check_length(length, least, what="length"):
    if length < least:
        raise ValueError(f"the {what} is {length}, but this task needs at least {least} steps")
