"""Parameters: views of one vector, and how they start."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rnncamp_utils.params import Params, glorot, orthogonal

shapes = st.dictionaries(
    st.text(min_size=1, max_size=3),
    st.lists(st.integers(1, 4), max_size=3).map(tuple),
    min_size=1,
    max_size=4,
)


@settings(deadline=None, max_examples=50)
@given(shapes)
def test_names_and_theta_share_memory_and_cover_it_once(shapes):
    p = Params(shapes)
    assert list(p) == list(shapes) and len(p) == len(shapes)
    for number, (name, shape) in enumerate(shapes.items(), start=1):
        assert p[name].shape == shape
        assert np.shares_memory(p[name], p.theta)
        assert not p[name].any()  # no other name has written here
        p[name][...] = number
    assert p.theta.all()
    p.theta[...] = 7
    assert all((view == 7).all() for view in p.values())


def test_a_given_theta_is_used_and_not_copied():
    theta = np.arange(8, dtype=np.float32)
    p = Params({"W": (2, 3), "b": (2,)}, theta)
    p["b"][...] = -1
    assert theta.tolist() == [0, 1, 2, 3, 4, 5, -1, -1]
    assert p["W"].tolist() == [[0, 1, 2], [3, 4, 5]]


@pytest.mark.parametrize("size", [7, 9])
def test_a_theta_of_another_size_is_refused(size):
    with pytest.raises(ValueError, match=rf"\({size},\).*\(8,\)"):
        Params({"W": (2, 3), "b": (2,)}, np.zeros(size))


@pytest.mark.parametrize("shape", [(200, 300), (300, 200)])
def test_glorot_has_the_variance_it_states(shape):
    W = glorot(np.random.default_rng(0), shape)
    assert W.shape == shape
    assert W.var() == pytest.approx(2 / 500, rel=0.02)
    assert abs(W.mean()) < 1e-3


@pytest.mark.parametrize("shape", [(5, 5), (4, 7), (7, 4)])
def test_orthogonal_has_orthonormal_rows_or_columns(shape):
    W = orthogonal(np.random.default_rng(0), shape)
    assert W.shape == shape
    gram = W @ W.T if shape[0] <= shape[1] else W.T @ W
    np.testing.assert_allclose(gram, np.eye(min(shape)), atol=1e-14)


def test_orthogonal_prefers_no_sign():
    # Without the correction by R's diagonal, the first element is negative in every draw.
    rng = np.random.default_rng(0)
    positive = sum(orthogonal(rng, (3, 3))[0, 0] > 0 for _ in range(400))
    assert 160 < positive < 240
