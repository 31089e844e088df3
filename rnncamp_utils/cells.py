"""The equations of each recurrent cell, one time step, pointwise, and nothing else.

A recurrent step is "affine, then pointwise": `recurrence` computes the pre-activations
`ax = x W_xh + b_h` and `ah = h W_hh`, both (B, blocks·H), and a cell turns them into the next
state. Time and matrix products live in `recurrence`; a cell states

    blocks       how many blocks of H pre-activations it wants (gates, candidates)
    states       the names of its state arrays, each (B, H); the first is its output h
    sums         True when ax and ah enter only through ax + ah
    keeps        which of "ax" and "ah" `slopes` needs; the others are forgotten, to save memory

and four functions:

    forward(p, ax, ah, old, new)            fills the arrays of `new`; may overwrite ax and ah
    slopes(p, ax, ah, states, out=None)     the local derivatives, of all time steps at once; may
                                            use `out`, the memory in which `back` gets its dax
    back(p, slopes, dnew, dax, dah)         the linearized step, transposed: fills dax (and dah,
                                            unless `sums`), returns what flows to `old` directly
    push(p, slopes, dax, dah, dold)         the linearized step, forwards

`back` and `push` are one linear map and its transpose; `slopes` holds its coefficients.
"""

import numpy as np

from . import activations


class Elman:
    """h_t = f(ax_t + ah_t): the simple recurrent network. Source: Elman (1990).

    `activation`: "tanh", "logistic", "relu" or "elu".
    """

    name = "elman"
    blocks = 1
    states = ("h",)
    sums = True
    keeps = ()

    def __init__(self, activation="tanh"):
        self.activation = activations.get(activation)

    def forward(self, p, ax, ah, old, new):
        (h,) = new
        self.activation.f(np.add(ax, ah, out=h), out=h)

    def slopes(self, p, ax, ah, states, out=None):
        (h,) = states
        return (self.activation.slope(h[1:], out=out),)

    def back(self, p, slopes, dnew, dax, dah):
        (slope,), (dh,) = slopes, dnew
        np.multiply(dh, slope, out=dax)
        return (None,)  # h reaches the next h through ah alone

    def push(self, p, slopes, dax, dah, dold):
        (slope,) = slopes
        return (slope * (dax + dah),)
