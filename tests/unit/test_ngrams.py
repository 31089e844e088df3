"""Counting n-grams: against the formulas spelled out with dictionaries, and on real text."""

from collections import Counter, defaultdict

import numpy as np
import pytest
from helpers import ROOT
from hypothesis import given, settings
from hypothesis import strategies as st

from rnncamp_utils import ngrams
from rnncamp_utils.corpora import Vocabulary, read_text, split
from rnncamp_utils.ngrams import NGramModel

TINY_SHAKESPEARE = ROOT.parent / "shared" / "corpora" / "tinyshakespeare.txt"
V = 4
TEXTS = st.lists(st.integers(0, V - 1), min_size=1, max_size=60)


def counts_of(text, length):
    grams = (tuple(text[i : i + length]) for i in range(len(text) - length + 1))
    return Counter(grams)


def places_of(text, length):
    """In how many different places each gram stands: the symbols that come before it."""
    before = defaultdict(set)
    for gram in counts_of(text, length + 1):
        before[gram[1:]].add(gram[0])
    return Counter({gram: len(symbols) for gram, symbols in before.items()})


def plain_witten_bell(text, order, context, symbol):
    if order == 0:
        return 1 / V
    order = min(order, len(context) + 1)  # where a text begins, less is known
    context = context[len(context) - order + 1 :]
    shorter = plain_witten_bell(text, order - 1, context[1:], symbol)
    counts = counts_of(text, order)
    total = sum(counts[(*context, w)] for w in range(V))
    kinds = sum(counts[(*context, w)] > 0 for w in range(V))
    if total == 0:
        return shorter
    return (counts[(*context, symbol)] + kinds * shorter) / (total + kinds)


def plain_kneser_ney(text, order, context, symbol, longest=None):
    if order == 0:
        return 1 / V
    longest = longest or order
    order = min(order, len(context) + 1)
    context = context[len(context) - order + 1 :]
    shorter = plain_kneser_ney(text, order - 1, context[1:], symbol, longest)
    counts = (counts_of if order == longest else places_of)(text, order)
    once, twice = (sum(c == n for c in counts.values()) for n in (1, 2))
    d = once / (once + 2 * twice) if once and twice else 0.5
    total = sum(counts[(*context, w)] for w in range(V))
    kinds = sum(counts[(*context, w)] > 0 for w in range(V))
    if total == 0:
        return shorter
    return (max(counts[(*context, symbol)] - d, 0) + d * kinds * shorter) / total


PLAIN = {"witten-bell": plain_witten_bell, "kneser-ney": plain_kneser_ney}


@pytest.mark.parametrize("smoothing", PLAIN)
@settings(deadline=None, max_examples=60)
@given(data=st.data(), text=TEXTS)
def test_probabilities_are_those_of_the_formula(smoothing, data, text):
    order = data.draw(st.integers(1, min(4, len(text))))
    heard = data.draw(st.lists(st.integers(0, V - 1), max_size=6))
    model = NGramModel(text, order, V, smoothing)
    expected = [PLAIN[smoothing](text, order, tuple(heard), w) for w in range(V)]
    found = [model.probabilities([*heard, w])[-1] for w in range(V)]
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-12)


@pytest.mark.parametrize("smoothing", PLAIN)
@settings(deadline=None, max_examples=60)
@given(data=st.data(), text=TEXTS, heard=TEXTS)
def test_rows_are_distributions_and_hold_the_probabilities(smoothing, data, text, heard):
    model = NGramModel(text, data.draw(st.integers(1, min(5, len(text)))), V, smoothing)
    rows = model.next_symbol_probabilities(heard)
    assert rows.shape == (len(heard), V)
    assert np.all(rows > 0) and np.allclose(rows.sum(axis=1), 1, rtol=0, atol=1e-12)
    chosen = rows[np.arange(len(heard) - 1), heard[1:]]
    np.testing.assert_allclose(chosen, model.probabilities(heard)[1:], rtol=0, atol=1e-14)


def test_a_large_vocabulary_of_long_grams_does_not_overflow():
    ids = np.random.default_rng(0).integers(0, 50_000, 3000)
    model = NGramModel(ids, 9, 50_000)  # 50,000⁹ is far above what an integer holds
    assert np.all(model.probabilities(ids)[9:] > 0.01)


@pytest.mark.parametrize(
    "arguments, message",
    [
        (([0, 1], 0, 2), "order is 0"),
        (([0, 1], 3, 2), "order is 3, .* length of the text, 2"),
        (([0, 2], 1, 2), "symbol 2 at position 1"),
        (([0, -1], 1, 2), "symbol -1 at position 1"),
        (([0.0, 1.0], 1, 2), "float64"),
        (([[0, 1]], 1, 2), r"\(1, 2\)"),
        (([0, 1], 1, 2, "laplace"), "'laplace': .* witten-bell, kneser-ney"),
    ],
)
def test_what_cannot_be_counted_is_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        NGramModel(*arguments)


def test_an_unknown_symbol_in_a_tested_text_is_named():
    model = NGramModel([0, 1, 1], 2, 2)
    for ask in (model.probabilities, model.next_symbol_probabilities):
        with pytest.raises(ValueError, match="symbol 5 at position 2"):
            ask([0, 1, 5])


@pytest.mark.skipif(not TINY_SHAKESPEARE.exists(), reason="there is no shared/corpora beside us")
@pytest.mark.parametrize(
    "smoothing, order, bits",
    [("kneser-ney", 5, 2.278), ("kneser-ney", 6, 2.248), ("witten-bell", 5, 2.408)],
)
def test_bits_per_character_on_tiny_shakespeare(smoothing, order, bits):
    text = read_text(TINY_SHAKESPEARE)
    vocabulary = Vocabulary(text)
    training, held_out = split(vocabulary.encode(text))
    p = NGramModel(training, order, len(vocabulary), smoothing).probabilities(held_out)
    assert -np.log2(p).mean() == pytest.approx(bits, abs=0.001)


def test_shares_are_what_the_papers_formulas_give():
    # Context 0 has counts 3 and 1, context 1 has a 2: n₁ = 1, n₂ = 1, so d = 1/3.
    counts, contexts = np.array([3, 1, 2]), np.array([0, 0, 1])
    np.testing.assert_allclose(ngrams.witten_bell(counts, contexts), [3 / 6, 1 / 6, 2 / 3])
    np.testing.assert_allclose(
        ngrams.kneser_ney(counts, contexts), [8 / 12, 2 / 12, 5 / 6], rtol=1e-12
    )
