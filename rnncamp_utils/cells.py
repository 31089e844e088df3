"""The equations of each recurrent cell, one time step, pointwise, and nothing else.

A recurrent step is "affine, then pointwise": `recurrence` computes the pre-activations
`ax = x W_xh + b_h` and `ah = h W_hh`, and a cell turns them into the next state. Both are
(blocks, B, H): a block for each gate; or (B, H) where a cell has one block. Time and matrix
products live in `recurrence`. What a cell states is listed in `Cell`; then come four functions:

    forward(p, ax, ah, old, new)            fills the arrays of `new`; may overwrite ax and ah
    slopes(p, ax, ah, old, new, out=None)   the local derivatives, of many time steps at once:
                                            (blocks, T, B, H); may use `out`, an array like ax
    back(slopes, dnew, dax, dah)            the linearized step, transposed: fills dax (and dah,
                                            unless `sums`), returns what flows to `old` directly;
                                            may overwrite `dnew` and `slopes`
    push(v, slopes, dax, dah, dold)         the linearized step, forwards, where the cell's own
                                            parameters move along `v`

`back` and `push` are one linear map and its transpose; `slopes` holds its coefficients. `old` and
`new` are tuples of (B, H): `old` the states, `new` the states, the extras, then the noise.
"""

import numpy as np

from . import activations


class Cell:
    """What every cell states, and what holds for most of them."""

    blocks = 1  # how many blocks of H pre-activations it wants: gates, candidates
    states = ("h",)  # the state arrays, each (B, H); the first is the cell's output h
    extras = ()  # more arrays (B, H) that forward fills for the backward pass
    sums = False  # True when ax and ah enter only through ax + ah
    keeps = ()  # which of "ax" and "ah" `slopes` needs; the others are forgotten
    biased = True  # whether ax holds a bias b_h

    def own(self, hidden):
        """Return the shapes of the cell's own parameters by name."""
        return {}

    def start(self, p):
        """Set the first values of parameters that should not begin as zeros."""

    def noise(self, rng, shape, dtype):
        """Draw the noise of all steps, a tuple of arrays (T, B, H); its mean where rng is None."""
        return ()

    def grad(self, g, slopes, old, new, dax, dah):
        """Add to the own parameters of `g`: of many time steps at once, after `back` saw each."""


class Elman(Cell):
    """h_t = f(ax_t + ah_t): the simple recurrent network. Source: Elman (1990).

    `activation`: "tanh", "logistic", "relu" or "elu".
    """

    name = "elman"
    sums = True

    def __init__(self, activation="tanh"):
        self.activation = activations.get(activation)

    def forward(self, p, ax, ah, old, new):
        (h,) = new
        self.activation.f(np.add(ax, ah, out=h), out=h)

    def slopes(self, p, ax, ah, old, new, out=None):
        (h,) = new
        return (self.activation.slope(h, out=out),)

    def back(self, slopes, dnew, dax, dah):
        (slope,), (dh,) = slopes, dnew
        np.multiply(dh, slope, out=dax)
        return (None,)  # h reaches the next h through ah alone

    def push(self, v, slopes, dax, dah, dold):
        (slope,) = slopes
        return (slope * (dax + dah),)


class LSTM(Cell):
    """c_t = f∘c_{t-1} + i∘g;  h_t = o∘tanh(c_t): long short-term memory, in today's form.

    o = σ(ax_o + ah_o), i = σ(ax_i + ah_i), f = σ(ax_f + ah_f), g = tanh(ax_g + ah_g): four blocks
    of pre-activations, in this order. Sources: Hochreiter & Schmidhuber (1997), without f; Gers,
    Schmidhuber & Cummins (2000) for the forget gate f, whose bias starts at 1 (Jozefowicz, Zaremba
    & Sutskever 2015).
    """

    name = "lstm"
    blocks = 4
    states = ("h", "c")
    extras = ("tanh_c",)
    sums = True
    keeps = ("ax",)  # where forward leaves the gates

    def start(self, p):
        blocks(p["b_h"], 4)[2] = 1

    def forward(self, p, ax, ah, old, new):
        (_, c_old), (h, c, tanh_c) = old, new
        ax += ah
        squash(ax, gates=3)
        o, i, f, g = ax
        np.multiply(f, c_old, out=c)
        c += i * g  # the constant error carousel: c changes by addition, its past fades by f alone
        np.tanh(c, out=tanh_c)
        np.multiply(o, tanh_c, out=h)

    def slopes(self, p, ax, ah, old, new, out=None):
        (_, c_old), (_, _, tanh_c) = old, new
        o, i, f, g = ax
        da = gate_slopes(ax, gates=3, out=out)
        by_o, by_i, by_f, by_g = da
        by_o *= tanh_c  # ∂h/∂a_o; the other three are ∂c/∂a
        by_i *= g
        by_f *= c_old
        by_g *= i
        dh_dc = tanh_c * tanh_c
        np.subtract(1, dh_dc, out=dh_dc)
        dh_dc *= o
        return da, dh_dc, f  # f is ∂c/∂c_old

    def back(self, slopes, dnew, dax, dah):
        (da, dh_dc, dc_dc), (dh, dc) = slopes, dnew
        dc += dh * dh_dc
        np.multiply(da[0], dh, out=dax[0])
        np.multiply(da[1:], dc, out=dax[1:])
        return None, dc * dc_dc  # the error rides the carousel

    def push(self, v, slopes, dax, dah, dold):
        (da, dh_dc, dc_dc), (_, dc_old) = slopes, dold
        moved = da * (dax + dah)
        dc = dc_dc * dc_old + moved[1:].sum(axis=0)
        return moved[0] + dh_dc * dc, dc


