"""Hashed n-gram features beside a network: what was read last also speaks to the outputs directly.

Each context, the last 1, 2, … symbols, has a row of a table W_n, (rows, V), and these rows are
added to the network's outputs: y_t = h_t W_hy + b_y + Σ_k W_n[hash(x_{t−k+1} … x_t)]. One softmax
over the sum makes the likelihood exact. The table learns short habits of the text by heart, as an
n-gram model does; the net need only learn the rest. There are more contexts than rows: a hash
function spreads them, and those that meet share a row.

    network = NGramNetwork(V, hidden=100, order=5)
    for state in train(network, windows(ids, 25, 32), Lazy(Adagrad(0.1, clip=1.0)), steps=1000): …

It is used as any `Network`: `train`, `evaluate`, `language_models.sample`, `.probabilities`,
`.dynamic_evaluation`, `.halving`. `sparse_updates.Lazy` makes steps fast, as most rows rest.
Source: Mikolov, Deoras, Povey, Burget & Černocký (2011), "Strategies for training large scale
neural network language models", section VII (there the maximum entropy model of the RNNME).
"""

from typing import NamedTuple

import numpy as np

from .maps import project_grad
from .network import Network
from .params import Params
from .recurrence import new_array
from .sparse_updates import SparseObjective

STEP, SPREAD = np.uint64(0x5851F42D4C957F2D), np.uint64(0x9E3779B97F4A7C15)


def rows_of_contexts(symbols, order, bits):
    """Return the rows, (order − 1, T, B), of the contexts of 1 … `order` − 1 symbols at each step.

    `symbols` (order − 2 + T, B) begin with those before the first step; −1 stands for none. The
    rows go from 0 to 2**`bits` − 1: the highest bits of a product with a large odd number.
    Source: Knuth, The Art of Computer Programming 3, section 6.4 (multiplicative hashing).
    """
    symbols = (symbols + 1).astype(np.uint64)
    steps = len(symbols) - order + 2
    key, found = np.zeros((steps, symbols.shape[1]), np.uint64), []
    for first in reversed(range(order - 1)):  # from the newest symbol to the oldest
        key = (key + symbols[first : first + steps] + np.uint64(1)) * STEP  # modulo 2⁶⁴
        found.append((key ^ key >> np.uint64(32)) * SPREAD >> np.uint64(64 - bits))
    return np.array(found).astype(np.intp)


class Tape(NamedTuple):
    """What `NGramNetwork.forward` leaves: the network's own tape, and the rows it looked up."""

    net: tuple
    rows: np.ndarray  # (order − 1, T, B)
    end: tuple  # the state of the network, and the last symbols, (B, order − 2)

    @property
    def h(self):
        return self.net.h


class NGramNetwork(Network):
    """A network for V symbols with features of the last 1 … `order` − 1 symbols beside it.

    With `order` 5 it sees as far directly as a 5-gram model. The table has 2**`bits` rows of V
    weights, which start at 0. A state holds the last symbols, too, so contexts reach back across
    windows. Raises ValueError for an `order` below 2 or `bits` outside 1 … 30, besides what
    `Network` raises.
    """

    def __init__(self, symbols, hidden, order=5, bits=16, cell="tanh", dtype=np.float32):
        super().__init__(symbols, hidden, symbols, cell, dtype=dtype)
        if order < 2 or not 1 <= bits <= 30:
            raise ValueError(f"order is {order}, bits {bits}: at least 2, and from 1 to 30")
        self.order, self.bits = order, bits
        self.described = {"order": order, "bits": bits}
        self.shapes = {**self.shapes, "W_n": (2**bits, symbols)}

    def zero_state(self, sequences):
        """Return the state before the first step: zeros (B, H), and no symbols (B, order − 2)."""
        return *super().zero_state(sequences), np.full((sequences, self.order - 2), -1)

    def forward(self, theta, x, start=None, noise=None, empty=new_array):
        """Return (outputs (T, B, V), tape); arguments as in `Network.forward`."""
        *start, before = self.zero_state(x.shape[1]) if start is None else start
        a, tape = super().forward(theta, x, tuple(start), noise, empty)
        symbols = np.concatenate([before.T, x])
        rows = rows_of_contexts(symbols, self.order, self.bits)
        for rows_of_length in rows:
            a += self.params(theta)["W_n"][rows_of_length]
        return a, Tape(tape, rows, (*tape.end, symbols[len(x) :].T.copy()))

    def objective(self, batch, start=None, rng=None):
        """Return the loss of `batch` as a `SparseObjective` on θ."""
        return NGramObjective(self, batch, start, rng)


class NGramObjective(SparseObjective):
    """The loss of one batch of an `NGramNetwork`: it touches the net and the rows it looks up."""

    def touched(self, theta):
        """Return (loss, places (n,), gradient there), as `SparseObjective` says."""
        net, batch, empty = self.network, self.batch, self.network.workspace.empty
        a, tape = net.forward(theta, batch.x, self.start, self.noise, empty)
        self.end = tape.end
        loss, da = net.loss.value_and_grad(a, batch.y, batch.weights)
        table = len(theta) - net.outputs * 2**net.bits  # where it begins: it is the last in θ
        of_net = self._pull(theta, tape.net, da, empty)[:table]
        rows, which = np.unique(tape.rows, return_inverse=True)
        shapes = {**net.shapes, "W_n": (len(rows), net.outputs)}
        g = Params(shapes, np.concatenate([of_net, np.empty(rows.size * net.outputs, da.dtype)]))
        # Every context of a step has the slope of the step's outputs.
        which, slopes = which.reshape(-1, da.shape[1]), np.concatenate([da] * len(tape.rows))
        project_grad(g["W_n"], which, slopes)
        columns = np.arange(net.outputs)
        places = table + (net.outputs * rows[:, None] + columns).ravel()
        return loss, np.concatenate([np.arange(table), places]), g
