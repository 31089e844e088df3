"""Losses: known values, weights, gradients and curvature by the outputs."""

import numpy as np
import pytest

from rnncamp_utils import gradcheck, losses

T, B, K = 4, 3, 5
every = pytest.mark.parametrize("name", losses.LOSSES)
weighted = pytest.mark.parametrize("weights", [False, True])


def draw(name, weights=False, dtype=np.float64):
    """Return (loss, outputs, targets, weights)."""
    rng = np.random.default_rng(4)
    a = rng.normal(size=(T, B, K)).astype(dtype)
    y = rng.integers(0, K, (T, B)) if name == "cross-entropy" else rng.normal(size=(T, B, K))
    return losses.get(name), a, y, rng.uniform(0.5, 2, (T, B)) if weights else None


def test_cross_entropy_of_equal_outputs_is_the_log_of_their_number():
    loss = losses.get("cross-entropy")
    assert loss.value(np.full((T, B, K), 3.0), np.zeros((T, B), int)) == pytest.approx(np.log(K))


def test_cross_entropy_is_minus_the_log_of_the_chosen_probability():
    loss, a, y, _ = draw("cross-entropy")
    p = np.exp(a) / np.exp(a).sum(axis=-1, keepdims=True)
    nats = [[-np.log(p[t, b, y[t, b]]) for b in range(B)] for t in range(T)]
    np.testing.assert_allclose(loss.per_step(a, y), nats, rtol=1e-13)
    assert loss.value(a, y) == pytest.approx(np.mean(nats), rel=1e-13)


def test_squared_error_is_a_mean_over_steps_sequences_and_outputs():
    loss, a, y, _ = draw("squared-error")
    assert loss.value(a, y) == pytest.approx(((a - y) ** 2).sum() / (T * B * K), rel=1e-13)


@every
def test_weights_make_a_weighted_mean(name):
    loss, a, y, weights = draw(name, weights=True)
    expected = np.average(loss.per_step(a, y), weights=weights)
    assert loss.value(a, y, weights) == pytest.approx(expected, rel=1e-13)
    assert loss.value(a, y, 10 * weights) == pytest.approx(expected, rel=1e-13)


@every
def test_equal_weights_are_no_weights(name):
    loss, a, y, _ = draw(name)
    plain, gradient = loss.value_and_grad(a.copy(), y)
    same, also = loss.value_and_grad(a.copy(), y, np.full((T, B), 0.5))
    assert same == pytest.approx(plain, rel=1e-14)
    np.testing.assert_allclose(also, gradient, rtol=1e-12, atol=1e-17)


@every
def test_a_step_of_weight_zero_has_no_say(name):
    loss, a, y, weights = draw(name, weights=True)
    weights[1, 2] = 0
    gradient = loss.value_and_grad(a.copy(), y, weights)[1]
    assert not gradient[1, 2].any()
    a[1, 2] += 5
    assert np.array_equal(loss.value_and_grad(a, y, weights)[1], gradient)


@every
@weighted
def test_value_and_grad_agree_with_value_and_its_derivative(name, weights):
    loss, a, y, weights = draw(name, weights)
    value, gradient = loss.value_and_grad(a.copy(), y, weights)

    def f(flat):
        return loss.value(flat.reshape(a.shape), y, weights)

    assert value == pytest.approx(loss.value(a, y, weights), rel=1e-13)
    expected = gradcheck.complex_step(f, a.ravel())
    assert gradcheck.relative_error(gradient.ravel(), expected) <= 1e-12


@every
@weighted
def test_hessian_product_is_the_derivative_of_the_gradient(name, weights):
    loss, a, y, weights = draw(name, weights)
    v = np.random.default_rng(5).normal(size=a.shape)
    moved = loss.value_and_grad(a + 1e-30j * v, y, weights)[1]
    product = loss.hessian_product(a, y, v, weights)
    assert product.shape == a.shape
    assert gradcheck.relative_error(product, moved.imag / 1e-30) <= 1e-12


@every
def test_gradient_is_right_for_outputs_that_are_a_slice(name):
    loss, a, y, _ = draw(name)
    whole = np.repeat(a, 2, axis=2)
    gradient = loss.value_and_grad(whole[:, :, ::2], y)[1]
    # Sums over memory with gaps are added up in another order: equal but for rounding.
    assert np.allclose(gradient, loss.value_and_grad(a.copy(), y)[1], rtol=0, atol=1e-15)


@every
@weighted
def test_float32_outputs_give_a_float32_gradient(name, weights):
    loss, a, y, weights = draw(name, weights, np.float32)
    assert loss.hessian_product(a, y, a, weights).dtype == np.float32
    assert loss.value_and_grad(a, y, weights)[1].dtype == np.float32


def test_one_output_is_enough_for_squared_error():
    a, y = np.array([[[3.0]], [[5.0]]]), np.array([[[1.0]], [[4.0]]])
    loss = losses.get("squared-error")
    assert loss.value(a, y) == 2.5
    assert loss.hessian_product(a, y, a).tolist() == [[[3.0]], [[5.0]]]
    value, gradient = loss.value_and_grad(a, y)
    assert value == 2.5 and gradient.tolist() == [[[2.0]], [[1.0]]]


@pytest.mark.parametrize("shift", [30, 49, 60, -60])
def test_cross_entropy_does_not_change_when_all_outputs_grow_alike(shift):
    loss, a, y, weights = draw("cross-entropy", True)
    value, gradient = loss.value_and_grad(a.copy(), y, weights)
    shifted, same = loss.value_and_grad(a + shift, y, weights)
    assert abs(value - shifted) < 1e-13 and np.abs(gradient - same).max() < 1e-14


def test_cross_entropy_does_not_overflow():
    a = np.array([[[1000.0, 0.0, -1000.0]]])
    with np.errstate(over="raise", invalid="raise"):
        values = [losses.get("cross-entropy").value(a, np.array([[k]])) for k in range(3)]
        nats, _ = losses.get("cross-entropy").value_and_grad(a.copy(), np.array([[2]]))
        assert losses.softmax(a).tolist() == [[[1, 0, 0]]]
    assert values == [0, 1000, 2000] and nats == 2000


def test_an_unknown_loss_lists_the_known_ones():
    with pytest.raises(ValueError, match="'mse'.*cross-entropy, squared-error"):
        losses.get("mse")
