"""Line searches: what they return fulfils the conditions they are named after."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rnncamp_utils.line_search import backtrack, strong_wolfe
from rnncamp_utils.surfaces import Cliff, Quadratic, Saddle, Valley

SURFACES = [Quadratic(100.0), Valley(), Saddle(), Cliff()]


def downhill(surface, seed):
    rng = np.random.default_rng(seed)
    theta = rng.normal(0, 2, 2)
    loss, g = surface.loss_and_grad(theta)
    d = -g + 0.5 * rng.normal(size=2) * np.linalg.norm(g)
    if g @ d >= 0:
        d = -g
    return theta, d / max(np.linalg.norm(d), 1e-300), loss, float(g @ d) / np.linalg.norm(d)


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(SURFACES[:3]), st.integers(0, 10_000),
       st.sampled_from([0.1, 0.5, 0.9]), st.sampled_from([1e-3, 0.3, 1.0, 40.0]))
def test_strong_wolfe_finds_its_conditions_from_any_first_try(surface, seed, c2, first):
    theta, d, loss, slope = downhill(surface, seed)
    t, value, g = strong_wolfe(surface.loss_and_grad, theta, d, loss, slope, first, c2=c2)
    assert t > 0
    assert value == surface.loss(theta + t * d)
    np.testing.assert_array_equal(g, surface.loss_and_grad(theta + t * d)[1])
    assert value <= loss + 1e-4 * t * slope
    assert abs(g @ d) <= c2 * abs(slope)


def test_an_exact_cubic_needs_no_more_than_three_tries():
    tries = []

    def f(theta):
        tries.append(theta)
        return float((theta[0] - 1) ** 2), 2 * (theta - 1)

    t, value, _ = strong_wolfe(f, np.zeros(1), np.ones(1), 1.0, -2.0, first=1.7, c2=0.01)
    assert t == pytest.approx(1) and len(tries) == 2  # a parabola's bottom is the first guess


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_losses_that_are_not_finite_are_stepped_back_from(bad):
    def f(theta):
        x = theta[0]
        return (bad, np.array([bad])) if x > 0.3 else ((x - 0.2) ** 2, 2 * (theta - 0.2))

    t, value, _ = strong_wolfe(f, np.zeros(1), np.ones(1), 0.04, -0.4, first=64.0)
    assert 0 < t <= 0.3 and value < 0.04
    t, value = backtrack(lambda x: f(x)[0], np.zeros(1), np.ones(1), 0.04, -0.4)
    assert 0 < t <= 0.3 and value < 0.04


def test_a_loss_that_only_rises_leaves_everything_where_it_is():
    def f(theta):
        return 1.0 + theta[0], np.ones(1)

    assert strong_wolfe(f, np.zeros(1), np.ones(1), 1.0, -1.0) == (0, 1, None)
    assert backtrack(lambda x: f(x)[0], np.zeros(1), np.ones(1), 1.0, -1.0) == (0, 1)


def test_a_loss_that_falls_forever_ends_with_the_lowest_seen():
    t, value, g = strong_wolfe(lambda x: (-x[0], -np.ones(1)), np.zeros(1), np.ones(1), 0.0, -1.0)
    assert value == -t < -1e6 and g.tolist() == [-1]


@pytest.mark.parametrize("surface", SURFACES, ids=lambda s: type(s).__name__)
def test_backtracking_takes_the_first_t_with_enough_descent(surface):
    for seed in range(30):
        theta, d, loss, slope = downhill(surface, seed)
        t, value = backtrack(surface.loss, theta, d, loss, slope)
        enough = [surface.loss(theta + 0.8**k * d) <= loss + 0.01 * 0.8**k * slope
                  for k in range(60)]
        assert t == pytest.approx(0.8 ** enough.index(True))
        assert value == surface.loss(theta + t * d)
