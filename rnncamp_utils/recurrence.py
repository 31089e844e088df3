"""The only loops over time: forward, backward (BPTT) and push (the linearized forward pass).

Arrays are time-major. Inputs `x` are symbols, integers (T, B), or vectors (T, B, D). Products
over all time steps are done at once, before or after the loop; inside it stands only what
depends on the step before.
"""

from typing import NamedTuple

import numpy as np

from .maps import new_array, project, project_grad, sum_steps


class Tape(NamedTuple):
    """What a forward pass leaves for the backward pass."""

    x: np.ndarray  # (T, B) symbols or (T, B, D)
    ax: np.ndarray  # (T, B, blocks·H), or None where the cell does not keep it
    ah: np.ndarray  # the same
    states: tuple  # of (T + 1, B, H): row 0 is the start, row t + 1 follows x[t]
    others: tuple  # the cell's extras and its noise, (T, B, H)
    factors: tuple  # what the recurrent map keeps, (T, B, H)

    @property
    def h(self):
        """The outputs h_1 … h_T, (T, B, H)."""
        return self.states[0][1:]

    @property
    def end(self):
        """The state after the last step, a tuple of (B, H): copies, which outlive the tape."""
        return tuple(s[-1].copy() for s in self.states)

    @property
    def old(self):
        """What the cell calls `old`, of all steps."""
        return tuple(s[:-1] for s in self.states)

    @property
    def new(self):
        """What the cell calls `new`, of all steps."""
        return (*(s[1:] for s in self.states), *self.others)


class Workspace:
    """Large arrays of one training step, used again in the next.

    To get a large array anew costs as much as to fill it. Whoever hands a workspace to a pass must
    be done with the last pass's arrays.
    """

    def __init__(self):
        self._arrays = {}

    def empty(self, name, shape, dtype):
        """Return the array `name`, uninitialized: the last one where shape and dtype agree."""
        array = self._arrays.get(name)
        if array is None or array.shape != shape or array.dtype != dtype:
            array = self._arrays[name] = np.empty(shape, dtype)
        return array


def forward(p, cell, recurrent_map, x, start, noise=None, empty=new_array):
    """Run `cell` over `x` from the state `start`, a tuple of (B, H), and return the `Tape`.

    `noise` is what `cell.noise` drew; None means its mean. `empty(name, shape, dtype)` provides the
    memory of large arrays, here and in `backward`.
    """
    W = p["W_xh"]
    shape, dtype, hidden = (*x.shape[:2], W.shape[1]), W.dtype, (*x.shape[:2], start[0].shape[1])
    ax = project(x, W, p["b_h"] if cell.biased else None, out=empty("ax", shape, dtype))
    # An ah that is not kept is the same memory in all steps: it stays in the cache.
    kept = "ah" in cell.keeps
    ah = empty("ah", shape, dtype) if kept else [np.empty(shape[1:], dtype)] * len(x)
    states = _stacks(cell, start, len(x), dtype, empty)
    noise = cell.noise(None, hidden, dtype) if noise is None else noise
    others = (*(empty(name, hidden, dtype) for name in cell.extras), *noise)
    factors = recurrent_map.factors(p, x, empty)
    olds = zip(*(stack[:-1] for stack in states))
    news = zip(*(stack[1:] for stack in states), *others)
    for ax_t, ah_t, old, new, factors_t in zip(ax, ah, olds, news, _by_step(factors, len(x))):
        recurrent_map.forward(p, old[0], factors_t, ah_t)
        cell.forward(p, ax_t, ah_t, old, new)
    ax, ah = (a if name in cell.keeps else None for name, a in (("ax", ax), ("ah", ah)))
    return Tape(x, ax, ah, states, others, factors)


def backward(p, cell, recurrent_map, tape, dh, g, empty=new_array):
    """Backpropagation through time: fill the recurrent parameters of `g`; return the slope of ax.

    `dh` (T, B, H) is the derivative of the loss by each h_t through the readout alone; the part
    that comes back from step t + 1 is added here (`carry`). Source: Werbos (1990).
    """
    shape = *dh.shape[:2], p["W_xh"].shape[1]
    dax = empty("dax", shape, dh.dtype)
    # The slopes of a step may lie where its dax comes: each large array less is felt.
    slopes = cell.slopes(p, tape.ax, tape.ah, tape.old, tape.new, out=dax)
    slopes_by_step, factors = list(zip(*slopes)), _by_step(tape.factors, len(dh))
    dah = dax if cell.sums else empty("dah", shape, dh.dtype)
    transposed = recurrent_map.transposed(p)
    carry = [np.zeros_like(s[0]) for s in tape.states]
    for t in reversed(range(len(dh))):
        carry[0] += dh[t]
        direct = cell.back(slopes_by_step[t], carry, dax[t], dah[t])
        carry = [recurrent_map.back(transposed, factors[t], dah[t]), *direct[1:]]
        if direct[0] is not None:
            carry[0] += direct[0]
    recurrent_map.grad(g, tape.x, tape.states[0][:-1], tape.factors, dah)
    cell.grad(g, slopes, tape.old, tape.new, dax, dah)
    project_grad(g["W_xh"], tape.x, dax)
    if cell.biased:
        sum_steps(dax, out=g["b_h"])
    return dax


def input_grad(p, recurrent_map, tape, dax):
    """Return the derivative of the loss by x, (T, B, D), after `backward` returned `dax`."""
    return project(dax, p["W_xh"].T) + recurrent_map.input_grad(p, tape.factors)


def push(p, cell, recurrent_map, tape, v, dx=None):
    """Return the change of every h_t, (T, B, H), when the parameters move along `v`.

    `dx` (T, B, D) is how the inputs move, or None where they do not.
    This is the R-pass: the forward pass, linearized. Source: Pearlmutter (1994).
    """
    slopes = list(zip(*cell.slopes(p, tape.ax, tape.ah, tape.old, tape.new)))
    dax = project(tape.x, v["W_xh"], v["b_h"] if cell.biased else None)
    dfactors = recurrent_map.factors(v, tape.x)
    if dx is not None:
        dax += project(dx, p["W_xh"])
        for a, b in zip(dfactors[:1], recurrent_map.factors(p, dx)):
            a += b
    factors, dfactors = (_by_step(f, len(dax)) for f in (tape.factors, dfactors))
    dstate = tuple(np.zeros_like(s[0]) for s in tape.states)
    dh = np.empty_like(tape.h)
    for t in range(len(dax)):
        dah = recurrent_map.push(p, v, tape.states[0][t], dstate[0], factors[t], dfactors[t])
        dstate = cell.push(v, slopes[t], dax[t], dah, dstate)
        dh[t] = dstate[0]
    return dh


def _stacks(cell, start, steps, dtype, empty):
    """Return an array (T + 1, B, H) for each state, whose row 0 is the start."""
    stacks = []
    for name, s in zip(cell.states, start):
        stacks.append(empty(name, (steps + 1, *s.shape), dtype))
        stacks[-1][0] = s
    return tuple(stacks)


def _by_step(arrays, steps):
    """Return the rows of the `arrays` step by step: a list of tuples, empty without arrays."""
    return list(zip(*arrays)) or [()] * steps
