"""Simple English: agreement, exact probabilities, and the entropy against other ways to find it."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rnncamp_utils import phrases
from rnncamp_utils.phrases import SimpleEnglish

NUMBER = {
    word: number
    for kind in (phrases.NOUNS, phrases.TRANSITIVE, phrases.INTRANSITIVE)
    for number, words in kind.items()
    for word in words
}
NOUNS = set(sum(phrases.NOUNS.values(), []))
VERBS = set(NUMBER) - NOUNS
DEPTHS = (0, 1, 2, 3)


def check_agreement(sentence):
    """Follow a sentence with a stack of subjects that wait for their verbs; return its height."""
    waiting, deepest = [], 0
    for t, word in enumerate(sentence):
        if word in NOUNS:
            determiner_of = sentence[t - 2] if t > 1 else "that"
            if determiner_of == "that":  # a subject; after a verb it is an object
                waiting.append(NUMBER[word])
            noun = word
        elif word in VERBS:
            subject = NUMBER[noun] if sentence[t - 1] == "that" else waiting.pop()
            assert NUMBER[word] == subject, " ".join(sentence)
        deepest = max(deepest, len(waiting))
    assert not waiting and sentence[-1] == "."
    return deepest


@pytest.mark.parametrize("depth", DEPTHS)
def test_verbs_agree_with_their_subjects_across_clauses(depth):
    deepest = {
        check_agreement(s) for s in SimpleEnglish(depth).sentences(np.random.default_rng(0), 3000)
    }
    assert deepest == set(range(1, depth + 2))


@settings(deadline=None, max_examples=20)
@given(st.integers(0, 10_000), st.sampled_from(DEPTHS))
def test_rows_are_distributions_that_allow_what_comes(seed, depth):
    grammar = SimpleEnglish(depth)
    ids = grammar.encode(sum(grammar.sentences(np.random.default_rng(seed), 10), []))
    p = grammar.next_symbol_probabilities(ids)
    assert np.all(p >= 0) and np.allclose(p.sum(axis=1), 1, rtol=0, atol=1e-12)
    assert np.all(p[np.arange(len(ids) - 1), ids[1:]] > 0)


@settings(deadline=None, max_examples=20)
@given(st.integers(0, 10_000))
def test_letters_and_words_give_a_text_the_same_probability(seed):
    grammar, rng = SimpleEnglish(), np.random.default_rng(seed)
    sentences = grammar.sentences(rng, 8)
    text = "".join(" ".join(sentence) + "\n" for sentence in sentences)
    ids = grammar.encode(sum(sentences, []))
    words = grammar.next_symbol_probabilities(ids)
    letters = grammar.next_character_probabilities(text)
    assert np.allclose(letters.sum(axis=1), 1, rtol=0, atol=1e-12)
    # From the second word on: the first one's own probability is in neither.
    begins = len(sentences[0][0])
    places = [grammar.characters.index(c) for c in text]
    of_letters = np.log(letters[np.arange(len(text) - 1), places[1:]])[begins:].sum()
    of_words = np.log(words[np.arange(len(ids) - 1), ids[1:]]).sum()
    assert of_letters == pytest.approx(of_words, abs=1e-9)


def all_sentences(plan):
    """Yield (words, probability) of each sentence that `plan` can become."""
    if not plan:
        yield (), 1.0
        return
    for word, (p, after) in phrases.choices(plan).items():
        for words, q in all_sentences(after):
            yield (word, *words), p * q


@pytest.mark.parametrize("depth", [0, 1])
def test_the_entropy_is_that_of_all_sentences(monkeypatch, depth):
    for kind in (phrases.NOUNS, phrases.TRANSITIVE, phrases.INTRANSITIVE):
        for number, words in kind.items():
            monkeypatch.setitem(kind, number, words[: 2 if number == "plural" else 1])
    start = ((phrases.noun_phrase, depth, phrases.predicate), (phrases.end,))
    sentences = list(all_sentences(start))
    p = np.array([p for _, p in sentences])
    words = np.array([len(s) for s, _ in sentences])
    letters = np.array([len(" ".join(s)) + 1 for s, _ in sentences])
    assert p.sum() == pytest.approx(1, abs=1e-12)
    assert len({s for s, _ in sentences}) == len(sentences) >= 70
    bits = -p @ np.log2(p)
    expected = bits / (p @ words), bits / (p @ letters)
    assert SimpleEnglish(depth).entropy() == pytest.approx(expected, rel=1e-12)


def test_the_information_of_a_long_text_is_near_the_entropy():
    grammar = SimpleEnglish()
    sentences = grammar.sentences(np.random.default_rng(0), 20_000)
    ids = grammar.encode(sum(sentences, []))
    p = grammar.next_symbol_probabilities(ids)
    bits = -np.log2(p[np.arange(len(ids) - 1), ids[1:]])
    per_word, per_character = grammar.entropy()
    assert bits.mean() == pytest.approx(per_word, abs=0.01)
    characters = sum(len(word) + 1 for sentence in sentences for word in sentence)
    assert bits.sum() / characters == pytest.approx(per_character, abs=0.002)


def test_text_is_the_sentences_a_line_each():
    grammar = SimpleEnglish()
    text = grammar.text(np.random.default_rng(1), 30)
    sentences = grammar.sentences(np.random.default_rng(1), 30)
    assert [line.split() for line in text.splitlines()] == sentences
    assert text.endswith(" .\n") and set(text) <= set(grammar.characters)


def test_a_clause_comes_as_often_as_stated():
    sentences = SimpleEnglish(1).sentences(np.random.default_rng(0), 10_000)
    after_first_noun = np.mean([s[2] == "that" for s in sentences])
    assert after_first_noun == pytest.approx(phrases.RELATIVE_CLAUSE, abs=0.02)


def test_what_the_grammar_cannot_make_is_named():
    grammar = SimpleEnglish(1)
    with pytest.raises(ValueError, match="'robot' at position 1"):
        grammar.encode(["the", "robot"])
    with pytest.raises(ValueError, match="'barks' at position 2"):
        grammar.next_symbol_probabilities(grammar.encode(["the", "dogs", "barks"]))
    with pytest.raises(ValueError, match="'barks' up to position 13"):
        grammar.next_character_probabilities("the dogs barks ")
    with pytest.raises(ValueError, match="'dox' up to position 6"):
        grammar.next_character_probabilities("the dox")
    with pytest.raises(ValueError, match="depth is -1"):
        SimpleEnglish(-1)


def test_nothing_read_gives_no_rows():
    grammar = SimpleEnglish(0)
    assert grammar.next_symbol_probabilities([]).shape == (0, len(grammar.symbols))
    assert grammar.next_character_probabilities("").shape == (0, len(grammar.characters))
