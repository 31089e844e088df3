"""Temporal XOR, live: where in time the error falls."""

import numpy as np

from .. import tasks
from ..network import Network
from ..plots import BLACK, BLUE, GREEN, ORANGE, figure
from .controls import Choice
from .scene import ANEW, LIVE, ElmanScene, draw_curve, with_defaults

GOAL_STEP, GOAL_LOSS = 800, 0.1
COIN = np.log(2)
PLACES = 15  # predicted bits shown, from the second of the stream on


class TemporalXor(ElmanScene):
    """An Elman net predicts bits of which every third is the XOR of the two before."""

    title = "A network finds the rhythm of XOR"
    goal = (
        f"find the smallest number of hidden units with which the surprise at the XOR bits falls "
        f"below {GOAL_LOSS} nats (the green zone) within {GOAL_STEP} steps."
    )
    alt = (
        "Two panels. The mean surprise at the XOR bits falls from that of a coin, 0.69 nats, to "
        "almost 0. Bars for 15 places in the stream: at every third place the surprise is almost "
        "0, elsewhere it stays that of a coin."
    )
    controls = with_defaults(
        (*LIVE, Choice("hidden", "hidden units", (1, 2, 3, 4, 6, 8, 16), 8), *ANEW[1:]), lr=0.1
    )
    pace = 10
    still = 800

    def __init__(self):
        self._test = tasks.temporal_xor(np.random.default_rng(1), 60, 200)
        self._xor = np.arange(60) % 3 == 1

    def build(self, settings):
        network = Network(2, settings["hidden"], 2, settings["activation"])
        return network, lambda rng, step: tasks.temporal_xor(rng, 60, 16)

    def measure(self, theta):
        return self.surprise(theta)[self._xor].mean()

    def surprise(self, theta):
        """Return the mean surprise at each place of held-out streams, (60,)."""
        a, _ = self.network.forward(theta, self._test.x)
        return self.network.loss.per_step(a, self._test.y).mean(axis=1)

    def figure(self, settings):
        fig, (left, right) = figure(9.6, 3.6, ncols=2, width_ratios=[2, 3])
        left.set(title="Surprise at the XOR bits", xlabel="training step",
                 ylabel="nats per symbol", xlim=(0, GOAL_STEP), ylim=(0, 1))
        left.axhspan(0, GOAL_LOSS, color=GREEN, alpha=0.3, linewidth=0)
        (self._line,) = left.plot([], [], color=ORANGE, linewidth=2)
        colors = [ORANGE if xor else BLUE for xor in self._xor[:PLACES]]
        self._bars = right.bar(range(2, PLACES + 2), np.zeros(PLACES), color=colors)
        right.set(title="Surprise at each place (orange: XOR bits)", ylim=(0, 1),
                  xlabel="place of the predicted bit", xticks=range(2, PLACES + 2))
        for ax in (left, right):
            ax.axhline(COIN, color=BLACK, linestyle="--", linewidth=1)
        # Not beside the bars: the last one would hide it.
        left.annotate("a coin", (1, COIN), (0, 3), ("axes fraction", "data"), "offset points",
                       ha="right", fontsize="small")
        return fig

    def draw(self, state):
        draw_curve(self._line, self.curve, (0, 1))
        for bar, height in zip(self._bars, self.surprise(state.theta)):
            bar.set_height(min(height, 1) if np.isfinite(height) else 1)
        return [self._line, *self._bars]

    def describe(self, state):
        surprise = self.surprise(state.theta)
        reached = [step for step, value in self.curve if value < GOAL_LOSS]
        goal = f" First below {GOAL_LOSS} at step {reached[0]}." if reached else ""
        return (
            f"Step {state.step}: surprise {surprise[self._xor].mean():.2f} nats at XOR bits, "
            f"{surprise[~self._xor].mean():.2f} at coin bits.{goal}"
        )
