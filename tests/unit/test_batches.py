"""Windows that walk through a long sequence."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rnncamp_utils.batches import Batch, side_by_side, windows


def walk(source, steps):
    return [source(None, step) for step in range(steps)]


@settings(deadline=None, max_examples=100)
@given(st.integers(1, 60), st.integers(1, 8), st.integers(1, 5))
def test_windows_cover_their_tracks_and_targets_are_the_next_inputs(n, length, sequences):
    text = np.arange(n)  # every symbol says where it stands
    track = (n - 1) // sequences
    if track < length:
        with pytest.raises(ValueError):
            windows(text, length, sequences)
        return
    count = track // length
    batches = walk(windows(text, length, sequences), count)
    x = np.concatenate([batch.x for batch in batches])
    assert x.shape == (count * length, sequences)
    for b in range(sequences):
        assert x[:, b].tolist() == list(range(b * track, b * track + count * length))
    assert np.array_equal(np.concatenate([batch.y for batch in batches]), x + 1)


def test_the_state_is_fresh_only_where_the_walk_starts():
    batches = walk(windows(np.arange(22), 5, 2), 6)  # tracks of 10: two windows a walk
    assert [batch.fresh for batch in batches] == [True, False] * 3
    assert np.array_equal(batches[0].x, batches[2].x)
    assert not np.array_equal(batches[0].x, batches[1].x)
    assert all(batch.weights is None for batch in batches)


def test_one_track_and_a_fresh_start_are_what_is_meant_without_a_word():
    assert windows(np.arange(9), 4)(None, 0).x.shape == (4, 1)
    assert Batch(None, None).fresh


def test_sequences_of_vectors_keep_their_last_axis():
    vectors = np.arange(24.0).reshape(12, 2)
    batch = windows(vectors, 4, 2)(None, 0)
    assert batch.x.shape == (4, 2, 2)
    assert np.array_equal(batch.x[:, 1], vectors[5:9])
    assert np.array_equal(batch.y[:, 1], vectors[6:10])


@pytest.mark.parametrize("symbols, length, sequences", [(10, 10, 1), (20, 10, 2), (0, 1, 1)])
def test_a_window_longer_than_the_text_is_refused(symbols, length, sequences):
    with pytest.raises(ValueError, match=f"{symbols} symbols, too few for {sequences} × {length}"):
        windows(np.arange(symbols), length, sequences)


@pytest.mark.parametrize("symbols, length, sequences", [(11, 10, 1), (21, 10, 2)])
def test_a_window_that_just_fits_is_taken(symbols, length, sequences):
    assert windows(np.arange(symbols), length, sequences)(None, 0).x.shape == (length, sequences)


@pytest.mark.parametrize("length, sequences", [(0, 1), (1, 0), (-1, 1), (1, -1)])
def test_no_length_and_no_sequences_are_refused(length, sequences):
    with pytest.raises(ValueError, match="at least 1"):
        windows(np.arange(10), length, sequences)


@pytest.mark.parametrize("n", [2, 7, 99, 100, 101, 1003])
def test_side_by_side_scores_nearly_every_symbol_once_and_in_order(n):
    x, y = side_by_side(np.arange(n), 10)
    assert x.shape == y.shape and np.array_equal(y, x + 1)
    assert np.array_equal(x.T.ravel(), np.arange(x.size))  # tracks follow each other
    assert x.shape[1] == max(1, (n - 1) // 10)
    assert 0 <= n - 1 - x.size < x.shape[1]
