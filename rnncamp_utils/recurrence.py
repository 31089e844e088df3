"""The only loops over time: forward, backward (BPTT) and push (the linearized forward pass).

Arrays are time-major. Inputs `x` are symbols, integers (T, B), or vectors (T, B, D). Products
over all time steps are done at once, before or after the loop; inside it stands only what
depends on the step before.
"""

from threading import local
from typing import NamedTuple

import numpy as np

from .maps import by_block, new_array, project, project_blocks, project_grad, sum_steps

CACHE = 2**19  # bytes of pre-activations whose slopes still lie in the cache when `back` needs them


class Tape(NamedTuple):
    """What a forward pass leaves for the backward pass."""

    x: np.ndarray  # (T, B) symbols or (T, B, D)
    ax: np.ndarray  # (T, blocks, B, H) or (T, B, H), or None where the cell does not keep it
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


class Workspace(local):
    """Large arrays of one training step, used again in the next.

    To get a large array anew costs as much as to fill it. Whoever hands a workspace to a pass must
    be done with the last pass's arrays. Each thread has arrays of its own; a copy begins empty.
    """

    def __init__(self):
        self._arrays = {}

    def __reduce__(self):
        return Workspace, ()

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
    dtype, hidden = p["W_xh"].dtype, (*x.shape[:2], start[0].shape[1])
    ax = _ax(p, cell, x, empty)
    # An ah that is not kept is the same memory in all steps: it stays in the cache.
    shape, kept = (*x.shape[:2], cell.blocks * hidden[2]), "ah" in cell.keeps
    wide = empty("ah", shape, dtype) if kept else [np.empty(shape[1:], dtype)] * len(x)
    ah = by_block(wide, cell.blocks) if kept else [by_block(wide[0], cell.blocks)] * len(x)
    states = _stacks(cell, start, len(x), dtype, empty)
    noise = cell.noise(None, hidden, dtype) if noise is None else noise
    others = (*(empty(name, hidden, dtype) for name in cell.extras), *noise)
    factors = recurrent_map.factors(p, x, empty)
    olds = zip(*(stack[:-1] for stack in states))
    news = zip(*(stack[1:] for stack in states), *others)
    by_step = zip(ax, wide, ah, olds, news, _by_step(factors, len(x)))
    for ax_t, wide_t, ah_t, old, new, factors_t in by_step:
        recurrent_map.forward(p, old[0], factors_t, wide_t)
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
    dah = dax if cell.sums else empty("dah", shape, dh.dtype)
    blocks = [by_block(da, cell.blocks) for da in (dax, dah)]
    transposed, factors = recurrent_map.transposed(p), _by_step(tape.factors, len(dh))
    by_step = list(zip(dh, *blocks, dah, factors))
    carry = [np.zeros_like(s[0]) for s in tape.states]
    for t, slopes in _slopes_backwards(p, cell, tape, blocks, g, empty):
        dh_t, dax_t, dah_t, wide_t, factors_t = by_step[t]
        carry[0] += dh_t
        direct = cell.back(slopes, carry, dax_t, dah_t)
        carry = [recurrent_map.back(transposed, factors_t, wide_t), *direct[1:]]
        if direct[0] is not None:
            carry[0] += direct[0]
    recurrent_map.grad(g, tape.x, tape.states[0][:-1], tape.factors, dah)
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
    ax, ah = (None if a is None else turned(a) for a in (tape.ax, tape.ah))
    slopes = _by_step(cell.slopes(p, ax, ah, tape.old, tape.new), len(tape.x))
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
        dax_t, dah_t = (by_block(a, cell.blocks) for a in (dax[t], dah))
        dstate = cell.push(v, slopes[t], dax_t, dah_t, dstate)
        dh[t] = dstate[0]
    return dh


def _ax(p, cell, x, empty):
    """Return x W_xh + b_h of all time steps, (T, blocks, B, H), or (T, B, H) for one block."""
    W, b = p["W_xh"], p["b_h"] if cell.biased else None
    if cell.blocks == 1:
        return project(x, W, b, empty("ax", (*x.shape[:2], W.shape[1]), W.dtype))
    shape = len(x), cell.blocks, x.shape[1], W.shape[1] // cell.blocks
    return project_blocks(x, W, b, empty("ax", shape, W.dtype))


def _slopes_backwards(p, cell, tape, blocks, g, empty):
    """Yield (t, slopes of step t) from the last step to the first, and fill the own parameters.

    `blocks` are dax and dah by steps and blocks, which the caller fills step by step. The slopes of
    as many steps as fit into the cache are computed at once.
    """
    for name in cell.own(tape.h.shape[2]):
        g[name][...] = 0
    dax, dah = blocks
    count = min(len(dax), max(1, CACHE // dax[0].nbytes))
    memory = empty("slopes", (count, *dax.shape[1:]), dax.dtype)
    for end in range(len(dax), 0, -count):
        part = slice(max(0, end - count), end)
        ax, ah = (None if a is None else turned(a[part]) for a in (tape.ax, tape.ah))
        old, new = (tuple(s[part] for s in side) for side in (tape.old, tape.new))
        out = turned(memory[: end - part.start])
        slopes = cell.slopes(p, ax, ah, old, new, out)
        yield from reversed(list(zip(range(part.start, end), _by_step(slopes, end - part.start))))
        cell.grad(g, slopes, old, new, turned(dax[part]), turned(dah[part]))


def _stacks(cell, start, count, dtype, empty):
    """Return an array (T + 1, B, H) for each state, whose row 0 is the start."""
    stacks = []
    for name, s in zip(cell.states, start):
        stacks.append(empty(name, (count + 1, *s.shape), dtype))
        stacks[-1][0] = s
    return tuple(stacks)


def _by_step(arrays, count):
    """Return the `arrays` step by step: a list of tuples, empty without arrays."""
    return list(zip(*map(turned, arrays))) or [()] * count


def turned(a):
    """Exchange time and blocks: (T, n, B, H) to (n, T, B, H) and back; leave (T, B, H) alone."""
    return a if a.ndim == 3 else a.swapaxes(0, 1)
