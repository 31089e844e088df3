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


def test_noise_is_put_on_the_inputs_only():
    clean = tasks.sine(np.random.default_rng(0), 500, 40)
    noisy = tasks.noisy_sine(np.random.default_rng(0), 500, 40, noise=0.3)
    assert np.array_equal(noisy.y, clean.y)
    assert (noisy.x - clean.x).std() == pytest.approx(0.3, rel=0.02)
    silent = tasks.noisy_sine(np.random.default_rng(0), 500, 40, noise=0)
    assert np.array_equal(silent.x, clean.x)


def test_mackey_glass_obeys_its_equation_and_stays_in_its_range():
    batch = tasks.mackey_glass(np.random.default_rng(0), 1000, 5)
    assert batch.x.shape == batch.y.shape == (1000, 5, 1)
    assert np.array_equal(batch.x[1:], batch.y[:-1])
    x = batch.x[..., 0]
    assert 0.2 < x.min() < 0.6 and 1.2 < x.max() < 1.5
    # Central differences of the series against the right side of the equation.
    old = x[: -2 - 17 + 1]
    slope, now = (x[2 + 16 :] - x[16:-2]) / 2, x[17:-1]
    right = 0.2 * old / (1 + old**10) - 0.1 * now
    assert np.corrcoef(slope.ravel(), right.ravel())[0, 1] > 0.99


def test_mackey_glass_forgets_where_it_started_and_is_chaotic():
    one, other = tasks.mackey_glass(np.random.default_rng(0), 2000, 2).x[..., 0].T
    assert np.abs(one - other).max() > 0.5
    assert one.mean() == pytest.approx(other.mean(), abs=0.03)


def test_the_normalized_error_of_the_mean_is_one():
    batch = tasks.mackey_glass(np.random.default_rng(0), 300, 4)
    assert tasks.normalized_error(batch, np.full(batch.y.shape, batch.y.mean())) == pytest.approx(1)
    assert tasks.normalized_error(batch, batch.y) == 0
    off = batch.y + 0.1 * batch.y.std()
    assert tasks.normalized_error(batch, off) == pytest.approx(0.1)


@pytest.mark.parametrize("size", [28, 12])
def test_curves_are_connected_strokes_on_an_empty_page(size):
    ndimage = pytest.importorskip("scipy.ndimage")
    batch = tasks.curves(np.random.default_rng(0), 60, size)
    assert batch.x.shape == (1, 60, size * size) and batch.y is batch.x
    assert batch.x.min() == 0 and batch.x.max() <= 1
    for picture in batch.x.reshape(-1, size, size):
        assert picture.max() > 0.5
        assert ndimage.label(picture > 0.3, np.ones((3, 3)))[1] == 1
        assert 0.01 < (picture > 0.3).mean() < 0.5
    assert len(np.unique(batch.x[0], axis=0)) == 60
    seeds = [tasks.curves(np.random.default_rng(s), 3, size).x for s in (1, 1, 2)]
    assert np.array_equal(seeds[0], seeds[1]) and not np.array_equal(seeds[0], seeds[2])
