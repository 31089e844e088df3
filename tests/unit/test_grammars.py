"""Grammars: exact probabilities against brute force, and Elman's language."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rnncamp_utils.grammars import TemplateGrammar, elman_1990, words_as_templates


def sentences_with_chances(grammar):
    for template in grammar.templates:
        for words in itertools.product(*template):
            yield words, np.prod([1 / len(slot) for slot in template]) / len(grammar.templates)


def prefix_chance(grammar, stream):
    """P(the stream begins with these words), by trying every way to cut it into sentences."""
    if not stream:
        return 1.0
    total = 0.0
    for words, chance in sentences_with_chances(grammar):
        n = min(len(words), len(stream))
        if words[:n] == tuple(stream[:n]):
            total += chance * prefix_chance(grammar, stream[n:])
    return total


AMBIGUOUS = [
    TemplateGrammar([["a", "b"], ["a"], ["b", "ab"]]),  # slots are strings of one-letter words
    words_as_templates(["ab", "a", "ba", "abb"]),
]


@pytest.mark.parametrize("grammar", AMBIGUOUS)
def test_probabilities_are_those_of_all_ways_to_cut_the_stream(grammar):
    rng = np.random.default_rng(0)
    stream = sum(grammar.sentences(rng, 4), [])[:6]
    exact = grammar.next_symbol_probabilities(grammar.encode(stream))
    for t in range(len(stream)):
        before = prefix_chance(grammar, stream[: t + 1])
        for i, word in enumerate(grammar.symbols):
            brute = prefix_chance(grammar, [*stream[: t + 1], word]) / before
            assert exact[t, i] == pytest.approx(brute, abs=1e-14)


@given(st.integers(0, 10_000))
@settings(max_examples=30, deadline=None)
def test_rows_are_distributions_that_allow_what_comes(seed):
    grammar = elman_1990()
    ids = grammar.encode(sum(grammar.sentences(np.random.default_rng(seed), 20), []))
    p = grammar.next_symbol_probabilities(ids)
    assert np.all(p >= 0) and np.allclose(p.sum(axis=1), 1, rtol=0, atol=1e-12)
    assert np.all(p[np.arange(len(ids) - 1), ids[1:]] > 0)


def test_long_samples_have_the_exact_frequencies():
    grammar = elman_1990()
    ids = grammar.encode(sum(grammar.sentences(np.random.default_rng(0), 4000), []))
    p = grammar.next_symbol_probabilities(ids[:-1])
    counted = np.bincount(ids[1:], minlength=29) / (len(ids) - 1)
    # The mean prediction is the frequency, up to sampling errors of about 1/√11,000.
    assert np.abs(p.mean(axis=0) - counted).max() < 0.02


def test_elmans_language_has_his_numbers():
    grammar = elman_1990()
    assert len(grammar.symbols) == 29
    assert len(grammar.templates) == 16
    assert {len(template) for template in grammar.templates} == {2, 3}
    sentences = {tuple(s) for s in grammar.sentences(np.random.default_rng(0), 5000)}
    assert ("woman", "smash", "plate") in sentences
    assert not any(s[0] in ("glass", "cookie", "eat") for s in sentences)


def test_the_same_seed_writes_the_same_sentences():
    one, other = (elman_1990().sentences(np.random.default_rng(3), 50) for _ in range(2))
    assert one == other


def test_an_unknown_word_and_an_impossible_stream_are_named():
    grammar = elman_1990()
    with pytest.raises(ValueError, match="'robot' at position 1"):
        grammar.encode(["man", "robot"])
    with pytest.raises(ValueError, match="'eat' at position 0"):
        grammar.next_symbol_probabilities(grammar.encode(["eat"]))
