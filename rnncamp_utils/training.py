"""Training as a generator of complete states, which can be saved and resumed bit for bit."""

import json
import os
from dataclasses import dataclass, field, replace
from itertools import count
from pathlib import Path

import numpy as np

from .batches import Batch

FORMAT = "rnncamp checkpoint 1"


class Diverged(ArithmeticError):
    """Training met a loss or a gradient that is not a finite number.

    `step` is the step that failed, `state` the last good state, `problem` what went wrong.
    """

    def __init__(self, step, what, state):
        self.problem = (
            f"{what} is no longer a finite number at step {step}. The last good state, of step "
            f"{state.step}, is kept."
        )
        super().__init__(
            f"{self.problem} What usually helps: a smaller learning rate, or gradient clipping "
            "(clip=1.0)."
        )
        self.step, self.state = step, state


class CheckpointError(ValueError):
    """A file is not a checkpoint, is damaged, or belongs to another network."""


@dataclass(frozen=True)
class State:
    """All that training needs to go on: nothing else decides the next step.

    `theta` (n,), the optimizer's `memory` (a dict of arrays), the state `rng` of the random
    generator, and `carry`, the recurrent state at the end of the last batch (a tuple of (B, H);
    None before the first).
    """

    step: int
    theta: np.ndarray
    memory: dict
    rng: dict
    carry: tuple = None
    # (loss, gradient norm) of each step. One list serves all states of a run, so that a state
    # costs no copy of it; a state reads its own first `step` entries.
    log: list = field(default_factory=list, repr=False)

    @property
    def losses(self):
        """The loss of each step, before its update, (step,): nats, or squared error."""
        return np.array([loss for loss, _ in self.log[: self.step]])

    @property
    def norms(self):
        """The gradient's norm in each step, before clipping, (step,)."""
        return np.array([norm for _, norm in self.log[: self.step]])


def start(network, optimizer, seed=0):
    """Return the state before the first step; `seed` decides θ and all later draws."""
    rng = np.random.default_rng(seed)
    theta = network.initial(rng)
    return State(0, theta, optimizer.memory(theta), rng.bit_generator.state)


def train(network, batches, optimizer, state=None, steps=None, seed=0):
    """Yield the state after each training step: a generator, endless unless `steps` is given.

    `batches(rng, step)` returns the `Batch` of a step. Training starts from `state`, or anew from
    `seed`. A yielded state never changes afterwards: keep it, save it, or go back to it.
    Raises `Diverged`, with the last good state, when the loss or the gradient is not finite, and
    ValueError for a state that another kind of optimizer made.
    """
    if state is None:
        state = start(network, optimizer, seed)
    _check_memory(optimizer, state)
    rng = np.random.default_rng()
    rng.bit_generator.state = state.rng
    good = state
    for _ in count() if steps is None else range(steps):
        batch = batches(rng, state.step)
        objective = network.objective(batch, None if batch.fresh else state.carry, rng)
        # An overflow is found below and named; NumPy's own warnings would only come on top.
        with np.errstate(all="ignore"):
            theta, memory, loss, norm = optimizer.step(state.theta, objective, state.memory)
        for what, value in (("the loss", loss), ("the gradient", norm)):
            if not np.isfinite(value):
                raise Diverged(state.step + 1, what, good)
        good, log = state, state.log
        if len(log) > state.step:  # another run has gone on from the same state
            log = log[: state.step]
        log.append((float(loss), norm))
        rng_state = rng.bit_generator.state
        state = State(state.step + 1, theta, memory, rng_state, objective.end, log)
        yield state


def curriculum(network, sources, optimizer, mastered, state=None, seed=0):
    """Yield states as `train` does, on one source of batches after the other: easy ones first.

    The next source's turn comes when the loss of a batch is below `mastered`; the last one stays.
    `state` and `seed` are those of `train`; whose turn it is after a `state` is told by its log.
    Source: Bengio, Louradour, Collobert & Weston (2009). Raises ValueError without sources.
    """
    if not sources:
        raise ValueError("there are no sources of batches: give at least one")
    log = [] if state is None else state.log[: state.step]
    behind = sum(loss < mastered for loss, _ in log)
    *easy, hardest = sources[min(behind, len(sources) - 1) :]
    for source in easy:
        for state in train(network, source, optimizer, state, seed=seed):
            yield state
            if state.log[state.step - 1][0] < mastered:
                break
    yield from train(network, hardest, optimizer, state, seed=seed)


def _check_memory(optimizer, state):
    remembers = set(optimizer.memory(state.theta))
    if remembers != set(state.memory):
        raise ValueError(
            f"the state comes from another optimizer: it holds {sorted(state.memory)}, but "
            f"{type(optimizer).__name__} remembers {sorted(remembers)}. Go on with the same one."
        )


