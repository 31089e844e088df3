"""A recurrent network: recurrence, readout and loss, seen by optimizers as an `Objective` on θ."""

from numbers import Integral

import numpy as np

from . import losses, recurrence
from .cells import Elman
from .params import Params, glorot, orthogonal


class Network:
    """h_t = cell(x_t W_xh + b_h, h_{t-1} W_hh),  y_t = h_t W_hy + b_y,  and a loss on all y_t.

    `inputs` is D, or the size of the vocabulary where the input is symbols; `hidden` is H;
    `outputs` is K. `cell` is a cell or the name of an activation for an `Elman` cell. `loss` is
    "cross-entropy" or "squared-error". `dtype` is the precision of all arithmetic.
    Raises ValueError for sizes that are not whole numbers above 0, and for unknown names.
    """

    def __init__(
        self, inputs, hidden, outputs, cell="tanh", loss="cross-entropy", dtype=np.float32
    ):
        for name, size in (("inputs", inputs), ("hidden", hidden), ("outputs", outputs)):
            if not isinstance(size, Integral) or size < 1:
                raise ValueError(f"{name} is {size!r}, but it must be a whole number, at least 1")
        self.inputs, self.hidden, self.outputs = int(inputs), int(hidden), int(outputs)
        self.cell = Elman(cell) if isinstance(cell, str) else cell
        self.map = recurrence.Plain()
        self.loss = losses.get(loss)
        self.dtype = np.dtype(dtype)
        self.workspace = recurrence.Workspace()
        wide = self.cell.blocks * hidden
        self.shapes = {
            "W_xh": (inputs, wide),
            **self.map.shapes(inputs, hidden, self.cell.blocks),
            "b_h": (wide,),
            "W_hy": (hidden, outputs),
            "b_y": (outputs,),
        }

    def initial(self, rng):
        """Return a first θ: Glorot weights, an orthogonal W_hh, biases 0."""
        p = Params(self.shapes)
        for gate in np.split(p["W_xh"], self.cell.blocks, axis=1):
            gate[...] = glorot(rng, gate.shape)
        for gate in np.split(p["W_hh"], self.cell.blocks, axis=1):
            gate[...] = orthogonal(rng, gate.shape)
        p["W_hy"][...] = glorot(rng, p["W_hy"].shape)
        return p.theta.astype(self.dtype)

    def params(self, theta):
        """Return θ as named arrays that share its memory."""
        return Params(self.shapes, theta)

    def zero_state(self, sequences):
        """Return the state before the first step: a tuple of zeros (B, H)."""
        return tuple(np.zeros((sequences, self.hidden), self.dtype) for _ in self.cell.states)

    def forward(self, theta, x, start=None, empty=recurrence.new_array):
        """Return (outputs (T, B, K), tape) for the inputs `x`, from the state `start` or zeros.

        `x` holds vectors (T, B, D), or integers (T, B) below D, else a ValueError is raised.
        `empty` provides memory, as in `recurrence.forward`.
        """
        p = self.params(theta)
        if x.ndim == 3:
            x = x.astype(theta.dtype, copy=False)  # one float64 input would make all float64
        else:
            _check_symbols("input", x, self.inputs)
        if start is None:
            start = self.zero_state(x.shape[1])
        tape = recurrence.forward(p, self.cell, self.map, x, start, empty)
        a = empty("a", (*x.shape[:2], self.outputs), theta.dtype)
        recurrence.project(tape.h, p["W_hy"], out=a)
        a += p["b_y"]
        return a, tape

    def objective(self, batch, start=None):
        """Return the loss of `batch` as an `Objective` on θ."""
        return Objective(self, batch, start)


class Objective:
    """The loss of one batch as a function of θ: what an optimizer pulls from.

    `start` is the state the sequences start from; None means zeros. After a pass `end` holds the
    state behind the last step. Raises ValueError for targets the network has no output for.
    """

    def __init__(self, network, batch, start=None):
        if isinstance(network.loss, losses.SoftmaxCrossEntropy):
            _check_symbols("target", batch.y, network.outputs)
        self.network, self.batch, self.start, self.end = network, batch, start, None

    def loss(self, theta):
        """Return the loss at θ."""
        a, tape = self.network.forward(theta, self.batch.x, self.start)
        self.end = tape.end
        return self.network.loss.value(a, self.batch.y, self.batch.weights)

    def loss_and_grad(self, theta):
        """Return (loss, ∂loss/∂θ) at θ."""
        net, batch = self.network, self.batch
        empty = net.workspace.empty
        a, tape = net.forward(theta, batch.x, self.start, empty)
        self.end = tape.end
        loss, da = net.loss.value_and_grad(a, batch.y, batch.weights)
        return loss, self._pull(theta, tape, da, empty)

    def grad(self, theta):
        """Return ∂loss/∂θ at θ."""
        return self.loss_and_grad(theta)[1]

    def gauss_newton_product(self, theta):
        """Return the function v -> Jᵀ H J v at θ.

        J is the derivative of all outputs by θ, H the Hessian of the loss by the outputs.
        Source: Schraudolph (2002).
        """
        net, batch = self.network, self.batch
        a, tape = net.forward(theta, batch.x, self.start)
        p = net.params(theta)

        def product(v):
            direction = net.params(v)
            dh = recurrence.push(p, net.cell, net.map, tape, direction)
            da = recurrence.project(dh, p["W_hy"])
            da += recurrence.project(tape.h, direction["W_hy"]) + direction["b_y"]
            hda = net.loss.hessian_product(a, batch.y, da, batch.weights)
            return self._pull(theta, tape, hda)

        return product

    def _pull(self, theta, tape, da, empty=recurrence.new_array):
        """Return Jᵀ da: from a derivative by the outputs to one by θ."""
        net = self.network
        p, g = net.params(theta), net.params(np.empty_like(theta))
        recurrence.project_grad(g["W_hy"], tape.h, da)
        da.sum(axis=(0, 1), out=g["b_y"])
        dh = recurrence.project(da, p["W_hy"].T, out=empty("dh", tape.h.shape, da.dtype))
        recurrence.backward(p, net.cell, net.map, tape, dh, g, empty)
        return g.theta


def _check_symbols(what, symbols, size):
    """Raise ValueError unless `symbols` are integers (T, B) from 0 to `size` − 1."""
    if symbols.ndim != 2 or not np.issubdtype(symbols.dtype, np.integer):
        raise ValueError(
            f"the {what}s are {symbols.dtype} of shape {symbols.shape}, but symbols must be "
            "integers of shape (T, B)"
        )
    # A negative one would count from the end, as NumPy does, and go unnoticed.
    if symbols.size and (symbols.min() < 0 or symbols.max() >= size):
        t, b = np.argwhere((symbols < 0) | (symbols >= size))[0]
        raise ValueError(
            f"{what} {symbols[t, b]} at time step {t} of sequence {b} is outside the vocabulary: "
            f"this network's {what}s go from 0 to {size - 1}"
        )
