"""A sine wave, live: what a net learns from a loop that does not close smoothly."""

import numpy as np

from ..batches import windows
from ..network import Network
from ..plots import BLUE, GREEN, GREY, ORANGE, figure
from .controls import Choice
from .scene import ANEW, LIVE, ElmanScene, draw_curve

PERIOD = 25
GOAL_STEP, GOAL_ERROR = 1000, 0.1
HEARD, FREE = 75, 100  # steps of the true wave that the net hears, steps it then runs free


def wave(steps):
    """Return the true wave at the given steps."""
    return np.sin(2 * np.pi * np.asarray(steps) / PERIOD)


class SineWave(ElmanScene):
    """An Elman net learns from a repeated piece of a sine wave, then runs free."""

    title = "A network hums a sine wave"
    goal = (
        f"the true period is {PERIOD}. Besides 50, two loop lengths bring the free run's error "
        f"below {GOAL_ERROR} (the green zone) within {GOAL_STEP} steps and keep it there, whatever "
        "the seed. Predict which, then try."
    )
    alt = (
        "Three panels. The error of the free run falls to almost 0. The training data, a loop of "
        "two periods, has no jump at its joint. The net, running free, follows the true wave."
    )
    controls = (
        *LIVE,
        Choice("loop", "loop length", (25, 31, 37, 44, 50, 56, 62, 69, 75), 50,
               help="how many steps of the wave are repeated as training data"),
        Choice("hidden", "hidden units", (2, 4, 8, 16), 8),
        *ANEW[1:],
    )
    pace = 10
    still = 1000

    def build(self, settings):
        loop = np.tile(wave(range(settings["loop"])), 3000 // settings["loop"])
        network = Network(1, settings["hidden"], 1, settings["activation"], "squared-error")
        return network, windows(loop.astype(network.dtype)[:, None], 25, 4)

    def run_free(self, theta):
        """Return what the net writes after it has heard three periods, (FREE,)."""
        heard = wave(range(HEARD)).astype(self.network.dtype)[:, None, None]
        a, tape = self.network.forward(theta, heard)
        series = [a[-1:]]
        for _ in range(FREE - 1):
            a, tape = self.network.forward(theta, series[-1], tape.end)
            series.append(a)
        return np.concatenate(series)[:, 0, 0]

    def measure(self, theta):
        return float(np.mean((self.run_free(theta) - wave(range(HEARD, HEARD + FREE))) ** 2))

    def figure(self, settings):
        fig, axes = figure(9.6, 4.0, ncols=2, width_ratios=[2, 3])
        axes[0].set(title="Error of the free run", xlabel="training step", xlim=(0, GOAL_STEP),
                    ylabel="mean squared error", ylim=(0, 2))
        axes[0].axhspan(0, GOAL_ERROR, color=GREEN, alpha=0.3, linewidth=0)
        (self._line,) = axes[0].plot([], [], color=BLUE, linewidth=2)
        grid = axes[1].get_subplotspec().subgridspec(2, 1, hspace=0.1)
        axes[1].remove()
        above, below = grid.subplots()
        steps, loop = np.arange(FREE), settings["loop"]
        above.plot(steps, wave(steps % loop), color=ORANGE)
        for joint in range(loop, FREE, loop):
            above.axvline(joint, color=GREY, linestyle=":")
        above.set(title=f"Training data: a loop of {loop} steps (dotted: its joints)",
                  xticklabels=[], ylabel="value")
        below.plot(steps, wave(HEARD + steps), color=GREY, label="true wave")
        (self._free,) = below.plot([], [], color=BLUE, label="net, running free")
        below.set(title="What the net writes", ylim=(-1.6, 1.6), xlim=above.get_xlim(),
                  xlabel="step", ylabel="value")
        below.legend(loc="lower right", bbox_to_anchor=(1, 0.97), ncols=2, fontsize=8)
        return fig

    def draw(self, state):
        draw_curve(self._line, self.curve, (0, 2))
        self._free.set_data(np.arange(FREE), np.clip(self.run_free(state.theta), -1.6, 1.6))
        return [self._line, self._free]

    def describe(self, state):
        step, error = self.curve[-1]
        return f"Step {state.step}: the free run's mean squared error is {error:.2f}."
