"""Text to integers and back, and every kind of text that cannot be used."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rnncamp_utils.corpora import Vocabulary, read_text, split


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
