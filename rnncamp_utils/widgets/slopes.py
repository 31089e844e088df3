"""The slopes of a net's units while it trains: how many of them sleep, and can they be woken?"""

import numpy as np

from ..challenges import TASKS
from ..network import Network
from ..plots import BLUE, GREEN, ORANGE, figure
from .activation_race import RATE
from .controls import Choice
from .scene import ANEW, LIVE, ElmanScene, draw_curve, with_defaults

GOAL_STEP, GOAL_SHARE = 100, 90
LENGTH, SEQUENCES = 12, 8
FLAT = 0.1  # a unit with a smaller slope sleeps: hardly any gradient passes it
LOSSES = (0.5, 3.5)
SHOWN = 40  # letters
BINS = 20


class Slopes(ElmanScene):
    """A net that learns letters, and the slopes through which its gradient has to pass."""

    title = "Which units sleep?"
    goal = (
        f"a unit sleeps where its slope is below {FLAT}. With relu, find a learning rate that "
        f"sends more than {GOAL_SHARE} % to sleep within {GOAL_STEP} steps (the orange zone). Then "
        "lower it to 0.1 while the net runs on. How many wake up?"
    )
    alt = (
        "Three panels over 300 training steps with tanh. The held-out loss falls to about 1 nat. "
        "Only a few per cent of the units sleep. A picture of the slopes, a row for each unit and "
        "a column for each letter, is a patchwork of light and dark."
    )
    controls = with_defaults(
        (RATE, *LIVE[1:], *(c for c in ANEW if c.name == "activation"),
         Choice("hidden", "hidden units", (8, 16, 24, 32, 64), 24),
         *(c for c in ANEW if c.name in ("optimizer", "seed"))),
        momentum=0,
    )
    pace = 5
    still = 300

    def __init__(self):
        self._task = TASKS["letters"]
        self._held_out = self._task.held_out(LENGTH)
        self.asleep = []  # (step, per cent of the slopes that are flat)

    def build(self, settings):
        inputs, outputs, loss = self._task.sizes
        network = Network(inputs, settings["hidden"], outputs, settings["activation"], loss)
        return network, self._task.source(LENGTH, SEQUENCES)

    def train(self, settings, state=None):
        self.asleep = [p for p in self.asleep if state and p[0] < state.step]
        for state in super().train(settings, state):
            if state.step % self.every == 0:
                self.asleep.append((state.step, self.share(state.theta)))
            yield state

    def measure(self, theta):
        return self.network.objective(self._held_out).loss(theta)

    def slopes(self, theta):
        """Return the slope of each unit at each letter of held-out text, (letters, H)."""
        tape = self.network.forward(theta, self._held_out.x[:, :1])[1]
        return np.nan_to_num(self.network.cell.activation.slope(tape.h[:, 0]))

    def share(self, theta):
        """Return how many per cent of the slopes are flat."""
        return 100 * float((self.slopes(theta) < FLAT).mean())

    def figure(self, settings):
        fig, (left, middle, right) = figure(9.6, 3.6, ncols=3, width_ratios=[3, 3, 4])
        left.set(title="Loss on new text", xlabel="training step", ylabel="nats per letter",
                 xlim=(0, 300), ylim=LOSSES)
        (self._loss,) = left.plot([], [], color=BLUE, linewidth=2)
        middle.set(title="Units that sleep", xlabel="training step", xlim=(0, 300), ylim=(0, 100),
                   ylabel=f"per cent with a slope below {FLAT}")
        middle.axvspan(0, GOAL_STEP, GOAL_SHARE / 100, 1, color=ORANGE, alpha=0.3, linewidth=0)
        (self._line,) = middle.plot([], [], color=GREEN, linewidth=2)
        self._picture = right.pcolormesh(np.zeros((settings["hidden"], SHOWN)), vmin=0, vmax=1)
        right.set(title="Slopes now", xlabel="letter of a held-out text", ylabel="hidden unit")
        right.grid(False)
        fig.colorbar(self._picture, ax=right, label="slope f′", pad=0.02)
        return fig

    def draw(self, state):
        draw_curve(self._loss, self.curve, LOSSES)
        draw_curve(self._line, self.asleep, (0, 100))
        self._picture.set_array(self.slopes(state.theta)[:SHOWN].T)
        return [self._loss, self._line, self._picture]

    def describe(self, state):
        share, loss = self.share(state.theta), self.curve[-1][1]
        dead = (self.slopes(state.theta) < FLAT).all(axis=0)
        reached = [step for step, value in self.asleep if value > GOAL_SHARE]
        goal = f" First more than {GOAL_SHARE} % at step {reached[0]}." if reached else ""
        return (
            f"Step {state.step}: held-out loss {loss:.2f} nats; {share:.0f} % sleep, "
            f"{dead.sum()} of {dead.size} units at every letter.{goal}"
        )
