"""The scale of the first recurrent weights, live: what it does to slopes, gradient and loss."""

import numpy as np

from ..losses import softmax
from ..memory_tasks import SYMBOLS, echo
from ..network import Network
from ..plots import BLACK, BLUE, GREEN, ORANGE, PURPLE, figure
from .controls import Choice
from .scene import ANEW, LIVE, ElmanScene, draw_curve, with_defaults

GOAL_STEP, GOAL_LOSS = 250, 0.5
LENGTH, SEQUENCES = 12, 16
GUESSING = float(np.log(SYMBOLS))
FAINT, LOUD = 1e-5, 1e3  # limits of the axis of gradient lengths
BINS = 10  # of the slopes


class _Started(Network):
    """A network whose first recurrent matrix is orthogonal or the identity, times a scale."""

    def __init__(self, hidden, activation, matrix, scale):
        super().__init__(SYMBOLS, hidden, SYMBOLS, activation)
        self._matrix, self._scale = matrix, scale

    def initial(self, rng):
        theta = super().initial(rng)
        W = self.params(theta)["W_hh"]
        if self._matrix == "identity":
            W[...] = np.eye(len(W))
        W *= self._scale
        return theta


class StartScale(ElmanScene):
    """A net that must repeat what came a few steps ago, from a start that the reader chooses."""

    title = "How large should the first weights be?"
    goal = (
        f"logistic units that start at scale 1 learn nothing. Find a scale with which the loss "
        f"falls below {GOAL_LOSS} nats (the green zone) within {GOAL_STEP} steps. Then tanh: which "
        "scales still work?"
    )
    alt = (
        "Three panels. The held-out loss of logistic units stays near 1.39 nats, that of guessing. "
        "The gradient shrinks more and more on its way through 11 steps back. All slopes are below "
        "0.3."
    )
    controls = with_defaults(
        (
            Choice("scale", "scale of W_hh",
                   (0.25, 0.35, 0.5, 0.7, 1, 1.4, 2, 2.8, 4, 5.6, 8), 1,
                   help="a factor on the recurrent weights that the net starts from"),
            Choice("matrix", "first W_hh", ("orthogonal", "identity"), "orthogonal"),
            *(control for control in ANEW if control.name == "activation"),
            Choice("lag", "lag, in steps", (1, 2, 3, 4, 5, 6, 8), 5,
                   help="how long ago the symbol came that the net must say now"),
            *(control for control in ANEW if control.name == "seed"),
            *LIVE,
        ),
        activation="logistic", lr=0.02,
    )
    pace = 10
    still = 250

    def build(self, settings):
        lag = self._lag = settings["lag"]
        self._test = echo(np.random.default_rng(99), LENGTH, 200, lag)
        network = _Started(16, settings["activation"], settings["matrix"], settings["scale"])
        return network, lambda rng, step: echo(rng, LENGTH, SEQUENCES, lag)

    def train(self, settings, state=None):
        return super().train({**settings, "optimizer": "Adam"}, state)

    def measure(self, theta):
        return self.network.objective(self._test).loss(theta)

    def look(self, theta):
        """Return (lengths of the last step's error 0, 1, … steps back, (T,); all slopes)."""
        outputs, tape = self.network.forward(theta, self._test.x)
        slopes, p = self.network.cell.activation.slope(tape.h), self.network.params(theta)
        da = softmax(outputs[-1])
        da[np.arange(len(da)), self._test.y[-1]] -= 1
        dh, lengths = da @ p["W_hy"].T, []
        for slope in slopes[::-1]:
            lengths.append(np.linalg.norm(dh))
            dh = (dh * slope) @ p["W_hh"].T
        return np.array(lengths) / max(lengths[0], 1e-30), slopes

    def figure(self, settings):
        fig, (left, middle, right) = figure(9.6, 3.6, ncols=3)
        left.set(title="Loss on new sequences", xlabel="training step", ylabel="nats per symbol",
                 xlim=(0, GOAL_STEP), ylim=(0, 1.8))
        left.axhspan(0, GOAL_LOSS, color=GREEN, alpha=0.3, linewidth=0)
        left.axhline(GUESSING, color=BLACK, linestyle="--", linewidth=1)
        left.annotate("guessing", (1, GUESSING), (0, 3), ("axes fraction", "data"),
                      "offset points", ha="right", fontsize="small")
        (self._loss,) = left.plot([], [], color=BLUE, linewidth=2)
        middle.set(title="How the gradient travels back", xlabel="steps back", yscale="log",
                   ylabel="length, first = 1", xticks=range(LENGTH), xlim=(0, LENGTH - 1),
                   ylim=(FAINT, LOUD))
        middle.axvline(settings["lag"], color=PURPLE, linestyle=":")
        middle.annotate("lag", (settings["lag"], 0.03), (3, 0), ("data", "axes fraction"),
                        "offset points", color=PURPLE)
        middle.axhline(1, color=BLACK, linestyle="--", linewidth=1)
        (self._way,) = middle.plot([], [], "o-", color=ORANGE, markersize=4)
        right.set(title="Slopes of the units", xlabel="slope f′", ylabel="share", xlim=(0, 1),
                  ylim=(0, 1))
        self._bars = right.bar(np.arange(BINS) / BINS, np.zeros(BINS), 0.9 / BINS, align="edge",
                               color=GREEN)
        return fig

    def draw(self, state):
        draw_curve(self._loss, self.curve, (0, 1.8))
        lengths, slopes = self.look(state.theta)
        lengths = np.nan_to_num(lengths, nan=LOUD, posinf=LOUD)
        self._way.set_data(np.arange(LENGTH), np.clip(lengths, FAINT, LOUD))
        shares = np.histogram(np.clip(np.nan_to_num(slopes), 0, 1), BINS, (0, 1))[0] / slopes.size
        for bar, share in zip(self._bars, shares):
            bar.set_height(share)
        return [self._loss, self._way, *self._bars]

    def describe(self, state):
        lengths, slopes = self.look(state.theta)
        loss, lag = self.curve[-1][1], self._lag
        reached = [step for step, value in self.curve if value < GOAL_LOSS]
        goal = f" First below {GOAL_LOSS} at step {reached[0]}." if reached else ""
        return (
            f"Step {state.step}: held-out loss {loss:.2f} nats; {lag} step{'s'[lag == 1:]} back "
            f"the gradient has {lengths[lag]:.2g} of its length; mean slope {slopes.mean():.2f}."
            f"{goal}"
        )
