"""Noise around any cell: zoneout and dropout.

A wrapper is a cell that holds another. Its noise is drawn once for each `Objective`, from a given
rng, so all passes see the same masks; where nobody draws, in testing, masks are at their mean.
Wrappers may be nested: `Dropout(Zoneout(LSTM(), 0.1), 0.3)`.
"""

import numpy as np

from .cells import Cell


class Wrapper(Cell):
    """What wrappers take over from the cell inside.

    Raises ValueError for what is no cell.
    """

    def __init__(self, cell):
        if not isinstance(cell, Cell):
            raise ValueError(
                f"{type(self).__name__} goes around a cell, an object such as LSTM(), not {cell!r}"
            )
        self.cell, self.name = cell, f"{type(self).__name__.lower()} {cell.name}"
        self.blocks, self.states, self.extras = cell.blocks, cell.states, cell.extras
        self.sums, self.keeps, self.biased = cell.sums, cell.keeps, cell.biased
        self.own, self.start = cell.own, cell.start
        self.activation = getattr(cell, "activation", None)


class Zoneout(Wrapper):
    """s_t = m_t∘s_{t-1} + (1 − m_t)∘s̃_t for each state s, where s̃_t is what the cell inside says.

    Each element of m_t is 1 with the probability `p` of keeping the old value, in testing it is p.
    `p` is one number, or one for each of the cell's states, (p_h, p_c) for an LSTM.
    Raises ValueError for a p below 0 or above 1, and for another number of them.
    Source: Krueger et al. (2017).
    """

    def __init__(self, cell, p):
        super().__init__(cell)
        self.p = (p,) * len(cell.states) if np.ndim(p) == 0 else tuple(p)
        if len(self.p) != len(cell.states) or not all(0 <= one <= 1 for one in self.p):
            raise ValueError(
                f"p is {p}: give a probability from 0 to 1, or one for each of the states "
                f"{', '.join(cell.states)}"
            )
        new = (f"new {name} of {cell.name}" for name in cell.states)
        self.extras = (*new, *cell.extras)

    def noise(self, rng, shape, dtype):
        masks = [_mask(rng, p, shape, dtype) for p in self.p]
        return (*masks, *self.cell.noise(rng, shape, dtype))

    def _split(self, new):
        """Return (states, masks, what the cell inside calls `new`)."""
        n, noise = len(self.states), len(self.states) + len(self.extras)
        return new[:n], new[noise : noise + n], (*new[n:noise], *new[noise + n :])

    def forward(self, p, ax, ah, old, new):
        states, masks, inside = self._split(new)
        self.cell.forward(p, ax, ah, old, inside)
        for s, mask, s_old, s_new in zip(states, masks, old, inside):
            np.multiply(mask, s_old, out=s)  # a mask of 1 keeps the old value to the bit
            s += (1 - mask) * s_new

    def slopes(self, p, ax, ah, old, new, out=None):
        _, masks, inside = self._split(new)
        return (*masks, *self.cell.slopes(p, ax, ah, old, inside, out))

    def back(self, slopes, dnew, dax, dah):
        n = len(self.states)
        kept = [mask * ds for mask, ds in zip(slopes, dnew)]
        inside = [ds - k for ds, k in zip(dnew, kept)]
        direct = self.cell.back(slopes[n:], inside, dax, dah)
        return tuple(k if d is None else k + d for k, d in zip(kept, direct))

    def grad(self, g, slopes, old, new, dax, dah):
        self.cell.grad(g, slopes[len(self.states) :], old, self._split(new)[2], dax, dah)

    def push(self, v, slopes, dax, dah, dold):
        n = len(self.states)
        inside = self.cell.push(v, slopes[n:], dax, dah, dold)
        return tuple(d + mask * (do - d) for d, do, mask in zip(inside, dold, slopes))


class Dropout(Wrapper):
    """The output is m∘h_t: what the readout, the layer above and the recurrent map read.

    The elements of m are 0 with probability `p`, else 1/(1 − p), the same in all steps of a
    sequence; in testing they are 1. The states of the cell inside stay whole, so that what it
    remembers is not lost step by step. Raises ValueError for a p below 0, or not below 1.
    Source: Gal & Ghahramani (2016), the masks on h.
    """

    def __init__(self, cell, p):
        super().__init__(cell)
        if not 0 <= p < 1:
            raise ValueError(f"p is {p}, but it must be at least 0 and below 1")
        self.p, self.states = p, (f"dropped {cell.states[0]}", *cell.states)

    def noise(self, rng, shape, dtype):
        mask = _mask(rng, 1 - self.p, shape[1:], dtype) / dtype.type(1 - self.p)
        return (np.broadcast_to(mask, shape), *self.cell.noise(rng, shape, dtype))

    def _split(self, new):
        """Return (mask, what the cell inside calls `new`)."""
        noise = len(self.states) + len(self.extras)
        return new[noise], (*new[1:noise], *new[noise + 1 :])

    def forward(self, p, ax, ah, old, new):
        mask, inside = self._split(new)
        self.cell.forward(p, ax, ah, old[1:], inside)
        np.multiply(mask, inside[0], out=new[0])

    def slopes(self, p, ax, ah, old, new, out=None):
        mask, inside = self._split(new)
        return (mask, *self.cell.slopes(p, ax, ah, old[1:], inside, out))

    def back(self, slopes, dnew, dax, dah):
        dropped, dh, *others = dnew
        inside = [dh + slopes[0] * dropped, *others]
        direct = self.cell.back(slopes[1:], inside, dax, dah)
        return None, *(np.zeros_like(dh) if d is None else d for d in direct)

    def grad(self, g, slopes, old, new, dax, dah):
        self.cell.grad(g, slopes[1:], old[1:], self._split(new)[1], dax, dah)

    def push(self, v, slopes, dax, dah, dold):
        inside = self.cell.push(v, slopes[1:], dax, dah, dold[1:])
        return slopes[0] * inside[0], *inside


def _mask(rng, p, shape, dtype):
    """Return ones with probability p, else zeros; without an rng their mean, p everywhere."""
    if rng is None:
        return np.broadcast_to(dtype.type(p), shape)
    return (rng.random(shape) < p).astype(dtype)
