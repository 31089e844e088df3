"""Activations: values, slopes, precision and extremes."""

import numpy as np
import pytest

from rnncamp_utils import activations, gradcheck

every = pytest.mark.parametrize("name", activations.ACTIVATIONS)
Z = np.array([-3.0, -1.0, -0.2, 0.3, 1.0, 4.0])


@pytest.mark.parametrize(
    "name, expected",
    [
        ("tanh", [-0.7615941559557649, 0.0, 0.7615941559557649]),
        ("logistic", [0.2689414213699951, 0.5, 0.7310585786300049]),
        ("relu", [0.0, 0.0, 1.0]),
        ("elu", [-0.6321205588285577, 0.0, 1.0]),
    ],
)
def test_known_values(name, expected):
    values = activations.get(name).f(np.array([-1.0, 0.0, 1.0]))
    np.testing.assert_allclose(values, expected, rtol=1e-15)


@every
def test_slope_of_the_output_is_the_derivative(name):
    f, slope = activations.get(name).f, activations.get(name).slope
    exact = np.imag(f(Z + 1e-30j)) / 1e-30
    np.testing.assert_allclose(slope(f(Z)), exact, rtol=1e-13)
    differences = (f(Z + 1e-6) - f(Z - 1e-6)) / 2e-6
    np.testing.assert_allclose(slope(f(Z)), differences, rtol=1e-7, atol=1e-12)


@every
def test_slopes_differ_between_activations(name):
    f = activations.get(name).f
    for other in set(activations.ACTIVATIONS) - {name}:
        wrong = activations.get(other).slope(f(Z))
        assert gradcheck.relative_error(wrong, activations.get(name).slope(f(Z))) > 0.01


@every
def test_works_in_place_and_gives_the_same(name):
    f = activations.get(name).f
    z = Z.copy()
    assert f(z, out=z) is z
    assert np.array_equal(z, f(Z))


@every
def test_leaves_its_argument_alone_without_out(name):
    z = Z.copy()
    y = activations.get(name).f(z)
    kept = y.copy()
    activations.get(name).slope(y)
    assert np.array_equal(z, Z) and np.array_equal(y, kept)


@every
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_keeps_the_precision(name, dtype):
    y = activations.get(name).f(Z.astype(dtype))
    assert y.dtype == dtype
    assert activations.get(name).slope(y).dtype == dtype


@every
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_does_not_overflow(name, dtype):
    with np.errstate(all="raise", under="ignore"):
        y = activations.get(name).f(np.array([-1000, 1000], dtype))
        slope = activations.get(name).slope(y)
    limits = {"tanh": [-1, 1], "logistic": [0, 1], "relu": [0, 1000], "elu": [-1, 1000]}
    assert y.tolist() == limits[name]
    assert slope.tolist() == [0, 1 if name in ("relu", "elu") else 0]


def test_an_unknown_name_lists_the_known_ones():
    with pytest.raises(ValueError, match="'sigmoid'.*tanh, logistic, relu, elu"):
        activations.get("sigmoid")
