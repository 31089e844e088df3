"""Text to integers and back, and every kind of text that cannot be used."""

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rnncamp_utils import corpora
from rnncamp_utils.corpora import (
    UNKNOWN,
    OpenVocabulary,
    Vocabulary,
    book_prose,
    read_text,
    split,
    standard_library,
    words,
)


@settings(deadline=None, max_examples=100)
@given(st.text(min_size=1))
def test_characters_survive_a_round_trip(text):
    vocabulary = Vocabulary(text)
    ids = vocabulary.encode(text)
    assert ids.dtype == np.intp and ids.shape == (len(text),)
    assert set(ids) == set(range(len(vocabulary)))
    assert vocabulary.decode(ids) == text


@settings(deadline=None, max_examples=50)
@given(st.lists(st.text("abcä", min_size=1, max_size=3), min_size=1))
def test_words_survive_a_round_trip(words):
    vocabulary = Vocabulary(words)
    assert vocabulary.decode(vocabulary.encode(words)) == " ".join(words)


def test_symbols_are_sorted_and_distinct():
    assert Vocabulary("banana").symbols == ["a", "b", "n"]
    assert Vocabulary("banana").encode("nab").tolist() == [2, 0, 1]


@pytest.mark.parametrize("text", ["", []])
def test_an_empty_text_makes_no_vocabulary(text):
    with pytest.raises(ValueError, match="empty"):
        Vocabulary(text)


def test_nothing_to_encode_is_no_error():
    assert Vocabulary("ab").encode("").shape == (0,)


@pytest.mark.parametrize(
    "known, text, which",
    [("abc", "abzcz", "'z' at position 2"), (["a"], ["a", "dog"], "'dog' at position 1")],
)
def test_a_symbol_outside_the_vocabulary_is_named_with_its_place(known, text, which):
    with pytest.raises(ValueError, match=which):
        Vocabulary(known).encode(text)


@pytest.mark.parametrize(
    "ids, which", [([0, 3], "3 at position 1 .* 0 to 2"), ([-1], "-1 at position 0")]
)
def test_an_integer_outside_the_vocabulary_is_named_with_its_place(ids, which):
    with pytest.raises(ValueError, match=which):
        Vocabulary("abc").decode(ids)


def write(folder, data):
    path = folder / "a text ä.txt"
    path.write_bytes(data)
    return path


@pytest.mark.parametrize(
    "data, text",
    [
        ("one\ntwo äöü\n".encode(), "one\ntwo äöü\n"),
        (b"\xef\xbb\xbfone", "one"),
        (b"one\r\ntwo\rthree\n\r\n", "one\ntwo\nthree\n\n"),
    ],
    ids=["plain", "BOM", "line ends"],
)
def test_utf8_is_read_with_or_without_bom_and_with_any_line_ends(tmp_path, data, text):
    assert read_text(write(tmp_path, data)) == text
    assert read_text(str(write(tmp_path, data))) == text


@pytest.mark.parametrize("data", [b"", b" \n\t\r\n", b"\xef\xbb\xbf"])
def test_a_file_without_text_is_refused(tmp_path, data):
    with pytest.raises(ValueError, match="a text ä.txt holds no text"):
        read_text(write(tmp_path, data))


@pytest.mark.parametrize(
    "data, place",
    [("grün".encode("latin-1"), "0xfc at position 2"), ("text".encode("utf-16"), "at position 0")],
)
def test_a_file_that_is_not_utf8_is_refused_with_the_place(tmp_path, data, place):
    with pytest.raises(ValueError, match=f"not UTF-8.*{place}"):
        read_text(write(tmp_path, data))


def test_a_missing_file_is_missing(tmp_path):
    with pytest.raises(FileNotFoundError):
        read_text(tmp_path / "nowhere.txt")


@settings(deadline=None)
@given(st.integers(0, 200), st.floats(0.01, 0.99))
def test_split_loses_nothing_and_holds_out_the_end(n, held_out):
    text = np.arange(n)
    try:
        training, rest = split(text, held_out)
    except ValueError as error:
        assert "too short" in str(error)
        assert min(n * held_out, n * (1 - held_out)) < 2.5
        return
    assert np.array_equal(np.concatenate([training, rest]), text)
    assert len(rest) == round(n * held_out)
    assert len(training) >= 2 and len(rest) >= 2


