"""Toy objectives: gradients against complex numbers, the shapes their names promise."""

import numpy as np
import pytest

from rnncamp_utils.gradcheck import complex_step, relative_error
from rnncamp_utils.optimizers import SGD
from rnncamp_utils.surfaces import Cliff, Quadratic, Saddle, Valley, descend

SURFACES = [Quadratic(30.0, 2), Valley(20.0), Saddle(), Cliff()]
every = pytest.mark.parametrize("surface", SURFACES, ids=lambda s: type(s).__name__)


@every
def test_gradients_agree_with_the_complex_step(surface):
    for theta in np.random.default_rng(0).normal(size=(20, 2)):
        loss, g = surface.loss_and_grad(theta)
        assert loss == surface.loss(theta)
        assert relative_error(g, complex_step(surface.loss, theta)) <= 1e-11


@every
def test_many_points_at_once_have_the_losses_of_each(surface):
    points = np.random.default_rng(1).normal(size=(2, 3, 4))
    expected = [[surface.loss(points[:, i, j]) for j in range(4)] for i in range(3)]
    np.testing.assert_allclose(surface.loss(points), expected, rtol=1e-13)


@pytest.mark.parametrize("surface", [Quadratic(7.0, 5), Valley(), Saddle()])
def test_nothing_near_the_minimum_lies_lower(surface):
    best, g = surface.loss_and_grad(surface.minimum)
    assert not g.any()
    nearby = surface.minimum + np.random.default_rng(2).normal(0, 0.1, (500, surface.minimum.size))
    assert min(surface.loss(theta) for theta in nearby) > best


def test_a_quadratic_has_the_condition_number_asked_for():
    product = Quadratic(50.0, 4).gauss_newton_product(np.zeros(4))
    H = np.array([product(e) for e in np.eye(4)])
    assert np.linalg.cond(H) == pytest.approx(50)
    theta = np.array([0.3, -2.0, 1.0, 0.7])
    assert Quadratic(50.0, 4).loss(theta) == pytest.approx(theta @ H @ theta / 2)


@pytest.mark.parametrize("numbers", [(0.5, 2), (float("nan"), 2), (3.0, 0)])
def test_a_quadratic_that_makes_no_sense_is_refused(numbers):
    with pytest.raises(ValueError, match="at least 1"):
        Quadratic(*numbers)


def test_a_saddle_is_flat_in_the_middle_and_falls_to_both_sides():
    assert not Saddle().loss_and_grad(np.zeros(2))[1].any()
    assert Saddle().loss(np.zeros(2)) == 0
    assert Saddle().loss(np.array([0, 1.0])) == Saddle().loss(np.array([0, -1.0])) == -0.25


def test_a_cliff_is_steep_where_the_unit_starts_to_latch():
    w = np.linspace(4, 8, 2001)
    norms = [np.linalg.norm(Cliff().loss_and_grad(np.array([x, -3.0]))[1]) for x in w]
    assert max(norms) > 1000 * np.median(norms)


def test_descend_returns_every_point_and_leaves_the_start_alone():
    start = np.array([1.0, 2.0])
    path = descend(Quadratic(4.0), SGD(0.5), start, 3)
    expected = [start * [(1 - 0.125) ** k, 0.5**k] for k in range(4)]
    np.testing.assert_allclose(path, expected, rtol=1e-14)
    assert start.tolist() == [1, 2]
    assert descend(Quadratic(4.0), SGD(0.5), [1, 2], 0).tolist() == [[1, 2]]
