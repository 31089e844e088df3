"""Referees: other ways to the same gradient, and a pointer to the first wrong number.

Three referees judge a gradient. They are slow, and share no code with what they judge:

    central_difference   works for every function; about 9 right digits
    complex_step         all digits; the function must work on complex numbers
    autograd_gradient    all digits; an Elman net, written out plainly a second time

`adjoint_gap` judges two linear passes by each other. `first_difference` looks at the intermediate
results of a backward pass and says where they first go wrong.
"""

from collections.abc import Mapping
from itertools import groupby
from typing import Any, NamedTuple, Optional

import autograd
import autograd.numpy as anp
import numpy as np


def relative_error(a, b):
    """Return max |a − b| / max(|a|, |b|), both maxima taken over all elements.

    One number per tensor: small elements are measured by the largest one, because rounding errors
    are of that size. 0 when both are all zeros; NaN, which is below no limit, when one holds a NaN.
    Raises ValueError for different shapes, and for empty tensors.
    """
    a, b = np.asarray(a), np.asarray(b)
    if a.shape != b.shape or a.size == 0:
        raise ValueError(f"cannot compare shapes {a.shape} and {b.shape}")
    largest = max(np.abs(a).max(), np.abs(b).max())
    return 0.0 if largest == 0 else float(np.abs(a - b).max() / largest)


def central_difference(f, theta, step=6e-6):
    """Return the derivative of `f` at `theta` (n,): (f(θ + s·e) − f(θ − s·e)) / 2s for each e.

    (n,) for an f of one number, (…, n) for an f of an array (…). The default step is the cube root
    of float64's precision: a smaller one loses digits to rounding, a larger one to curvature.
    Raises ValueError unless θ is float64.
    """
    _need_float64(theta)

    def slope(e):
        return (f(theta + step * e) - f(theta - step * e)) / (2 * step)

    return np.stack([slope(e) for e in np.eye(theta.size)], axis=-1)


def complex_step(f, theta, step=1e-30):
    """Return the derivative of `f` at `theta` (n,): Im f(θ + i·s·e) / s for each e.

    Nothing is subtracted, so no digit is lost; `f` must be analytic and work on complex arrays.
    (n,) for an f of one number, (…, n) for an f of an array (…).
    Raises ValueError unless θ is float64. Source: Squire & Trapp (1998).
    """
    _need_float64(theta)
    return np.stack([np.imag(f(theta + 1j * step * e)) / step for e in np.eye(theta.size)], axis=-1)


def _need_float64(theta):
    if np.asarray(theta).dtype != np.float64:
        raise ValueError(f"theta is {np.asarray(theta).dtype}: gradient checks need float64")


# The autograd referee writes activations and losses again on purpose: a referee must not share
# code with the accused.
_ACTIVATIONS = {
    "tanh": anp.tanh,
    "logistic": lambda z: 1 / (1 + anp.exp(-z)),
    "relu": lambda z: anp.where(z > 0, z, 0),
    "elu": lambda z: anp.where(z > 0, z, anp.exp(z) - 1),
}
_LOSSES = {
    "cross-entropy": lambda a, y: anp.log(anp.sum(anp.exp(a), axis=-1)) - anp.sum(a * y, axis=-1),
    "squared-error": lambda a, y: anp.mean((a - y) ** 2, axis=-1),
}


def autograd_gradient(network, theta, batch, start=None):
    """Return ∂loss/∂θ of an Elman `network` on `batch`, by autograd, (n,).

    `start` is the state before the first step, a tuple of one (B, H), or None for zeros.
    Raises ValueError for any other cell than Elman's under the plain map.
    """
    if (network.cell.name, network.map.name) != ("elman", "plain"):
        raise ValueError(f"this referee knows Elman nets only, not {network.cell.name!r}")
    x = _vectors(batch.x, network.inputs)
    y = _vectors(batch.y, network.outputs)
    h = np.zeros((x.shape[1], network.hidden)) if start is None else start[0]
    weights = np.ones(x.shape[:2]) if batch.weights is None else batch.weights
    return autograd.grad(lambda vector: _plain_loss(network, vector, x, y, h, weights))(theta)


def _plain_loss(network, theta, x, y, h, weights):
    p, first = {}, 0
    for name, shape in network.shapes.items():
        size = int(np.prod(shape))
        p[name] = anp.reshape(theta[first : first + size], shape)
        first += size
    f = _ACTIVATIONS[network.cell.activation.name]
    loss = _LOSSES[network.loss.name]
    total = 0.0
    for t in range(len(x)):
        h = f(anp.dot(x[t], p["W_xh"]) + anp.dot(h, p["W_hh"]) + p["b_h"])
        outputs = anp.dot(h, p["W_hy"]) + p["b_y"]
        total = total + anp.sum(weights[t] * loss(outputs, y[t]))
    return total / np.sum(weights)


def _vectors(symbols, size):
    """One-hot vectors for symbols (T, B); vectors (T, B, ·) stay as they are."""
    return symbols if symbols.ndim == 3 else np.eye(size)[symbols]


