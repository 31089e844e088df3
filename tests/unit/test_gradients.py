"""The gradients of a whole network against three independent referees."""

import numpy as np
import pytest
from helpers import B, H, T, assert_close, explicit_gauss_newton, make_case

from rnncamp_utils import gradcheck, recurrence
from rnncamp_utils.activations import ACTIVATIONS
from rnncamp_utils.losses import LOSSES

cases = pytest.mark.parametrize(
    "case",
    [
        pytest.param((activation, loss, symbols, weights), id=f"{activation}-{loss}-"
                     f"{'symbols' if symbols else 'vectors'}-{'weights' if weights else 'plain'}")
        for activation in ACTIVATIONS
        for loss in LOSSES
        for symbols in (True, False)
        for weights in (True, False)
    ],
)


@cases
def test_gradient_agrees_with_central_differences(case):
    network, theta, batch, start = make_case(*case)
    objective = network.objective(batch, start)
    # Differences across a kink of relu mean nothing: the draw must stay away from it.
    p, tape = network.params(theta), network.forward(theta, batch.x, start)[1]
    a = recurrence.project(batch.x, p["W_xh"]) + p["b_h"] + tape.states[0][:-1] @ p["W_hh"]
    assert np.abs(a).min() > 1e-4
    expected = gradcheck.central_difference(objective.loss, theta)
    assert_close(network, objective.grad(theta), expected, 1e-7)


@cases
def test_gradient_agrees_with_complex_step(case):
    network, theta, batch, start = make_case(*case)
    objective = network.objective(batch, start)
    expected = gradcheck.complex_step(objective.loss, theta)
    assert_close(network, objective.grad(theta), expected, 1e-12)


@cases
def test_gradient_agrees_with_autograd(case):
    network, theta, batch, start = make_case(*case)
    expected = gradcheck.autograd_gradient(network, theta, batch, start)
    assert_close(network, network.objective(batch, start).grad(theta), expected, 1e-12)


@cases
def test_gradient_from_a_zero_state_agrees_with_autograd(case):
    network, theta, batch, _ = make_case(*case)
    expected = gradcheck.autograd_gradient(network, theta, batch)
    assert_close(network, network.objective(batch).grad(theta), expected, 1e-12)


@cases
def test_push_and_backward_are_each_others_transpose(case):
    assert gradcheck.adjoint_gap(*make_case(*case)) <= 1e-12


@cases
def test_gauss_newton_product_is_the_matrix_built_column_by_column(case):
    network, theta, batch, start = make_case(*case)
    product = network.objective(batch, start).gauss_newton_product(theta)
    built = np.stack([product(v) for v in np.eye(theta.size)], axis=1)
    expected = explicit_gauss_newton(network, theta, batch, start)
    assert gradcheck.relative_error(built, expected) <= 1e-12
    assert gradcheck.relative_error(built, built.T) <= 1e-12
    eigenvalues = np.linalg.eigvalsh((built + built.T) / 2)
    assert eigenvalues.min() >= -1e-12 * eigenvalues.max()


def test_push_is_the_derivative_of_all_states_along_a_direction():
    network, theta, batch, start = make_case()
    v = np.random.default_rng(1).normal(size=theta.shape)
    p, tape = network.params(theta), network.forward(theta, batch.x, start)[1]
    pushed = recurrence.push(p, network.cell, network.map, tape, network.params(v))
    moved = network.forward(theta + 1e-30j * v, batch.x, start)[1]
    assert pushed.shape == (T, B, H)
    assert gradcheck.relative_error(pushed, moved.h.imag / 1e-30) <= 1e-12


def test_asking_twice_gives_the_same_gradient():
    network, theta, batch, start = make_case()
    objective = network.objective(batch, start)
    before = theta.copy()
    first = objective.grad(theta)
    kept = first.copy()
    objective.grad(theta + 1)
    assert np.array_equal(theta, before)
    assert np.array_equal(first, kept)
    assert np.array_equal(objective.grad(theta), kept)
