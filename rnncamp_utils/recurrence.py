"""The only loops over time: forward, backward (BPTT) and push (the linearized forward pass).

Arrays are time-major. Inputs `x` are symbols, integers (T, B), or vectors (T, B, D). Products
over all time steps are done at once, before or after the loop; inside it stands only what
depends on the step before.
"""

from typing import NamedTuple

import numpy as np
from scipy import sparse


class Tape(NamedTuple):
    """What a forward pass leaves for the backward pass."""

    x: np.ndarray  # (T, B) symbols or (T, B, D)
    ax: np.ndarray  # (T, B, blocks·H), or None where the cell does not keep it
    ah: np.ndarray  # the same
    states: tuple  # of (T + 1, B, H): row 0 is the start, row t + 1 follows x[t]

    @property
    def h(self):
        """The outputs h_1 … h_T, (T, B, H)."""
        return self.states[0][1:]

    @property
    def end(self):
        """The state after the last step, a tuple of (B, H): copies, which outlive the tape."""
        return tuple(s[-1].copy() for s in self.states)


def new_array(name, shape, dtype):
    """Return an uninitialized array: what `Workspace.empty` does, without remembering."""
    return np.empty(shape, dtype)


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


class Plain:
    """The recurrent map ah = h W_hh."""

    name = "plain"

    def shapes(self, inputs, hidden, blocks):
        """Return the shapes of the map's own weights by name."""
        return {"W_hh": (hidden, blocks * hidden)}

    def forward(self, p, h, out):
        np.dot(h, p["W_hh"], out=out)

    def transposed(self, p):
        """Return what `back` multiplies by: laid out anew once, so that no step has to."""
        return p["W_hh"].T.copy()

    def back(self, transposed, dah):
        return np.dot(dah, transposed)

    def push(self, p, v, h, dh):
        return h @ v["W_hh"] + dh @ p["W_hh"]

    def grad(self, g, h, dah):
        np.matmul(_rows(h).T, _rows(dah), out=g["W_hh"])


def forward(p, cell, recurrent_map, x, start, empty=new_array):
    """Run `cell` over `x` from the state `start`, a tuple of (B, H), and return the `Tape`.

    `empty(name, shape, dtype)` provides the memory of large arrays, here and in `backward`.
    """
    shape, dtype = (*x.shape[:2], len(p["b_h"])), p["b_h"].dtype
    ax = project(x, p["W_xh"], out=empty("ax", shape, dtype))
    ax += p["b_h"]
    # An ah that is not kept is the same memory in all steps: it stays in the cache.
    kept = "ah" in cell.keeps
    ah = empty("ah", shape, dtype) if kept else [np.empty(shape[1:], dtype)] * len(x)
    states = tuple(
        empty(name, (len(x) + 1, *s.shape), dtype) for name, s in zip(cell.states, start)
    )
    for stack, s in zip(states, start):
        stack[0] = s
    rows = list(zip(*states))  # rows[t] is the state before step t
    for ax_t, ah_t, old, new in zip(ax, ah, rows, rows[1:]):
        recurrent_map.forward(p, old[0], ah_t)
        cell.forward(p, ax_t, ah_t, old, new)
    ax, ah = (a if name in cell.keeps else None for name, a in (("ax", ax), ("ah", ah)))
    return Tape(x, ax, ah, states)


def backward(p, cell, recurrent_map, tape, dh, g, empty=new_array):
    """Backpropagation through time: fill the recurrent parameters of `g`.

    `dh` (T, B, H) is the derivative of the loss by each h_t through the readout alone; the part
    that comes back from step t + 1 is added here (`carry`). Source: Werbos (1990).
    """
    shape = *dh.shape[:2], len(p["b_h"])
    dax = empty("dax", shape, dh.dtype)
    # The slopes of a step may lie where its dax comes: each large array less is felt.
    slopes = list(zip(*cell.slopes(p, tape.ax, tape.ah, tape.states, out=dax)))
    dah = dax if cell.sums else empty("dah", shape, dh.dtype)
    transposed = recurrent_map.transposed(p)
    carry = [np.zeros_like(s[0]) for s in tape.states]
    for t in reversed(range(len(dh))):
        carry[0] += dh[t]
        direct = cell.back(p, slopes[t], carry, dax[t], dah[t])
        carry = [recurrent_map.back(transposed, dah[t]), *direct[1:]]
        if direct[0] is not None:
            carry[0] += direct[0]
    recurrent_map.grad(g, tape.states[0][:-1], dah)
    project_grad(g["W_xh"], tape.x, dax)
    _rows(dax).sum(axis=0, out=g["b_h"])


def push(p, cell, recurrent_map, tape, v):
    """Return the change of every h_t, (T, B, H), when the parameters move along `v`.

    This is the R-pass: the forward pass, linearized. Source: Pearlmutter (1994).
    """
    slopes = list(zip(*cell.slopes(p, tape.ax, tape.ah, tape.states)))
    dax = project(tape.x, v["W_xh"])
    dax += v["b_h"]
    dstate = tuple(np.zeros_like(s[0]) for s in tape.states)
    dh = np.empty_like(tape.h)
    for t in range(len(dax)):
        dah = recurrent_map.push(p, v, tape.states[0][t], dstate[0])
        dstate = cell.push(p, slopes[t], dax[t], dah, dstate)
        dh[t] = dstate[0]
    return dh


def project(x, W, out=None):
    """Return x W for all steps: a gather of rows where x holds symbols, else one product.

    Symbols must lie below the number of W's rows. `out`, (T, B, columns of W), is filled if given.
    """
    if out is None:
        out = np.empty((*x.shape[:2], W.shape[1]), W.dtype)
    if np.issubdtype(x.dtype, np.integer):
        return np.take(W, x, axis=0, out=out, mode="clip")  # "raise" would go through a copy
    np.matmul(_rows(x), W, out=_rows(out))
    return out


def project_grad(dW, x, da):
    """Fill `dW` with the derivative of the loss by W, for a = x W and the loss's slope `da`."""
    if not np.issubdtype(x.dtype, np.integer):
        np.matmul(_rows(x).T, _rows(da), out=dW)
        return
    # xᵀ as a sparse matrix of one-hot columns: each row of `da` is added to its symbol's row of dW,
    # many times as fast as by `np.add.at`, and without the zeros of a full product.
    one_hot = np.ones(x.size, da.dtype), x.ravel(), np.arange(x.size + 1)
    dW[...] = sparse.csc_array(one_hot, (len(dW), x.size)) @ _rows(da)


def _rows(a):
    """Time and batch as one axis: (T, B, n) -> (T·B, n)."""
    return a.reshape(-1, a.shape[-1])
