"""Activation functions, and their slopes written in terms of the function's output.

Both work in place (`out=`), and the functions on complex arrays, so that the complex-step
referee of `gradcheck` can use it.
"""

from typing import Callable, NamedTuple

import numpy as np


class Activation(NamedTuple):
    """A pointwise function f and its slope f', the latter as a function of y = f(z)."""

    name: str
    f: Callable  # f(z, out=None) -> y
    slope: Callable  # slope(y, out=None) -> f'(z)


def _tanh(z, out=None):
    return np.tanh(z, out=out)


def _tanh_slope(y, out=None):
    square = np.multiply(y, y, out=out)
    return np.subtract(1, square, out=square)


def _logistic(z, out=None):
    # σ(z) = (1 + tanh(z/2))/2 cannot overflow, and tanh is faster than exp here.
    y = np.multiply(z, 0.5, out=out)
    y = np.tanh(y, out=out)
    y = np.add(y, 1, out=out)
    return np.multiply(y, 0.5, out=out)


def _logistic_slope(y, out=None):
    rest = np.subtract(1, y, out=out)
    return np.multiply(y, rest, out=rest)


def _relu(z, out=None):
    return np.maximum(z, 0, out=out)


def _relu_slope(y, out=None):
    return np.sign(y, out=out)  # 0 or 1, for y is never negative


def _elu(z, out=None):
    # For z > 0 the second term is 0, for z < 0 the first: no branch, no overflow.
    below = np.expm1(np.minimum(z, 0))
    return np.add(np.maximum(z, 0), below, out=out)


def _elu_slope(y, out=None):
    below = np.minimum(y, 0, out=out)
    return np.add(below, 1, out=below)


ACTIVATIONS = {
    a.name: a
    for a in (
        Activation("tanh", _tanh, _tanh_slope),
        Activation("logistic", _logistic, _logistic_slope),
        Activation("relu", _relu, _relu_slope),
        Activation("elu", _elu, _elu_slope),
    )
}


def get(name):
    """Return the `Activation` called `name`.

    Raises ValueError, listing the known names, for any other name.
    Sources: LeCun et al. (1998), "Efficient BackProp" (tanh, logistic); Nair & Hinton (2010)
    (relu); Clevert, Unterthiner & Hochreiter (2016) (elu, with α = 1).
    """
    if name not in ACTIVATIONS:
        known = ", ".join(ACTIVATIONS)
        raise ValueError(f"unknown activation {name!r}: the known ones are {known}")
    return ACTIVATIONS[name]
