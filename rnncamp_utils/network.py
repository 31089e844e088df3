"""A recurrent network: recurrence, readout and loss, seen by optimizers as an `Objective` on θ."""

from numbers import Integral

import numpy as np

from . import family, losses, maps, recurrence
from .layers import build
from .params import Params, count, glorot


class Network:
    """h_t = cell(x_t W_xh + b_h, h_{t-1} W_hh),  y_t = h_t W_hy + b_y,  and a loss on all y_t.

    `inputs` is D, or the size of the vocabulary where the input is symbols; `hidden` is H;
    `outputs` is K. `cell` is a cell, the name of one ("gru", "lstm", ...; `family.CELLS`), or the
    name of an activation for an `Elman` cell. `loss` is "cross-entropy" or "squared-error". `dtype`
    is the precision of all arithmetic. `recurrent_map` is "plain" or "multiplicative". `layers` are
    stacked; a `bidirectional` layer has H units that read forwards and H that read backwards.
    Raises ValueError for sizes that are not whole numbers above 0, and for unknown names.
    """

    def __init__(
        self, inputs, hidden, outputs, cell="tanh", loss="cross-entropy", dtype=np.float32,
        recurrent_map="plain", layers=1, bidirectional=False,
    ):
        sizes = {"inputs": inputs, "hidden": hidden, "outputs": outputs, "layers": layers}
        for name, size in sizes.items():
            if not isinstance(size, Integral) or size < 1:
                raise ValueError(f"{name} is {size!r}, but it must be a whole number, at least 1")
        self.inputs, self.hidden, self.outputs, self.layers = map(int, sizes.values())
        self.cell, self.map, self.loss = family.get(cell), maps.get(recurrent_map), losses.get(loss)
        self.bidirectional, self.dtype = bool(bidirectional), np.dtype(dtype)
        self.body = build(
            self.cell, self.map, self.inputs, self.hidden, self.layers, self.bidirectional
        )
        self.workspace = recurrence.Workspace()
        self.shapes = {
            **self.body.shapes,
            "W_hy": (self.body.width, self.outputs),
            "b_y": (self.outputs,),
        }

    @property
    def size(self):
        """How many parameters the network has: the length of θ."""
        return count(self.shapes)

    def initial(self, rng):
        """Return a first θ: Glorot weights, orthogonal recurrent ones, most biases 0."""
        p = Params(self.shapes)
        self.body.initial(rng, {name: p[name] for name in self.body.shapes})
        p["W_hy"][...] = glorot(rng, p["W_hy"].shape)
        return p.theta.astype(self.dtype)

    def params(self, theta):
        """Return θ as named arrays that share its memory."""
        return Params(self.shapes, theta)

    def zero_state(self, sequences):
        """Return the state before the first step: a tuple of zeros (B, H)."""
        return self.body.zero_state(sequences, self.dtype)

    def forward(self, theta, x, start=None, noise=None, empty=recurrence.new_array):
        """Return (outputs (T, B, K), tape) for the inputs `x`, from the state `start` or zeros.

        `x` holds vectors (T, B, D), or integers (T, B) below D, else a ValueError is raised.
        `noise` is that of an `Objective`; None means its mean, as in testing. `empty` provides
        memory, as in `recurrence.forward`.
        """
        p = self.params(theta)
        _check_inputs(x, self.inputs)
        if x.ndim == 3:
            x = x.astype(theta.dtype, copy=False)  # one float64 input would make all float64
        else:
            _check_symbols("input", x, self.inputs)
        if start is None:
            start = self.zero_state(x.shape[1])
        tape = self.body.forward(p, x, start, noise, empty)
        a = empty("a", (*x.shape[:2], self.outputs), theta.dtype)
        return maps.project(tape.h, p["W_hy"], p["b_y"], out=a), tape

    def objective(self, batch, start=None, rng=None):
        """Return the loss of `batch` as an `Objective` on θ; `rng` draws the noise of the cells."""
        return Objective(self, batch, start, rng)


