"""Networks and n-grams as language models: scores, mixtures, samples, and Mikolov's schedule."""

from copy import deepcopy
from math import ceil
from typing import NamedTuple

import numpy as np

from .batches import Batch
from .losses import softmax
from .training import State, evaluate, last, train


class Score(NamedTuple):
    """How well a model predicts a text: the lower, the better."""

    bits_per_symbol: float
    perplexity: float  # 2 to the bits per symbol: as unsure as between so many equal choices
    bits_per_character: float


def score(p, characters=None, spelling_bits=0):
    """Return the `Score` of a text whose symbols had the probabilities `p`, (n,).

    `characters` is the text's length in characters, for symbols that are not characters themselves.
    `spelling_bits` is what spelling the unknown symbols costs besides, as
    `corpora.OpenVocabulary.spelling_bits` counts it. Raises ValueError for an empty text.
    """
    characters = len(p) if characters is None else characters
    if len(p) == 0 or not characters > 0:
        raise ValueError(
            f"there are {len(p)} probabilities and {characters} characters: a score needs some"
        )
    with np.errstate(divide="ignore"):  # a probability of 0 costs infinitely many bits
        bits = float(-np.log2(p).sum()) + spelling_bits
    per_symbol = bits / len(p)
    return Score(per_symbol, float(np.exp2(per_symbol)), bits / characters)


def next_symbol_probabilities(network, theta, ids, window=1000):
    """Yield P(next symbol | all so far), (up to `window`, V) at a time: a row for each of `ids`.

    The state is carried from window to window, so memory stays small.
    Raises ValueError for a bidirectional network.
    """
    _check_direction(network)
    x, state = np.asarray(ids)[:, None], None
    for t in range(0, len(x), window):
        a, tape = network.forward(theta, x[t : t + window], state)
        state = tape.end
        yield softmax(a[:, 0].astype(np.float64))


def probabilities(network, theta, ids):
    """Return P(ids[t] | the symbols before it) from the second on, (n − 1,).

    The first symbol has none, for a network answers only what it was given; so these are an
    n-gram model's `probabilities(ids)[1:]`.
    """
    ids, found, t = np.asarray(ids), [np.empty(0)], 1
    for rows in next_symbol_probabilities(network, theta, ids[:-1]):
        found.append(rows[np.arange(len(rows)), ids[t : t + len(rows)]])
        t += len(rows)
    return np.concatenate(found)


def mixture_weights(p, tolerance=1e-6):
    """Return the weights λ (M,) with which M models predict a text best together: Σ λ = 1.

    `p` (M, n) holds each model's probabilities of the text, which should be one that no model was
    trained on. The mixture is `λ @ p`; that of whole distributions is as well, with p (M, V).
    Expectation-maximization: λ becomes each model's mean share in what was predicted, until no λ
    changes by `tolerance`. Source: Jelinek & Mercer (1980).
    Raises ValueError for a symbol that no model can predict.
    """
    p = np.asarray(p, np.float64)
    if not p.any(axis=0).all():
        place = np.flatnonzero(~p.any(axis=0))[0]
        raise ValueError(f"no model gives the symbol at position {place} a probability above 0")
    weights, change = np.full(len(p), 1 / len(p)), 1.0
    while change > tolerance:
        new = (weights * (p / (weights @ p)).T).mean(axis=0)
        weights, change = new, np.abs(new - weights).max()
    return weights


def sample(network, theta, rng, n, prime, temperature=1.0):
    """Return `n` symbols, integers (n,), that go on from the symbols `prime`.

    The state is carried, so each symbol costs one step of the network, however many came before.
    `temperature` divides the outputs: below 1 the likely becomes likelier; 0 always takes the
    likeliest. Raises ValueError for an empty `prime`, for a temperature below 0 and for a
    bidirectional network.
    """
    _check_direction(network)
    if len(prime) == 0:
        raise ValueError("prime is empty: give at least one symbol to go on from")
    if not temperature >= 0:
        raise ValueError(f"temperature is {temperature}, but it cannot be below 0")
    x, state, found = np.asarray(prime)[:, None], None, np.empty(n, np.intp)
    for i in range(n):
        a, tape = network.forward(theta, x, state)
        state = tape.end
        found[i] = _draw(a[-1, 0].astype(np.float64), rng, temperature)
        x = found[i].reshape(1, 1)
    return found


def _draw(a, rng, temperature):
    """Return a symbol drawn with the probabilities softmax(a / temperature)."""
    if temperature == 0:
        return a.argmax()
    sums = softmax((a - a.max()) / temperature).cumsum()
    return np.searchsorted(sums, rng.random() * sums[-1], side="right")


def dynamic_evaluation(network, theta, x, y, optimizer, window=20):
    """Return (mean loss, θ at the end) of a network that goes on learning while it is tested.

    `x` and `y` are T steps of B sequences, as for `training.evaluate`. Every `window` steps are
    predicted first and learned from afterwards, so no symbol is predicted by a network that has
    seen it. Source: Mikolov et al. (2010), "Recurrent neural network based language model".
    Raises `training.Diverged`, and ValueError for a bidirectional network.
    """
    _check_direction(network)

    def batches(rng, step):
        part = slice(step * window, (step + 1) * window)
        return Batch(x[part], y[part], fresh=step == 0)

    rng = np.random.default_rng(0).bit_generator.state
    start = State(0, theta, optimizer.memory(theta), rng)
    end = last(train(network, batches, optimizer, start, ceil(len(x) / window)))
    steps = np.minimum(window, len(x) - window * np.arange(end.step))
    return float(end.losses @ steps) / len(x), end.theta


def _check_direction(network):
    if network.bidirectional:
        raise ValueError(
            "a bidirectional network reads the very symbols that it should predict: use one that "
            "reads forwards only"
        )


class Epoch(NamedTuple):
    """What `halving` yields: the state after an epoch, its learning rate, its held-out loss."""

    state: State
    lr: float
    loss: float


def halving(network, batches, optimizer, x, y, epoch, seed=0):
    """Train until it helps no more: yield an `Epoch` after every `epoch` steps.

    When the loss on the held-out (x, y) falls by less than 0.3 %, the learning rate is halved, and
    from then on after every epoch; when it falls by less than that again, training stops. An epoch
    that made the loss worse is forgotten. `optimizer` itself stays as it is.
    Source: Mikolov et al. (2011), "RNNLM toolkit", with its factor of 1.003.
    """
    optimizer, state, best, halves = deepcopy(optimizer), None, np.inf, False
    while True:
        new = last(train(network, batches, optimizer, state, epoch, seed))
        loss = evaluate(network, new.theta, x, y)
        yield Epoch(new, optimizer.lr, loss)
        stalls = loss * 1.003 > best
        if stalls and halves:
            return
        halves = halves or stalls
        if loss < best:
            best, state = loss, new
        if halves:
            optimizer.lr /= 2
