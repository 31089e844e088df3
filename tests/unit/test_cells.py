"""The cells' equations, one time step."""

import numpy as np
import pytest

from rnncamp_utils import gradcheck
from rnncamp_utils.activations import ACTIVATIONS
from rnncamp_utils.cells import Elman

B, H = 3, 4
every = pytest.mark.parametrize("activation", ACTIVATIONS)


def step(cell, ax, ah):
    """Return the new h, (B, H), of one step; the old state enters through `ah` alone."""
    new = np.empty_like(ax)
    cell.forward(None, ax.copy(), ah.copy(), (np.zeros_like(ax),), (new,))
    return new


def draw(activation):
    rng = np.random.default_rng(6)
    return Elman(activation), rng.normal(size=(B, H)), rng.normal(size=(B, H))


@every
def test_elman_is_its_activation_of_the_sum(activation):
    cell, ax, ah = draw(activation)
    assert np.array_equal(step(cell, ax, ah), ACTIVATIONS[activation].f(ax + ah))


@every
def test_push_is_the_derivative_of_forward_and_back_its_transpose(activation):
    cell, ax, ah = draw(activation)
    rng = np.random.default_rng(7)
    dax, dah, u = rng.normal(size=(3, B, H))
    new = (step(cell, ax, ah)[None],)
    slopes = [slope[0] for slope in cell.slopes(None, None, None, None, new)]
    (pushed,) = cell.push(None, slopes, dax, dah, None)
    moved = step(cell, ax + 1e-30j * dax, ah + 1e-30j * dah)
    assert gradcheck.relative_error(pushed, moved.imag / 1e-30) <= 1e-12
    pulled = np.empty((B, H))
    assert cell.back(slopes, (u,), pulled, pulled) == (None,)
    np.testing.assert_allclose(np.vdot(u, pushed), np.vdot(pulled, dax + dah), rtol=1e-12)


def test_an_unknown_activation_lists_the_known_ones():
    with pytest.raises(ValueError, match="'softplus'.*tanh"):
        Elman("softplus")