def last(states):
    """Run a finite generator of states to its end and return the last one.

    Its arrays are its own: no later step of a `sparse_updates.Lazy` optimizer writes into them.
    Raises ValueError when there is none.
    """
    state = None
    for state in states:
        pass
    if state is None:
        raise ValueError("no step was made, so there is no last state: ask for at least 1 step")
    memory = {name: array.copy() for name, array in state.memory.items()}
    return replace(state, theta=state.theta.copy(), memory=memory)


def evaluate(network, theta, x, y, window=100):
    """Return the mean loss of (x, y), T steps of B sequences, from a zero state.

    The state is carried from window to window of `window` steps, so memory stays small.
    """
    if window < 1:
        raise ValueError(f"window is {window}, but it must be at least 1 step")
    state, total = None, 0.0
    for t in range(0, len(x), window):
        part = Batch(x[t : t + window], y[t : t + window])
        objective = network.objective(part, state)
        total += float(objective.loss(theta)) * len(part.x)
        state = objective.end
    return total / len(x)


def save(path, state, network):
    """Write `state` of `network` to `path`, an `.npz` file, whole or not at all.

    The file is written beside its place and renamed: an interrupted save leaves the old one.
    Raises FileNotFoundError where there is no such folder, IsADirectoryError for a folder.
    """
    path = Path(path)
    if not path.parent.is_dir():
        raise FileNotFoundError(f"there is no folder {path.parent}: make it, or choose another one")
    if path.is_dir():
        raise IsADirectoryError(f"{path} is a folder: give the name of a file in it")
    arrays = {
        "theta": state.theta,
        "log": np.array(state.log[: state.step]).reshape(-1, 2),
        **{f"memory.{name}": value for name, value in state.memory.items()},
        **{f"carry.{i}": value for i, value in enumerate(state.carry or ())},
    }
    about = {"format": FORMAT, "network": _describe(network), "step": state.step, "rng": state.rng,
             "arrays": sorted(arrays)}
    part = path.with_name(path.name + ".part")
    with open(part, "wb") as file:
        np.savez(file, about=np.array(json.dumps(about)), **arrays)
        file.flush()
        os.fsync(file.fileno())
    os.replace(part, path)


def load(path, network):
    """Return the `State` saved at `path` for `network`.

    Raises FileNotFoundError, or `CheckpointError` for a damaged or foreign file.
    """
    with open(path, "rb") as file:
        try:
            described, state = _read(file)
        except Exception as error:  # a damaged file can fail in every place it is read, in any way
            raise CheckpointError(
                f"{path} is not a checkpoint of this course, or it is damaged ({error})"
            ) from error
    if described != _describe(network):
        raise CheckpointError(
            f"{path} belongs to another network: {described}, not {_describe(network)}"
        )
    return state


def _read(file):
    """Return what `save` wrote, (description of the network, state); fails for other files."""
    if file.read(2) != b"PK":  # NumPy would guess at a pickle, and tell how to load it unsafely
        raise ValueError("it is no .npz file")
    file.seek(0)
    with np.load(file, allow_pickle=False) as archive:
        # NumPy stops where a header says so; only a reading to the end compares the checksums.
        if archive.zip.testzip() is not None:
            raise ValueError(f"the checksum of {archive.zip.testzip()} does not fit")
        arrays = {name: archive[name] for name in archive.files}
    about = json.loads(str(arrays.pop("about")))
    if about["format"] != FORMAT:
        raise ValueError(f"its format is {about['format']!r}, not {FORMAT!r}")
    if about["arrays"] != sorted(arrays):  # a zip file's list of contents has no checksum
        raise ValueError(f"it holds {sorted(arrays)}, not {about['arrays']}")
    memory, carry = ({name.removeprefix(kind): value for name, value in arrays.items()
                      if name.startswith(kind)} for kind in ("memory.", "carry."))
    carry = tuple(carry[str(i)] for i in range(len(carry))) or None
    log = [tuple(entry) for entry in arrays["log"].tolist()]
    return about["network"], State(
        about["step"], arrays["theta"], memory, about["rng"], carry, log
    )


def _describe(network):
    """What must agree for a saved θ to fit: plain words and numbers."""
    cell = network.cell
    return {
        "cell": cell.name,
        "activation": getattr(getattr(cell, "activation", None), "name", None),
        "map": network.map.name,
        "sizes": [network.inputs, network.hidden, network.outputs],
        "layers": [network.layers, network.bidirectional],
        "loss": network.loss.name,
        "dtype": network.dtype.name,
        **getattr(network, "described", {}),  # what a network of another kind has besides
    }
