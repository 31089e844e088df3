"""What reads the inputs of all steps and leaves h: a layer, or layers side by side or in a stack.

All have the same functions, so that a network does not see which one it holds:

    shapes, width                 shapes of the parameters by name; how many units a step's h has
    initial(rng, p)               fills the named arrays `p` with first values
    zero_state(sequences, dtype)  the state before the first step, a tuple of (B, H)
    noise(rng, T, B, dtype)       the noise of all steps, to be handed to `forward`
    forward(p, x, start, noise, empty)  -> tape, with tape.h (T, B, width) and tape.end
    backward(p, tape, dh, g, empty)     fills `g`, returns a function that gives the slope by x
    push(p, tape, v, dx)                -> the change of h when p moves along v, and x along dx
"""

from typing import NamedTuple

import numpy as np

from . import recurrence
from .params import glorot, orthogonal

RECURRENT = ("W_hh", "W_hf", "W_fh")


class Layer:
    """A cell and its recurrent map, run over time."""

    def __init__(self, cell, recurrent_map, inputs, hidden):
        self.cell, self.map, self.width = cell, recurrent_map, hidden
        wide = cell.blocks * hidden
        self.shapes = {
            "W_xh": (inputs, wide),
            **recurrent_map.shapes(inputs, hidden, cell.blocks),
            **({"b_h": (wide,)} if cell.biased else {}),
            **cell.own(hidden),
        }

    def initial(self, rng, p):
        """Glorot weights, orthogonal recurrent ones, each gate's drawn for itself; biases 0."""
        for name, W in p.items():
            if W.ndim == 2:
                draw = orthogonal if name in RECURRENT else glorot
                for gate in np.split(W, W.shape[1] // self.width, axis=1):
                    gate[...] = draw(rng, gate.shape)
        self.cell.start(p)

    def zero_state(self, sequences, dtype):
        return tuple(np.zeros((sequences, self.width), dtype) for _ in self.cell.states)

    def noise(self, rng, steps, sequences, dtype):
        return self.cell.noise(rng, (steps, sequences, self.width), dtype)

    def forward(self, p, x, start, noise=None, empty=recurrence.new_array):
        return recurrence.forward(p, self.cell, self.map, x, start, noise, empty)

    def backward(self, p, tape, dh, g, empty=recurrence.new_array):
        dax = recurrence.backward(p, self.cell, self.map, tape, dh, g, empty)
        return lambda: recurrence.input_grad(p, self.map, tape, dax)

    def push(self, p, tape, v, dx=None):
        return recurrence.push(p, self.cell, self.map, tape, v, dx)


class Tapes(NamedTuple):
    """The tapes of several layers, and what they leave together."""

    parts: list
    h: np.ndarray  # (T, B, width)
    end: tuple


class Reversed:
    """A layer that reads the sequence from its end: h_t follows from x_t and h_{t+1}.

    It starts from zeros behind the last step of every batch: there is no state to carry on.
    """

    def __init__(self, layer):
        self.layer, self.shapes, self.width = layer, layer.shapes, layer.width
        self.initial, self.noise = layer.initial, layer.noise

    def zero_state(self, sequences, dtype):
        return ()

    def forward(self, p, x, start, noise=None, empty=recurrence.new_array):
        start = self.layer.zero_state(x.shape[1], p["W_xh"].dtype)
        tape = self.layer.forward(p, x[::-1], start, noise, empty)
        return Tapes([tape], tape.h[::-1], ())

    def backward(self, p, tape, dh, g, empty=recurrence.new_array):
        dx = self.layer.backward(p, tape.parts[0], dh[::-1], g, empty)
        return lambda: dx()[::-1]

    def push(self, p, tape, v, dx=None):
        dx = None if dx is None else dx[::-1]
        return self.layer.push(p, tape.parts[0], v, dx)[::-1]


class Several:
    """What layers side by side and in a stack share; `parts` maps prefixes of names to layers."""

    def __init__(self, parts):
        self.parts = parts
        self.shapes = {
            prefix + name: shape
            for prefix, part in parts.items()
            for name, shape in part.shapes.items()
        }

    def initial(self, rng, p):
        for prefix, part in self.parts.items():
            part.initial(rng, self._within(p, prefix))

    def zero_state(self, sequences, dtype):
        return sum((part.zero_state(sequences, dtype) for part in self.parts.values()), ())

    def noise(self, rng, steps, sequences, dtype):
        return [part.noise(rng, steps, sequences, dtype) for part in self.parts.values()]

    def _within(self, p, prefix):
        """Return the part's arrays of `p` by the names that the part knows."""
        return {name: p[prefix + name] for name in self.parts[prefix].shapes}

    def _arguments(self, p, start, noise, empty):
        """Yield each part with its share of what `forward` is given, but x."""
        start, noise = list(start), noise or [None] * len(self.parts)
        for (prefix, part), noise_of_part in zip(self.parts.items(), noise):
            states = len(part.zero_state(1, np.float64))
            begin, start = start[:states], start[states:]
            yield part, self._within(p, prefix), begin, noise_of_part, apart(empty, prefix)


class Beside(Several):
    """Layers that read the same inputs; h_t joins what they give. `both_ways` makes such a pair."""

    def __init__(self, parts):
        super().__init__(parts)
        self.width = sum(part.width for part in parts.values())

    def forward(self, p, x, start, noise=None, empty=recurrence.new_array):
        tapes = [
            part.forward(of_part, x, *rest)
            for part, of_part, *rest in self._arguments(p, start, noise, empty)
        ]
        h = np.concatenate([tape.h for tape in tapes], axis=-1)
        return Tapes(tapes, h, sum((tape.end for tape in tapes), ()))

    def backward(self, p, tape, dh, g, empty=recurrence.new_array):
        dxs, column = [], 0
        for (prefix, part), part_tape in zip(self.parts.items(), tape.parts):
            share = dh[..., column : column + part.width]
            column += part.width
            within = self._within(p, prefix), part_tape, share, self._within(g, prefix)
            dxs.append(part.backward(*within, apart(empty, prefix)))
        return lambda: sum(dx() for dx in dxs)

    def push(self, p, tape, v, dx=None):
        dhs = [
            part.push(self._within(p, prefix), part_tape, self._within(v, prefix), dx)
            for (prefix, part), part_tape in zip(self.parts.items(), tape.parts)
        ]
        return np.concatenate(dhs, axis=-1)


class Stack(Several):
    """Layers on top of each other: each reads the h of the one below. Source: Graves (2013)."""

    def __init__(self, parts):
        super().__init__(parts)
        self.width = list(parts.values())[-1].width

    def forward(self, p, x, start, noise=None, empty=recurrence.new_array):
        tapes = []
        for part, of_part, *rest in self._arguments(p, start, noise, empty):
            tapes.append(part.forward(of_part, x, *rest))
            x = tapes[-1].h
        return Tapes(tapes, x, sum((tape.end for tape in tapes), ()))

    def backward(self, p, tape, dh, g, empty=recurrence.new_array):
        dx = None
        for (prefix, part), part_tape in reversed(list(zip(self.parts.items(), tape.parts))):
            dh = dx() if dx else dh
            within = self._within(p, prefix), part_tape, dh, self._within(g, prefix)
            dx = part.backward(*within, apart(empty, prefix))
        return dx

    def push(self, p, tape, v, dx=None):
        for (prefix, part), part_tape in zip(self.parts.items(), tape.parts):
            dx = part.push(self._within(p, prefix), part_tape, self._within(v, prefix), dx)
        return dx


def both_ways(cell, recurrent_map, inputs, hidden):
    """Return two layers side by side, the second reversed. Source: Schuster & Paliwal (1997)."""
    forth, back = (Layer(cell, recurrent_map, inputs, hidden) for _ in range(2))
    return Beside({"forth.": forth, "back.": Reversed(back)})


def build(cell, recurrent_map, inputs, hidden, layers=1, bidirectional=False):
    """Return one layer, or as many as asked for, each of `hidden` units (one way or both ways)."""
    make = both_ways if bidirectional else Layer
    parts = {}
    for k in range(1, layers + 1):
        parts[f"layer{k}."] = make(cell, recurrent_map, inputs, hidden)
        inputs = parts[f"layer{k}."].width
    return Stack(parts) if layers > 1 else parts["layer1."]


def apart(empty, prefix):
    """Return `empty` for one part: no two parts share an array."""
    return lambda name, shape, dtype: empty(prefix + name, shape, dtype)
