"""Language models by counting: n-grams with Witten–Bell or interpolated Kneser–Ney smoothing.

All counting is sorting. A gram of L symbols is the number of its first L − 1 symbols, as a gram of
their own, times V, plus its last symbol; so equal grams have equal keys, and the grams that go on
from one context lie side by side in the sorted keys.
"""

from typing import NamedTuple

import numpy as np


class _Level(NamedTuple):
    """All grams of one length L that the text has."""

    keys: np.ndarray  # (grams,), sorted: the context's place in the level before · V + last symbol
    share: np.ndarray  # (grams,): what the last symbol gets of its context's probability
    rest: np.ndarray  # (contexts,): what a context leaves to the context that is one shorter
    first: np.ndarray  # (contexts + 1,): where the grams of a context begin


def witten_bell(counts, contexts):
    """Return c(hw) / (c(h) + kinds(h)) for each gram hw: a new symbol is expected as often as one
    came in this context so far.

    `counts` (grams,) are the grams' counts, `contexts` (grams,) the number of each one's context.
    Source: Witten & Bell (1991), method C, interpolated as by Chen & Goodman (1999), section 2.5.
    """
    total, kinds = np.bincount(contexts, counts), np.bincount(contexts)
    return counts / (total + kinds)[contexts]


def kneser_ney(counts, contexts):
    """Return max(c(hw) − d, 0) / c(h) for each gram hw: each count is discounted by the same d.

    d = n₁ / (n₁ + 2 n₂), where n₁ and n₂ grams have the counts 1 and 2; 0.5 where there are none.
    Arguments as in `witten_bell`. Source: Kneser & Ney (1995), interpolated, with one discount for
    each length of gram (not the modified form of Chen & Goodman 1999, which has three).
    """
    once, twice = (counts == 1).sum(), (counts == 2).sum()
    discount = once / (once + 2 * twice) if once and twice else 0.5
    total = np.bincount(contexts, counts)
    # A gram that only begins the text follows nothing: Kneser and Ney count it as 0.
    return np.maximum(counts - discount, 0) / np.maximum(total, 1)[contexts]


SMOOTHINGS = {"witten-bell": witten_bell, "kneser-ney": kneser_ney}


class NGramModel:
    """P(next symbol | the last `order` − 1 symbols), from the counts of a text.

    `ids` (n,) is the text, integers below `symbols`, the size V of the vocabulary. Whatever a
    context's own counts leave goes to the context that is one symbol shorter, and at last to the
    uniform distribution, so that no symbol of the vocabulary has probability 0. `smoothing` is
    "kneser-ney" (shorter contexts count in how many different places a gram stands, not how
    often) or "witten-bell". Raises ValueError for anything else, and for a text shorter than
    `order`.
    """

    def __init__(self, ids, order, symbols, smoothing="kneser-ney"):
        if smoothing not in SMOOTHINGS:
            known = ", ".join(SMOOTHINGS)
            raise ValueError(f"unknown smoothing {smoothing!r}: the known ones are {known}")
        ids = _checked(ids, symbols)
        if not 1 <= order <= len(ids):
            raise ValueError(
                f"order is {order}, but it must be from 1 to the length of the text, {len(ids)}"
            )
        self.order, self.symbols = order, symbols
        grams = _count(ids, order, symbols)
        if smoothing == "kneser-ney":
            # Each longer gram is one more place for its last L symbols to stand in.
            for (keys, counts, _), (_, _, suffixes) in zip(grams, grams[1:]):
                counts[:] = np.bincount(suffixes, minlength=len(keys))
        self._levels, contexts = [], 1
        for keys, counts, _ in grams:
            self._levels.append(_level(keys, counts, contexts, symbols, SMOOTHINGS[smoothing]))
            contexts = len(keys)

    def probabilities(self, ids):
        """Return P(ids[t] | the symbols before it in `ids`), (n,)."""
        ids = _checked(ids, self.symbols)
        p = np.full(len(ids), 1 / self.symbols)
        for level, contexts, grams in self._walk(ids):
            p = np.where(contexts < 0, p, p * level.rest[contexts])
            p += np.where(grams < 0, 0, level.share[grams])
        return p

    def next_symbol_probabilities(self, ids):
        """Return P(next symbol | all symbols so far), (n, V): row t follows ids[t]."""
        ids = _checked(ids, self.symbols)
        p = np.full((len(ids), self.symbols), 1 / self.symbols)
        endings = np.zeros(len(ids), np.int64)  # the gram that ends with ids[t]; at first, empty
        for level, _, grams in self._walk(ids):
            rows = np.flatnonzero(endings >= 0)
            known = endings[rows]
            p[rows] *= level.rest[known, None]
            # The grams that go on from a context are a run, from its first one on.
            sizes = level.first[known + 1] - level.first[known]
            starts = level.first[known] - np.cumsum(sizes) + sizes
            followers = np.arange(sizes.sum()) + np.repeat(starts, sizes)
            p[np.repeat(rows, sizes), level.keys[followers] % self.symbols] += (
                level.share[followers]
            )
            endings = grams
        return p

    def _walk(self, ids):
        """Yield (level, contexts, grams) from short to long: the place of the context before each
        symbol, and of the gram that ends with it; −1 for those the model has not seen."""
        contexts = np.zeros(len(ids), np.int64)
        for level in self._levels:
            grams = self._find(level, contexts, ids)
            yield level, contexts, grams
            contexts = np.concatenate([[-1], grams[:-1]])

    def _find(self, level, contexts, ids):
        """Return the places of the grams (context, symbol) in `level`, −1 for those it lacks."""
        keys = contexts * self.symbols + ids
        places = np.minimum(np.searchsorted(level.keys, keys), len(level.keys) - 1)
        return np.where((contexts >= 0) & (level.keys[places] == keys), places, -1)


def _count(ids, order, symbols):
    """Return (keys, counts, suffixes) of the grams of 1 … `order` symbols.

    A gram's suffix is the gram without its first symbol, as its place among the shorter grams.
    """
    grams, shorter = [], np.zeros(len(ids) + 1, np.int64)  # before each symbol: the empty gram
    for length in range(1, order + 1):
        # shorter[i] is the gram of length − 1 symbols that begins at i.
        keys, places, counts = np.unique(
            shorter[: len(ids) - length + 1] * symbols + ids[length - 1 :],
            return_inverse=True, return_counts=True,
        )
        suffixes = np.empty_like(keys)
        suffixes[places] = shorter[1 : len(places) + 1]
        grams.append((keys, counts, suffixes))
        shorter = places
    return grams


def _level(keys, counts, contexts, symbols, smoothing):
    """Return the `_Level` of these grams after `contexts` shorter ones."""
    context = keys // symbols
    share = smoothing(counts, context)
    rest = 1 - np.bincount(context, share, contexts)
    return _Level(keys, share, rest, np.searchsorted(context, np.arange(contexts + 1)))


def _checked(ids, symbols):
    """Return `ids` as integers (n,); ValueError for symbols that are none."""
    ids = np.asarray(ids)
    if ids.ndim != 1 or not np.issubdtype(ids.dtype, np.integer):
        raise ValueError(f"a text is integers of shape (n,), not {ids.dtype} of {ids.shape}")
    if len(ids) and not 0 <= ids.min() <= ids.max() < symbols:
        place = np.flatnonzero((ids < 0) | (ids >= symbols))[0]
        raise ValueError(
            f"symbol {ids[place]} at position {place} is outside the vocabulary: those are 0 to "
            f"{symbols - 1}"
        )
    return ids.astype(np.int64)
