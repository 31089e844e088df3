"""The gradient's way back through time, live, one time step at a time."""

import numpy as np

from ..batches import Batch
from ..network import Network
from ..plots import BLACK, BLUE, GREEN, GREY, ORANGE, figure
from .controls import Choice
from .scene import ANEW, LIVE, ElmanScene, draw_curve, with_defaults

ITEMS, STEPS = 4, 20  # symbols to keep in mind, time steps until the question
GOAL_STEP, GOAL_SHARE = 100, 0.5
FLOOR = 1e-4  # the lower end of the axis of gradient sizes


def recall(rng, length, sequences):
    """Return the recall task: say at the last step which symbol stood at the first.

    x: symbols (length, sequences), below 4 at the first step, then 4 or 5, which mean nothing.
    """
    x = rng.integers(ITEMS, ITEMS + 2, (length, sequences))
    x[0] = rng.integers(0, ITEMS, sequences)
    weights = np.zeros(x.shape)
    weights[-1] = 1
    return Batch(x, np.broadcast_to(x[0], x.shape), weights)


def gradients_of_states(network, theta, batch):
    """Return dh, (T, B, H): the derivative of the loss of `batch` by every state of an Elman net.

    Unlike `recurrence.backward`, which keeps no dh, it shows what arrives where.
    """
    p, (a, tape) = network.params(theta), network.forward(theta, batch.x)
    slope = network.cell.activation.slope(tape.h)
    dh = network.loss.value_and_grad(a, batch.y, batch.weights)[1] @ p["W_hy"].T
    for t in reversed(range(len(dh) - 1)):
        dh[t] += (dh[t + 1] * slope[t + 1]) @ p["W_hh"].T
    return dh


class WayBack(ElmanScene):
    """An Elman net learns to recall a symbol; seen is how its gradient travels back in time."""

    title = "The gradient travels back through time"
    goal = (
        "slide the time step to 0 before you press Play, and read how much arrives there. Then "
        f"train: with which activations does more than {GOAL_SHARE} of the gradient's size reach "
        f"t = 0 (the green zone) within {GOAL_STEP} steps?"
    )
    alt = (
        "Three panels. The surprise at the question falls to almost 0. A map of 16 hidden units by "
        "20 time steps shows the gradient of each state. Its size, below, stays about as large at "
        "the first time step as at the last."
    )
    controls = with_defaults(
        (
            Choice("t", "time step t", tuple(range(STEPS)), STEPS // 2, live=True,
                   help="the step that the orange marks show, counted from 0"),
            *LIVE, Choice("hidden", "hidden units", (4, 8, 16, 32), 16), *ANEW[1:],
        ),
        lr=0.005, optimizer="Adam",
    )
    pace = 2
    still = 100

    def __init__(self):
        self._test = recall(np.random.default_rng(1), STEPS, 50)
        self._shown = recall(np.random.default_rng(2), STEPS, 1)
        self._t = STEPS // 2

    def build(self, settings):
        self._t = settings["t"]
        network = Network(ITEMS + 2, settings["hidden"], ITEMS, settings["activation"],
                          dtype=np.float64)
        return network, lambda rng, step: recall(rng, STEPS, 16)

    def tune(self, settings):
        super().tune(settings)
        self._t = settings["t"]

    def measure(self, theta):
        a, _ = self.network.forward(theta, self._test.x)
        return float(self.network.loss.value(a, self._test.y, self._test.weights))

    def flow(self, theta):
        """Return (dh of the shown sequence (T, H), its size at each step over the last's (T,))."""
        dh = gradients_of_states(self.network, theta, self._shown)[:, 0]
        sizes = np.linalg.norm(dh, axis=1)
        return dh, sizes / max(sizes[-1], 1e-300)

    def figure(self, settings):
        fig, axes = figure(9.6, 4.6, ncols=2, width_ratios=[2, 3])
        axes[0].set(title="Surprise at the question", xlabel="training step", xlim=(0, 300),
                    ylabel="nats", ylim=(0, 2))
        axes[0].axhline(np.log(ITEMS), color=BLACK, linestyle="--", linewidth=1)
        axes[0].annotate("guessing", (1, np.log(ITEMS)), (0, 3), ("axes fraction", "data"),
                         "offset points", ha="right", fontsize="small")
        (self._line,) = axes[0].plot([], [], color=BLUE, linewidth=2)
        above, below = axes[1].get_subplotspec().subgridspec(2, 1, hspace=0.08).subplots()
        axes[1].remove()
        self._draw_map(above, settings["hidden"])
        self._draw_sizes(below)
        return fig

    def _draw_map(self, ax, hidden):
        self._map = ax.pcolormesh(np.arange(STEPS + 1) - 0.5, np.arange(hidden + 1) - 0.5,
                                  np.zeros((hidden, STEPS)), vmin=-1, vmax=1, cmap="PuOr")
        ax.set(title="The gradient of each unit (purple: positive, orange: negative)",
               ylabel="hidden unit", xticks=[])
        ax.grid(False)
        (self._frame,) = ax.plot([], [], color=ORANGE, linewidth=2)
        self._height = hidden

    def _draw_sizes(self, ax):
        ax.axhspan(GOAL_SHARE, 30, 0, 1 / STEPS, color=GREEN, alpha=0.3, linewidth=0)
        ax.axhline(1, color=GREY, linestyle="--", linewidth=1)
        (self._sizes,) = ax.plot([], [], ".-", color=BLUE)
        (self._mark,) = ax.plot([], [], "o", color=ORANGE, markersize=9)
        ax.set(title="Its size, relative to the last step", yscale="log", ylim=(FLOOR, 30),
               xlim=(-0.5, STEPS - 0.5), xlabel="time step t (the question comes at the last)",
               ylabel="relative size", xticks=range(0, STEPS, 2))

    def draw(self, state):
        draw_curve(self._line, self.curve, (0, 2))
        dh, sizes = self.flow(state.theta)
        self._map.set_array(dh.T / max(np.abs(dh).max(), 1e-300))
        left, right, top = self._t - 0.5, self._t + 0.5, self._height - 0.5
        self._frame.set_data([left, right, right, left, left], [-0.5, -0.5, top, top, -0.5])
        self._sizes.set_data(np.arange(STEPS), np.clip(sizes, FLOOR, 30))
        self._mark.set_data([self._t], [np.clip(sizes[self._t], FLOOR, 30)])
        return [self._line, self._map, self._frame, self._sizes, self._mark]

    def describe(self, state):
        dh, sizes = self.flow(state.theta)
        here, first = map(_share, sizes[[self._t, 0]])
        ago = STEPS - 1 - self._t
        return (
            f"Step {state.step}: at t = {self._t}, {ago} step{'s'[ago == 1:]} before the question, "
            f"the gradient has {here} of its size at the question; unit "
            f"{np.abs(dh[self._t]).argmax()} gets most of it. At t = 0: {first}. "
            f"Surprise {self.curve[-1][1]:.2f} nats."
        )


def _share(size):
    return f"less than {FLOOR}" if size < FLOOR else f"{size:.3g}"
