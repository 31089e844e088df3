"""Activation functions, and their slopes written in terms of the function's output.

Both work in place (`out=`), and the functions on complex arrays, so that the complex-step
referee of `gradcheck` can use it.
"""

from functools import lru_cache
from typing import Callable, NamedTuple

import numpy as np


class Activation(NamedTuple):
    """A pointwise function f and its slope f', the latter as a function of h = f(a)."""

    name: str
    f: Callable  # f(a, out=None) -> h
    slope: Callable  # slope(h, out=None) -> f'(a)


def _tanh_slope(h, out=None):
    square = np.multiply(h, h, out=out)
    return np.subtract(1, square, out=square)


@lru_cache
def half_and_one(dtype):
    """Return ½ and 1 as arrays, which NumPy meets half a microsecond faster than Python's numbers.

    In small nets that is a tenth of the time of an LSTM's forward step.
    """
    return np.array(0.5, dtype), np.array(1, dtype)


def _logistic(a, out=None):
    # σ(a) = (1 + tanh(a/2))/2 cannot overflow, and tanh is faster than exp here.
    half, one = half_and_one(a.dtype)
    h = np.multiply(a, half, out=out)
    h = np.tanh(h, out=out)
    h = np.add(h, one, out=out)
    return np.multiply(h, half, out=out)


def _logistic_slope(h, out=None):
    rest = np.subtract(1, h, out=out)
    return np.multiply(h, rest, out=rest)


def _relu(a, out=None):
    return np.maximum(a, 0, out=out)


def _relu_slope(h, out=None):
    return np.sign(h, out=out)  # 0 or 1, for h is never negative


def _elu(a, out=None):
    # For a > 0 the second term is 0, for a < 0 the first: no branch, no overflow.
    below = np.expm1(np.minimum(a, 0))
    return np.add(np.maximum(a, 0), below, out=out)


def _elu_slope(h, out=None):
    below = np.minimum(h, 0, out=out)
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
PROBES = np.linspace(-6.03, 6.07, 41)  # a at which slopes are checked: not 0 or 1, where kinks are
STEP, TOLERANCE = 1e-5, 1e-6  # of the central differences; their own error is about 1e-10


def register(name, f, slope, check=True):
    """Add an activation of your own: every widget and duel made from now on knows it.

    `f(a)` and `slope(h)` take an array of any shape and return a new one; `slope` is f' as a
    function of the output h = f(a), not of a. With `check=False` a wrong slope is let in, to show
    what it does to learning. Returns the `Activation`; a name may be registered again.
    Raises ValueError for a name that is no short word or is built in, for functions that are not
    pointwise or overwrite their argument, and for a slope that central differences disagree with.
    """
    if not (isinstance(name, str) and name.isascii() and name.isidentifier() and len(name) <= 16):
        raise ValueError(
            f"the name is {name!r}: give up to 16 letters from a to z, digits or _, such as 'mine'"
        )
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

    def adapted(a, out=None):
        result = np.array(function(a), dtype=a.dtype)
        if out is None:
            return result
        np.copyto(out, result)
        return out

    return adapted


def _check_pointwise(what, function, values):
    """Raise ValueError unless each output depends on its own input, and inputs stay as they are."""
    given = values.copy()
    together = _on_array(what, function, given)
    if not np.array_equal(given, values):
        raise ValueError(f"{what} overwrites its argument: compute a new array and return that")
    if together.shape != values.shape:
        raise ValueError(
            f"{what} returns shape {together.shape} for shape {values.shape}: it must return one "
            "number for each it is given, even where all are the same (np.full_like(h, 0.5))"
        )
    if not np.isfinite(together).all():
        k = np.argmin(np.isfinite(together))
        raise ValueError(f"{what} gives {together[k]} for {values[k]:.6g}: it must be finite")
    for value, among_others in zip(values, together):
        alone = np.asarray(function(np.array([[value]])))
        if alone.shape != (1, 1) or not np.isclose(alone[0, 0], among_others, 1e-9, 1e-12):
            raise ValueError(
                f"{what} gives {among_others:.6g} for {value:.6g} among other numbers, but "
                f"{alone.ravel()} for that number alone: it must be pointwise"
            )


def _on_array(what, function, values):
    """Return what a reader's function makes of an array; ValueError for the slips of the first try.

    These are functions of one number (`if`, the module math), a forgotten return, two results.
    """
    if not callable(function):
        raise ValueError(f"{what} is {function!r}: give a function, such as lambda a: np.tanh(a)")
    try:
        returned = function(values)
    except Exception as error:  # whatever the reader's code raises is the reader's to see
        raise ValueError(
            f"{what} stopped with {type(error).__name__}: {error}. It is given a whole array: "
            "np.where(a > 0, ..., ...) takes the place of if, np.exp that of math.exp"
        ) from error
    if returned is None:
        raise ValueError(f"{what} returns None: is the return missing?")
    if isinstance(returned, tuple):
        raise ValueError(
            f"{what} returns {len(returned)} results: register wants two functions, f(a) that "
            "returns the output h alone, and slope(h)"
        )
    return np.asarray(returned)


def _check_slope(activation):
    """Raise ValueError, saying where, unless the slope agrees with central differences of f."""
    name, f, slope = activation
    h = f(PROBES)
    numeric = (f(PROBES + STEP) - f(PROBES - STEP)) / (2 * STEP)
    wrong = np.abs(slope(h) - numeric) > TOLERANCE * np.maximum(1, np.abs(numeric))
    if not wrong.any():
        return
    k = np.argmax(np.abs(slope(h) - numeric))
    hint = ""
    if (numeric > TOLERANCE).any() and (numeric < -TOLERANCE).any():
        hint = (
            " f rises at some places and falls at others, so one output can have two slopes, and "
            "no function of the output is right: choose an f that never turns round."
        )
    elif np.allclose(slope(PROBES), numeric, 0, TOLERANCE):
        hint = " It would be right as a function of a: write it as a function of the output h."
    raise ValueError(
        f"the slope of {name!r} is wrong at {wrong.sum()} of {len(PROBES)} places, most of all at "
        f"a = {PROBES[k]:.4g}, where h = f(a) = {h[k]:.4g}: slope(h) gives {slope(h)[k]:.4g}, but "
        f"f rises by {numeric[k]:.4g} per unit of a there.{hint}"
    )
