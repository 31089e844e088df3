"""Tasks: the answers that are certain are right, the others are chance."""

import numpy as np
import pytest

from rnncamp_utils import tasks


@pytest.mark.parametrize("length, sequences", [(1, 1), (2, 3), (7, 5), (60, 4)])
def test_batches_have_the_shapes_asked_for_and_targets_one_step_later(length, sequences):
    for task in (tasks.temporal_xor, tasks.sine):
        batch = task(np.random.default_rng(0), length, sequences)
        assert batch.x.shape[:2] == batch.y.shape[:2] == (length, sequences)
        assert np.array_equal(batch.x[1:], batch.y[:-1])


def test_every_third_bit_is_the_xor_of_the_two_before():
    batch = tasks.temporal_xor(np.random.default_rng(0), 62, 50)
    stream = np.concatenate([batch.x, batch.y[-1:]])
    assert np.array_equal(stream[2::3], stream[0::3] ^ stream[1::3])


def test_the_other_bits_are_fair_coins():
    stream = tasks.temporal_xor(np.random.default_rng(0), 30, 4000).x
    coins = np.arange(30) % 3 != 2
    assert np.abs(stream[coins].mean(axis=1) - 0.5).max() < 0.04  # 5 standard errors
    together = (stream[0] * 2 + stream[1]).ravel()
    assert np.abs(np.bincount(together, minlength=4) / 4000 - 0.25).max() < 0.035


def test_a_sine_has_its_period_and_random_phases():
    batch = tasks.sine(np.random.default_rng(0), 80, 6, period=20.0)
    assert np.allclose(batch.x[20:], batch.x[:-20], atol=1e-12)
    assert batch.x.max() <= 1 and batch.x.min() >= -1 and np.ptp(batch.x) > 1.9
    assert len(set(batch.x[0, :, 0])) == 6
