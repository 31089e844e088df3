"""Truncation, live: how far back a net must look to learn an echo."""

import numpy as np

from ..batches import Batch
from ..losses import softmax
from ..network import Network
from ..plots import BLACK, BLUE, GREEN, GREY, ORANGE, figure
from ..training import evaluate
from .controls import Choice
from .scene import ANEW, LIVE, ElmanScene, draw_curve, with_defaults

GOAL_STEP, GOAL_LOSS = 300, 0.1
COIN, TOP = np.log(2), 1.2  # nats; TOP is the upper end of the axis
SHOWN = 24  # steps that the panels on the right show
TRACKS, STEPS = 16, 4000


def echo(rng, lag, steps, sequences):
    """Return random bits and the bits `lag` steps before them, each (steps, sequences)."""
    bits = rng.integers(0, 2, (steps + lag, sequences))
    return bits[lag:], bits[:-lag]


def windows_of(x, y, window):
    """Return a source of batches that walk through x and y (n, B), `window` steps at a time."""
    whole = len(x) // window

    def batches(rng, step):
        k = step % whole
        part = slice(k * window, (k + 1) * window)
        return Batch(x[part], y[part], fresh=k == 0)

    return batches


class Echo(ElmanScene):
    """An Elman net learns to say what it heard some steps ago, with truncated backpropagation."""

    title = "How far back must the gradient look?"
    goal = (
        "the net must repeat each bit 5 steps later. Find the shortest window with which the "
        f"surprise falls below {GOAL_LOSS} nats (the green zone) within {GOAL_STEP} steps. "
        "Then predict the answer for a lag of 6, and check it."
    )
    alt = (
        "Three panels. The surprise does not reach the green zone. Bars: in a window of 3 steps "
        "the gradient looks at most 2 steps back, below the dashed line of the lag, 5. The answers "
        "of the net do not follow the bits."
    )
    controls = with_defaults(
        (
            *LIVE,
            Choice("lag", "lag", (1, 2, 3, 4, 5, 6, 8), 5, help="how old the bit is that is asked"),
            Choice("window", "window", (1, 2, 3, 4, 5, 6, 7, 8, 10, 12, 20), 3,
                   help="how many steps the gradient may travel, at most, plus one"),
            Choice("hidden", "hidden units", (4, 8, 16), 8),
            *ANEW[1:],
        ),
        lr=0.01, optimizer="Adam",
    )
    pace = 10
    still = 300

    def build(self, settings):
        lag, window = settings["lag"], settings["window"]
        x, y = echo(np.random.default_rng(99), lag, 220, 32)
        # The first steps ask for bits that came before the stream: no one can know them.
        self._x, self._y, self._lag = x[20:], y[20:], lag
        network = Network(2, settings["hidden"], 2, settings["activation"], dtype=np.float64)
        return network, windows_of(*echo(np.random.default_rng(0), lag, STEPS, TRACKS), window)

    def measure(self, theta):
        return evaluate(self.network, theta, self._x, self._y)

    def answers(self, theta):
        """Return the probability that the net gives to a 1 at the shown steps, (SHOWN,)."""
        a, _ = self.network.forward(theta, self._x[: self._lag + SHOWN, :1])
        return softmax(a)[-SHOWN:, 0, 1]

    def figure(self, settings):
        fig, axes = figure(9.6, 4.2, ncols=2, width_ratios=[2, 3])
        axes[0].set(title="Surprise on held-out bits", xlabel="training step", ylim=(0, TOP),
                    ylabel="nats per bit", xlim=(0, GOAL_STEP))
        axes[0].axvspan(0, GOAL_STEP, 0, GOAL_LOSS / TOP, color=GREEN, alpha=0.3, linewidth=0)
        axes[0].axhline(COIN, color=BLACK, linestyle="--", linewidth=1)
        axes[0].annotate("a coin", (1, COIN), (0, 3), ("axes fraction", "data"), "offset points",
                         ha="right", fontsize="small")
        (self._line,) = axes[0].plot([], [], color=BLUE, linewidth=2)
        above, below = axes[1].get_subplotspec().subgridspec(2, 1, hspace=0.1).subplots()
        axes[1].remove()
        self._draw_reach(above, settings["lag"], settings["window"])
        self._draw_answers(below)
        return fig

    def _draw_reach(self, ax, lag, window):
        reach = np.arange(SHOWN) % window
        colors = [ORANGE if r >= lag else GREY for r in reach]
        ax.bar(range(SHOWN), reach, color=colors)
        ax.axhline(lag, color=BLACK, linestyle="--", linewidth=1)
        ax.set(title="How far back the gradient of each step looks (dashed: the lag)",
               ylabel="steps back", xticks=[], xlim=(-0.6, SHOWN - 0.4), ylim=(0, max(lag, 7) + 1))

    def _draw_answers(self, ax):
        ax.plot(range(SHOWN), self._y[self._lag : self._lag + SHOWN, 0], "o", color=GREY,
                label="right answer")
        (self._says,) = ax.plot([], [], ".-", color=BLUE, label="the net's probability of a 1")
        ax.set(title="What the net says", xlabel="time step", xlim=(-0.6, SHOWN - 0.4),
               ylim=(-0.1, 1.1), yticks=(0, 1))
        ax.legend(loc="lower right", bbox_to_anchor=(1, 0.98), ncols=2, fontsize=8)

    def draw(self, state):
        draw_curve(self._line, self.curve, (0, TOP))
        self._says.set_data(np.arange(SHOWN), self.answers(state.theta))
        return [self._line, self._says]

    def describe(self, state):
        step, loss = self.curve[-1]
        reached = [s for s, value in self.curve if value < GOAL_LOSS]
        goal = f" First below {GOAL_LOSS} at step {reached[0]}." if reached else ""
        return f"Step {state.step}: surprise {loss:.2f} nats per bit (a coin: 0.69).{goal}"