class GRU(Cell):
    """r, z = σ(ax + ah);  n = tanh(ax_n + r∘(ah_n + b_hn));  h_t = (1 − z)∘n + z∘h_{t-1}.

    The variant that resets *after* the product with W_hh, as PyTorch and cuDNN do. Source: Cho et
    al. (2014), eq. 5 to 8, where r meets h before the product; Chung et al. (2014) exchange z and
    1 − z. The blocks of the pre-activations are, in this order, r, z, n.
    """

    name = "gru"
    blocks = 3
    extras = ("reset",)  # what r resets: ah_n + b_hn
    keeps = ("ax",)  # where forward leaves r, z and n

    def own(self, hidden):
        return {"b_hn": (hidden,)}

    def forward(self, p, ax, ah, old, new):
        (h_old,), (h, reset) = old, new
        r, z, n = ax
        gates = ax[:2]
        gates += ah[:2]
        squash(gates, gates=2)
        np.add(ah[2], p["b_hn"], out=reset)
        n += r * reset
        np.tanh(n, out=n)
        np.subtract(h_old, n, out=h)  # (1 − z)∘n + z∘h_old = n + z∘(h_old − n)
        h *= z
        h += n

    def slopes(self, p, ax, ah, old, new, out=None):
        (h_old,), (_, reset) = old, new
        r, z, n = ax
        da = gate_slopes(ax, gates=2, out=out)
        by_r, by_z, by_n = da
        by_z *= h_old - n
        by_n *= 1 - z
        by_r *= by_n
        by_r *= reset
        return da, r, z

    def back(self, slopes, dnew, dax, dah):
        (da, r, z), (dh,) = slopes, dnew
        np.multiply(da, dh, out=dax)
        dah[:2] = dax[:2]
        np.multiply(dax[2], r, out=dah[2])
        return (dh * z,)

    def grad(self, g, slopes, old, new, dax, dah):
        g["b_hn"][...] += dah[2].sum(axis=(0, 1))

    def push(self, v, slopes, dax, dah, dold):
        (da, r, z), (dh_old,) = slopes, dold
        moved = dax + dah
        moved[2] = dax[2] + r * (dah[2] + v["b_hn"])
        return ((da * moved).sum(axis=0) + z * dh_old,)


def blocks(a, n):
    """View (…, n·H) as (…, n, H)."""
    return a.reshape(*a.shape[:-1], n, a.shape[-1] // n)


def squash(a, gates):
    """Apply, in place, the logistic function to the first `gates` blocks, tanh to the rest.

    σ(z) = (1 + tanh(z/2))/2, so one tanh serves all blocks.
    """
    first, (half, one) = a[:gates], activations.half_and_one(a.dtype)
    first *= half
    np.tanh(a, out=a)
    first += one
    first *= half


def gate_slopes(y, gates, out=None):
    """Return the slopes of `squash` as functions of its values: y(1 − y), and 1 − y²."""
    out = np.empty_like(y) if out is None else out
    np.subtract(1, y[:gates], out=out[:gates])
    out[:gates] *= y[:gates]
    np.multiply(y[gates:], y[gates:], out=out[gates:])
    np.subtract(1, out[gates:], out=out[gates:])
    return out