class Objective:
    """The loss of one batch as a function of θ: what an optimizer pulls from.

    `start` is the state the sequences start from; None means zeros. After a pass `end` holds the
    state behind the last step. The noise of zoneout and dropout is drawn once, from `rng`, so that
    all passes see one function; without an rng it is at its mean, as in testing.
    Raises ValueError for targets the network has no output for, and for shapes that do not fit.
    """

    def __init__(self, network, batch, start=None, rng=None):
        _check_inputs(batch.x, network.inputs)
        _check_answers(network, batch)
        if start is not None:
            _check_start(network, start, batch.x.shape[1])
        if isinstance(network.loss, losses.SoftmaxCrossEntropy):
            _check_symbols("target", batch.y, network.outputs)
        self.network, self.batch, self.start, self.end = network, batch, start, None
        self.noise = network.body.noise(rng, *batch.x.shape[:2], network.dtype)

    def loss(self, theta):
        """Return the loss at θ."""
        a, tape = self.network.forward(theta, self.batch.x, self.start, self.noise)
        self.end = tape.end
        return self.network.loss.value(a, self.batch.y, self.batch.weights)

    def loss_and_grad(self, theta):
        """Return (loss, ∂loss/∂θ) at θ."""
        net, batch = self.network, self.batch
        empty = net.workspace.empty
        a, tape = net.forward(theta, batch.x, self.start, self.noise, empty)
        self.end = tape.end
        loss, da = net.loss.value_and_grad(a, batch.y, batch.weights)
        return loss, self._pull(theta, tape, da, empty)

    def grad(self, theta):
        """Return ∂loss/∂θ at θ."""
        return self.loss_and_grad(theta)[1]

    def gauss_newton_product(self, theta, structural=0.0):
        """Return the function v -> Jᵀ H J v at θ.

        J is the derivative of all outputs by θ, H the Hessian of the loss by the outputs.
        Source: Schraudolph (2002). `structural` times the curvature of the mean of ½‖h_t‖² over
        all steps is added, which makes it costly to disturb the hidden states.
        Source: Martens & Sutskever (2011); for tanh units they measure the states by a
        matching loss, and their program adds up the steps where this is a mean.
        """
        net, batch = self.network, self.batch
        a, tape = net.forward(theta, batch.x, self.start, self.noise)
        p = net.params(theta)

        def product(v):
            direction = net.params(v)
            dh = net.body.push(p, tape, direction)
            da = maps.project(dh, p["W_hy"])
            da += maps.project(tape.h, direction["W_hy"], direction["b_y"])
            hda = net.loss.hessian_product(a, batch.y, da, batch.weights)
            return self._pull(theta, tape, hda, added=dh * (structural / (len(dh) * dh.shape[1])))

        return product

    def _pull(self, theta, tape, da, empty=recurrence.new_array, added=None):
        """Return Jᵀ da: from a derivative by the outputs, and `added` by h, to one by θ."""
        net = self.network
        p, g = net.params(theta), net.params(np.empty_like(theta))
        maps.project_grad(g["W_hy"], tape.h, da)
        maps.sum_steps(da, out=g["b_y"])
        dh = maps.project(da, p["W_hy"].T, out=empty("dh", tape.h.shape, da.dtype))
        if added is not None:
            dh += added
        net.body.backward(p, tape, dh, g, empty)
        return g.theta


def _check_inputs(x, inputs):
    """Raise ValueError unless `x` has the shape (T, B) or (T, B, inputs), and is not empty."""
    if x.ndim not in (2, 3) or 0 in x.shape or x.shape[2:] not in ((), (inputs,)):
        raise ValueError(
            f"the inputs have shape {x.shape}, but T steps of B sequences must be symbols of shape "
            f"(T, B) or vectors of shape (T, B, {inputs}), T and B at least 1"
        )


def _check_answers(network, batch):
    """Raise ValueError unless targets and weights fit the network and the inputs."""
    steps = batch.x.shape[:2]
    of_symbols = isinstance(network.loss, losses.SoftmaxCrossEntropy)
    wanted = {"targets": (batch.y, steps if of_symbols else (*steps, network.outputs))}
    if batch.weights is not None:
        wanted["weights"] = batch.weights, steps
    for what, (given, shape) in wanted.items():
        if given.shape != shape:
            raise ValueError(
                f"the {what} have shape {given.shape}, but inputs of shape {batch.x.shape} need "
                f"{shape}: time comes first, then the sequences"
            )
    if batch.weights is not None and not batch.weights.sum() > 0:
        raise ValueError("the weights do not add up to more than 0: no step counts for the loss")


def _check_start(network, start, sequences):
    """Raise ValueError unless `start` holds the network's states, each (B, H)."""
    given, wanted = ([s.shape for s in a] for a in (start, network.zero_state(sequences)))
    if given != wanted:
        raise ValueError(
            f"the start state has shapes {given}, but {sequences} sequences need {wanted}: does it "
            "come from another network, or from a batch with another number of sequences?"
        )


def _check_symbols(what, symbols, size):
    """Raise ValueError unless `symbols` are integers (T, B) from 0 to `size` − 1."""
    if symbols.ndim != 2 or not maps.are_symbols(symbols):
        raise ValueError(
            f"the {what}s are {symbols.dtype} of shape {symbols.shape}, but symbols must be "
            "integers of shape (T, B)"
        )
    # A negative one would count from the end, as NumPy does, and go unnoticed; read without its
    # sign it is larger than any size.
    if symbols.size and symbols.view(symbols.dtype.str.replace("i", "u")).max() >= size:
        t, b = np.argwhere((symbols < 0) | (symbols >= size))[0]
        raise ValueError(
            f"{what} {symbols[t, b]} at time step {t} of sequence {b} is outside the vocabulary: "
            f"this network's {what}s go from 0 to {size - 1}"
        )
