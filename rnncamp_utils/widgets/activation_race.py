"""The activation race: one net for each activation, trained side by side on the duel's letters."""

from dataclasses import dataclass, replace
from itertools import cycle

import numpy as np

from .. import training
from ..activations import ACTIVATIONS
from ..challenges import TASKS
from ..network import Network
from ..optimizers import Momentum
from ..plots import BLACK, BLUE, GREEN, ORANGE, PURPLE, SKY, YELLOW, figure
from .controls import Choice
from .scene import ANEW, LIVE, Scene, draw_curve, with_defaults

GOAL_STEP, GOAL_LOSS = 300, 1.0
LENGTH, SEQUENCES = 12, 8
LOSSES, NORMS = (0.5, 3.5), (1e-2, 1e2)  # limits of the axes
RATE = replace(LIVE[0], options=(0.001, 0.01, 0.03, 0.1, 0.3, 1, 2, 3, 5, 10), default=0.3)
LOOKS = tuple(zip((BLUE, ORANGE, GREEN, PURPLE, SKY, YELLOW, BLACK), ("-", "--", "-.", ":") * 2))


@dataclass(frozen=True)
class RaceState:
    """The state of all nets after the same step; a net that diverged keeps its last good one."""

    step: int
    lanes: tuple  # of `training.State`

    @property
    def theta(self):
        """The parameters of all nets, one after the other."""
        return np.concatenate([lane.theta for lane in self.lanes])


class ActivationRace(Scene):
    """All activations that are registered, under the same conditions, at the same time."""

    title = "Same task, same settings: which activation?"
    goal = (
        f"with learning rate 0.3, tanh is far ahead of logistic. Find a learning rate with which "
        f"logistic falls below {GOAL_LOSS} nats (the green zone) within {GOAL_STEP} steps. Who "
        "leads then?"
    )
    alt = (
        "Two panels over 300 training steps. The held-out losses of four nets: those of tanh, elu "
        "and relu fall close together to little more than 1 nat, that of logistic stays high. "
        "The norms of their gradients: logistic's is the smallest."
    )
    controls = with_defaults(
        (
            RATE,
            *LIVE[1:],
            Choice("scale", "scale of W_hh", (0.25, 0.5, 1, 2, 4, 8), 1,
                   help="a factor on the recurrent weights that all nets start from"),
            Choice("hidden", "hidden units", (8, 16, 24, 32, 64), 24),
            *(control for control in ANEW if control.name == "seed"),
        ),
        momentum=0,
    )
    pace = 10
    still = 300
    every = 10  # steps from one measurement to the next

    def __init__(self):
        self._task = TASKS["letters"]
        self._held_out = self._task.held_out(LENGTH)

    def train(self, settings, state=None):
        if state is None:
            state = self._begin(settings)
        yield state
        source = self._task.source(LENGTH, SEQUENCES)
        lanes = zip(self.networks, self.optimizers, state.lanes)
        runs = [training.train(net, source, optimizer, lane) for net, optimizer, lane in lanes]
        while True:
            moved = zip(self.names, runs, state.lanes)
            state = RaceState(state.step + 1, tuple(self._move(*lane) for lane in moved))
            if state.step % self.every == 0:
                self._measure(state)
            yield state

    def _begin(self, settings):
        self.names, self.out = tuple(ACTIVATIONS), {}
        inputs, outputs, loss = self._task.sizes
        self.networks = [
            Network(inputs, settings["hidden"], outputs, name, loss) for name in self.names
        ]
        self.optimizers = [Momentum() for _ in self.names]
        self.tune(settings)
        lanes = tuple(
            training.start(net, optimizer, settings["seed"])
            for net, optimizer in zip(self.networks, self.optimizers)
        )
        for net, lane in zip(self.networks, lanes):
            net.params(lane.theta)["W_hh"][...] *= settings["scale"]
        state = RaceState(0, lanes)
        self.curves = {name: [] for name in self.names}
        self.norms = {name: [] for name in self.names}
        self._measure(state)
        return state

    def _move(self, name, run, lane):
        """Return the next state of one net, or its last when it has diverged: the others go on."""
        if name not in self.out:
            try:
                return next(run)
            except training.Diverged as error:
                self.out[name] = error.step
        return lane

    def _measure(self, state):
        with np.errstate(all="ignore"):
            for name, net, lane in zip(self.names, self.networks, state.lanes):
                out = name in self.out
                loss = np.nan if out else net.objective(self._held_out).loss(lane.theta)
                loss = loss if np.isfinite(loss) else np.inf
                self.curves[name].append((state.step, float(loss)))
                if state.step and not out:
                    self.norms[name].append((state.step, float(np.median(lane.norms[-10:]))))

    def tune(self, settings):
        for optimizer in self.optimizers:
            optimizer.lr, optimizer.clip = settings["lr"], settings["clip"]
            optimizer.momentum = settings["momentum"]

    def figure(self, settings):
        fig, (left, right) = figure(9.6, 3.8, ncols=2, width_ratios=[3, 2])
        left.set(title="Loss on text they have never seen", xlabel="training step",
                 ylabel="nats per letter", xlim=(0, GOAL_STEP), ylim=LOSSES)
        left.axhspan(LOSSES[0], GOAL_LOSS, color=GREEN, alpha=0.2, linewidth=0)
        right.set(title="Size of the gradient", xlabel="training step", ylabel="norm, not clipped",
                  xlim=(0, GOAL_STEP), ylim=NORMS, yscale="log")
        self._lines = [self._plot(ax) for ax in (left, right)]
        left.legend(loc="upper right", ncols=2)
        return fig

    def _plot(self, ax):
        looks = zip(self.names, cycle(LOOKS))
        return [ax.plot([], [], color=color, linestyle=style, linewidth=2, label=name)[0]
                for name, (color, style) in looks]

    def draw(self, state):
        for lines, curves, limits in zip(self._lines, (self.curves, self.norms), (LOSSES, NORMS)):
            for line, name in zip(lines, self.names):
                if curves[name]:
                    draw_curve(line, curves[name], limits)
        return [line for lines in self._lines for line in lines]

    def describe(self, state):
        parts = [
            f"{name} out at step {self.out[name]}" if name in self.out
            else f"{name} {_number(self.curves[name][-1][1])}"
            for name in self.names
        ]
        reached = [step for step, loss in self.curves["logistic"] if loss < GOAL_LOSS]
        goal = f" Logistic first below {GOAL_LOSS} at step {reached[0]}." if reached else ""
        return f"Step {state.step}: held-out loss {', '.join(parts)}.{goal}"


def _number(loss):
    return f"{loss:.2f}" if np.isfinite(loss) else "∞"