def adjoint_gap(network, theta, batch, start=None, rng=None):
    """Return |⟨u, Jv⟩ − ⟨Jᵀu, v⟩| / max(|⟨u, Jv⟩|, |⟨Jᵀu, v⟩|) for random u and v.

    J is the derivative of all h_t by the recurrent parameters: the network's body computes Jv in
    `push` and Jᵀu in `backward`. The two must be each other's transpose, whatever the loss.
    """
    rng = np.random.default_rng(0) if rng is None else rng
    p, tape = network.params(theta), network.forward(theta, batch.x, start)[1]
    v = network.params(rng.normal(size=theta.shape))
    u = rng.normal(size=tape.h.shape)
    pulled = network.params(np.zeros_like(theta))
    network.body.backward(p, tape, u, pulled)
    pushed = network.body.push(p, tape, v)
    return relative_error(np.vdot(u, pushed), np.vdot(pulled.theta, v.theta))


class Difference(NamedTuple):
    """Where given results first go wrong; `str()` makes a sentence of it.

    `time` and `index` are None where they do not apply: a tensor without a time axis, one that is
    missing, one of the wrong shape.
    """

    name: Optional[str]
    sentence: str
    time: Optional[int] = None
    index: Optional[tuple] = None
    given: Any = None
    expected: Any = None

    def __str__(self):
        return self.sentence


def first_difference(given, expected, forwards=(), backwards=(), tolerance=1e-6):
    """Return the first `Difference` between two dicts of named tensors, or None.

    `expected` lists the tensors in the order in which they are computed. Those named in `forwards`
    and `backwards` have time as their first axis and are computed in a loop over it, from the first
    step up or from the last step down. Neighbours of one direction share a loop: there the
    difference that arose first *in the loop* is returned, whichever tensor shows it.

    `tolerance` is relative to the largest expected element, of the same time step if there is one.
    """
    if not isinstance(given, Mapping):
        names = ", ".join(expected)
        found = type(given).__name__
        return Difference(None, f"you gave a {found}, expected a dict with the names {names}")
    ways = {**dict.fromkeys(forwards, 1), **dict.fromkeys(backwards, -1)}
    for way, names in groupby(expected, lambda name: ways.get(name, 0)):
        found = [_compare(name, given, expected[name], way, tolerance) for name in names]
        found = [difference for difference in found if difference]
        if found:  # `min` keeps the order of the names where the time is the same
            return min(found, key=lambda d: -np.inf if d.time is None else way * d.time)
    return None


def _compare(name, given, expected, way, tolerance):
    """Return the first `Difference` of one tensor, or None; `way` is 1, −1, or 0 without time."""
    expected = np.asarray(expected)
    unusable = _unusable(name, given, expected)
    if unusable:
        return Difference(name, unusable)
    value = np.asarray(given[name])
    axes = tuple(range(1 if way else 0, expected.ndim))
    largest = np.abs(expected).max(axis=axes, keepdims=True)
    # An element that is 0 but for rounding is measured by the whole tensor's largest one.
    allowed = tolerance * (largest + tolerance * np.abs(expected).max())
    wrong = np.argwhere(~(np.abs(value - expected) <= allowed))  # a NaN is wrong, too
    if len(wrong) == 0:
        return None
    time = int(min(wrong[:, 0] * way)) * way if way else None
    index = tuple(int(i) for i in next(i for i in wrong if not way or i[0] == time))
    return _describe(name, time, index, value, expected)


def _unusable(name, given, expected):
    """Return a sentence when `given[name]` cannot be compared with numbers of one shape."""
    if name not in given:
        return f"{name} is missing: you gave {', '.join(map(str, given)) or 'nothing'}"
    if given[name] is None or given[name] is ...:
        return f"{name} is {given[name]}: it has not been computed yet"
    try:
        value = np.asarray(given[name])
    except ValueError:
        return f"{name} is a {type(given[name]).__name__} of unequal parts, expected one array"
    if value.dtype.kind not in "iuf":
        return f"{name} holds {value.dtype} elements, expected numbers ({expected.dtype})"
    if value.shape != expected.shape:
        return f"{name} has the shape {value.shape}, expected {expected.shape}"
    return None


def _describe(name, time, index, value, expected):
    have, want = _distinct(value[index], expected[index])
    place = name if time is None else f"{name} at t = {time}"
    element = f" (element {list(index)})" if index else ""
    if np.isfinite(value[index]):
        sentence = f"{place} differs: you have {have}, expected {want}{element}"
    else:
        sentence = f"{place} is not a finite number: you have {have}, expected {want}{element}"
    if value.dtype != expected.dtype:
        sentence += f"; {name} has the dtype {value.dtype}, expected {expected.dtype}"
    return Difference(name, sentence, time, index, value[index].item(), expected[index].item())


def _distinct(a, b):
    """Return two numbers as texts, with as many digits as it takes to tell them apart."""
    for digits in range(4, 18):
        texts = f"{a:.{digits}g}", f"{b:.{digits}g}"
        if texts[0] != texts[1]:
            break
    return texts
