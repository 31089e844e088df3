"""Activation functions, and their slopes written in terms of the function's output.

Both work in place (`out=`), and the functions on complex arrays, so that the complex-step
referee of `gradcheck` can use it.
"""

from functools import lru_cache
from typing import Callable, NamedTuple

import numpy as np


class Activation(NamedTuple):
    """A pointwise function f and its slope f', the latter as a function of y = f(z)."""

    name: str
    f: Callable  # f(z, out=None) -> y
    slope: Callable  # slope(y, out=None) -> f'(z)


def _tanh_slope(y, out=None):
    square = np.multiply(y, y, out=out)
    return np.subtract(1, square, out=square)


@lru_cache
def half_and_one(dtype):
    """Return ½ and 1 as arrays, which NumPy meets half a microsecond faster than Python's numbers.

    In small nets that is a tenth of the time of an LSTM's forward step.
    """
    return np.array(0.5, dtype), np.array(1, dtype)


def _logistic(z, out=None):
    # σ(z) = (1 + tanh(z/2))/2 cannot overflow, and tanh is faster than exp here.
    half, one = half_and_one(z.dtype)
    y = np.multiply(z, half, out=out)
    y = np.tanh(y, out=out)
    y = np.add(y, one, out=out)
    return np.multiply(y, half, out=out)


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
        Activation("tanh", np.tanh, _tanh_slope),
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


BUILT_IN = tuple(ACTIVATIONS)
PROBES = np.linspace(-6.03, 6.07, 41)  # z at which slopes are checked: not 0 or 1, where kinks are
STEP, TOLERANCE = 1e-5, 1e-6  # of the central differences; their own error is about 1e-10


def register(name, f, slope, check=True):
    """Add an activation of your own: every widget and duel made from now on knows it.

    `f(z)` and `slope(y)` take an array of any shape and return a new one; `slope` is f' as a
    function of the output y = f(z), not of z. With `check=False` a wrong slope is let in, to show
    what it does to learning. Returns the `Activation`; a name may be registered again.
    Raises ValueError for a name that is no short word or is built in, for functions that are not
    pointwise or overwrite their argument, and for a slope that central differences disagree with.
    """
    if not (isinstance(name, str) and name.isascii() and name.isidentifier() and len(name) <= 16):
        raise ValueError(f"the name is {name!r}: give a word of at most 16 letters, such as 'mine'")
    if name in BUILT_IN:
        raise ValueError(f"{name!r} is one of the book's own activations: choose another name")
    activation = Activation(name, _adapted(f), _adapted(slope))
    _check_pointwise(f"f of {name!r}", f, PROBES)
    _check_pointwise(f"the slope of {name!r}", slope, activation.f(PROBES))
    if check:
        _check_slope(activation)
    ACTIVATIONS[name] = activation
    return activation


def _adapted(function):
    """Give a plain function the `out=` that cells use, and keep it to its input's precision."""

    def adapted(z, out=None):
        result = np.array(function(z), dtype=z.dtype)
        if out is None:
            return result
        np.copyto(out, result)
        return out

    return adapted


def _check_pointwise(what, function, values):
    """Raise ValueError unless each output depends on its own input, and inputs stay as they are."""
    given = values.copy()
    together = np.asarray(function(given))
    if not np.array_equal(given, values):
        raise ValueError(f"{what} overwrites its argument: compute a new array and return that")
    if together.shape != values.shape:
        raise ValueError(
            f"{what} returns shape {together.shape} for shape {values.shape}: it must return one "
            "number for each it is given"
        )
    for value, among_others in zip(values, together):
        alone = np.asarray(function(np.array([[value]])))
        if alone.shape != (1, 1) or not np.isclose(alone[0, 0], among_others, 1e-9, 1e-12):
            raise ValueError(
                f"{what} gives {among_others:.6g} for {value:.6g} among other numbers, but "
                f"{alone.ravel()} for that number alone: it must be pointwise and finite"
            )


def _check_slope(activation):
    """Raise ValueError, saying where, unless the slope agrees with central differences of f."""
    name, f, slope = activation
    y = f(PROBES)
    numeric = (f(PROBES + STEP) - f(PROBES - STEP)) / (2 * STEP)
    wrong = np.abs(slope(y) - numeric) > TOLERANCE * np.maximum(1, np.abs(numeric))
    if not wrong.any():
        return
    k = np.argmax(np.abs(slope(y) - numeric))
    hint = ""
    if np.allclose(slope(PROBES), numeric, 0, TOLERANCE):
        hint = " It would be right as a function of z: write it as a function of the output y."
    raise ValueError(
        f"the slope of {name!r} is wrong at {wrong.sum()} of {len(PROBES)} places, most of all at "
        f"z = {PROBES[k]:.4g}, where y = f(z) = {y[k]:.4g}: slope(y) gives {slope(y)[k]:.4g}, but "
        f"f rises by {numeric[k]:.4g} per unit of z there.{hint}"
    )