def test_a_tenth_is_held_out_and_two_symbols_are_enough():
    assert [len(part) for part in split("x" * 40)] == [36, 4]
    assert split("abcd", 0.5) == ("ab", "cd")
    for text, held_out in (("abc", 0.5), ("abc", 0.3), ("abcd", 0.7)):
        with pytest.raises(ValueError, match="too short"):
            split(text, held_out)


@pytest.mark.parametrize("held_out", [0, 1, -0.1, 1.5, float("nan")])
def test_a_part_that_is_no_part_is_refused(held_out):
    with pytest.raises(ValueError, match="between 0 and 1"):
        split("some text", held_out)


@settings(deadline=None, max_examples=50)
@given(st.text("abcd", min_size=1), st.text("abcdefgh☃"))
def test_an_open_vocabulary_encodes_any_text(text, other):
    vocabulary = OpenVocabulary(text)
    assert vocabulary.decode(vocabulary.encode(text)) == text
    unknown = [c for c in other if c not in text]
    assert (vocabulary.encode(other) == 0).sum() == len(unknown)
    assert vocabulary.spelling_bits(other) == 8 * len("".join(unknown).encode())


def test_rare_words_are_unknown_and_must_be_spelled():
    text = "the cat and the dog and the ☃".split()
    vocabulary = OpenVocabulary(text, at_least=2)
    assert vocabulary.symbols == [UNKNOWN, "and", "the"] and len(vocabulary) == 3
    ids = vocabulary.encode(text)
    assert ids.tolist() == [2, 0, 1, 2, 0, 1, 2, 0] and ids.dtype == np.intp
    assert vocabulary.decode(ids[:3]) == "the <unk> and"
    assert vocabulary.spelling_bits(text) == 8 * (4 + 4 + 4)  # ☃ has three bytes, an end each
    assert vocabulary.spelling_bits(["the", "and"]) == 0


def test_a_text_may_hold_the_mark_of_the_unknown_itself():
    vocabulary = OpenVocabulary(["a", UNKNOWN, "b"])
    assert vocabulary.symbols == [UNKNOWN, "a", "b"]
    assert vocabulary.encode([UNKNOWN, "b"]).tolist() == [0, 2]
    assert vocabulary.spelling_bits([UNKNOWN]) == 8 * (len(UNKNOWN) + 1)


def test_a_vocabulary_that_would_know_nothing_is_refused():
    with pytest.raises(ValueError, match="no symbol stands 2 times in the text"):
        OpenVocabulary("abc", at_least=2)
    with pytest.raises(ValueError, match="the text is empty"):
        OpenVocabulary("")


def test_words_keep_punctuation_and_line_ends_and_nothing_is_lost_but_spaces():
    assert words("Don't stop,  now!\n\nEl Niño_2") == [
        "Don't", "stop", ",", "now", "!", "\n", "\n", "El", "Niño_2"
    ]
    assert words(" \t ") == []
    text = book_prose()
    assert "".join(words(text)) == "".join(c for c in text if c == "\n" or not c.isspace())


def test_the_books_prose_is_its_text_cells_in_order(monkeypatch, tmp_path):
    def chapter(name, *cells):
        cells = [{"cell_type": kind, "source": source} for kind, source in cells]
        (tmp_path / name).write_text(json.dumps({"cells": cells}), encoding="utf-8")

    chapter("02_b.ipynb", ("markdown", "last ä"))
    chapter("01_a.ipynb", ("markdown", ["one\n", "two"]), ("code", "no"), ("markdown", "three"))
    monkeypatch.setattr(corpora, "NOTEBOOKS", tmp_path)
    assert book_prose() == "one\ntwo\n\nthree\n\nlast ä\n"
    monkeypatch.setattr(corpora, "NOTEBOOKS", tmp_path / "nowhere")
    with pytest.raises(FileNotFoundError, match="nowhere"):
        book_prose()


def test_this_books_prose_is_found():
    assert len(book_prose()) > 10_000 and "recurrent" in book_prose()


def test_the_standard_library_is_a_long_text(monkeypatch, tmp_path):
    text = standard_library(300_000)
    assert len(text) == 300_000 and "def " in text
    assert standard_library(1000) == text[:1000]
    with pytest.raises(ValueError, match="size is 0"):
        standard_library(0)
    monkeypatch.setattr(corpora.sysconfig, "get_path", lambda name: str(tmp_path))
    (tmp_path / "empty.py").write_bytes(b"")
    with pytest.raises(FileNotFoundError, match="no sources"):
        standard_library()
