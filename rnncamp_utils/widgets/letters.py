"""Simple English by letters, live: a net against counted n-grams, and mixed with them."""

import re

import numpy as np

from .. import phrases
from ..batches import side_by_side, windows
from ..corpora import Vocabulary
from ..losses import softmax
from ..network import Network
from ..ngrams import NGramModel
from ..plots import BLACK, BLUE, GREEN, GREY, ORANGE, figure
from .controls import Choice, Range
from .scene import ANEW, LIVE, ElmanScene, draw_curve, with_defaults

CELL = Choice("cell", "cell", ("tanh", "gru", "lstm"), "tanh", help="what the hidden units are")
HIDDEN, _, OPTIMIZER, SEED = ANEW
LEARNS = with_defaults(LIVE, lr=0.01) + with_defaults((OPTIMIZER,), optimizer="Adam")
BITS = np.log(2)  # nats in a bit


class Letters(ElmanScene):
    """A net reads simple English letter by letter; n-grams have counted the same text."""

    every = 10
    orders = range(1, 7)

    def __init__(self):
        language, rng = phrases.SimpleEnglish(), np.random.default_rng(0)
        text, held_out = language.text(rng, 4000), language.text(rng, 120)
        self.vocabulary = Vocabulary("".join(language.characters))
        self._train = self.vocabulary.encode(text)
        self._test = self.vocabulary.encode(held_out)
        exact = language.next_character_probabilities(held_out)[:-1]
        self._exact = -np.log2(exact[np.arange(len(exact)), self._test[1:]])
        self.limit = language.entropy()[1]
        self.counted = {n: NGramModel(self._train, n, len(self.vocabulary)) for n in self.orders}
        self._x, self._y = side_by_side(self._test, 200)
        # An n-gram reads across the borders of the tracks that the net starts anew at.
        ends = self._x.size
        self.p = {
            n: model.probabilities(self._test)[1 : ends + 1].reshape(self._x.shape[::-1]).T
            for n, model in self.counted.items()
        }
        self.bits = {n: -np.log2(p).mean() for n, p in self.p.items()}

    def build(self, settings):
        symbols = len(self.vocabulary)
        network = Network(symbols, settings["hidden"], symbols, settings["cell"])
        return network, windows(self._train, 40, 32)

    def predicted(self, theta):
        """Return what the net at θ gave to each held-out letter, (T, B)."""
        p = softmax(self.network.forward(theta, self._x)[0].astype(np.float64))
        return np.take_along_axis(p, self._y[..., None], axis=-1)[..., 0]

    def measure(self, theta):
        # Not from `predicted`: what has gone astray gives some letters less than a float can hold.
        nats = self.network.loss.per_step(self.network.forward(theta, self._x)[0], self._y)
        return nats.mean() / BITS


class AgainstCounts(Letters):
    """The held-out bits of a net fall past those of the n-grams, towards the limit."""

    goal_bits, goal_step, shown = 0.66, 400, 46
    title = "A net against n-grams of order 1 to 6"
    goal = (
        f"reach {goal_bits} bits per letter (the green zone) within {goal_step} steps. Predict "
        "first: does it take more units, another cell, or another learning rate?"
    )
    alt = (
        "Two panels. The net's bits per letter on held-out text fall past dashed lines for n-grams "
        "of order 3, 4, 5 and 6 towards the limit. The surprise of net, 6-gram and limit, letter "
        "by letter of a sentence."
    )
    controls = (*LEARNS, CELL, *with_defaults((HIDDEN,), hidden=16), SEED)
    still = 300

    def __init__(self):
        super().__init__()
        # A sentence whose verb is far from its subject, and the line end before it.
        held_out = self.vocabulary.decode(self._test)
        start = re.search(r"\n\w+ \w+s that (the|a) \w+ \w+s \w+ ", held_out).start()
        self._window = slice(start, start + self.shown)

    def figure(self, settings):
        fig, (left, right) = figure(9.6, 4.2, ncols=2, width_ratios=[2, 3])
        left.set(title="Bits per letter on held-out text", xlabel="training step",
                 ylabel="bits per letter", xlim=(0, 800), ylim=(0.5, 1.2))
        marks = [(f"{n}-gram", self.bits[n], GREY, n % 2) for n in (3, 4, 5, 6)]
        for name, value, color, side in [*marks, ("limit", self.limit, BLACK, 0)]:
            left.axhline(value, color=color, linestyle="--", linewidth=1)
            left.annotate(name, (0.99 - 0.2 * side, value), (0, 2), ("axes fraction", "data"),
                          "offset points", ha="right", fontsize="x-small")
        left.axvspan(0, self.goal_step, 0, (self.goal_bits - 0.5) / 0.7, color=GREEN, alpha=0.3,
                     linewidth=0)
        (self._line,) = left.plot([], [], color=BLUE, linewidth=2)
        places, part = np.arange(self.shown - 1), self._test[self._window]
        letters = self.vocabulary.decode(part[1:]).replace(" ", "␣").replace("\n", "↵")
        counted = -np.log2(self.counted[6].probabilities(self._test)[self._window])[1:]
        right.plot(places, counted, color=ORANGE, label="6-gram")
        right.plot(places, self._exact[self._window][:-1], ".", color=BLACK, label="limit")
        (self._letters,) = right.plot(places, np.zeros(len(places)), color=BLUE, label="net")
        right.set(title="Surprise, letter by letter", xlabel="letter", ylabel="bits", ylim=(0, 8))
        right.set_xticks(places, letters, family="DejaVu Sans Mono", fontsize=8)
        right.legend(ncols=3, loc="upper right")
        return fig

    def draw(self, state):
        draw_curve(self._line, self.curve, (0.5, 1.2))
        part = self._test[self._window, None]
        nats = self.network.loss.per_step(self.network.forward(state.theta, part[:-1])[0], part[1:])
        self._letters.set_ydata(np.minimum(nats[:, 0] / BITS, 8))
        return [self._line, self._letters]

    def describe(self, state):
        bits = self.curve[-1][1]
        beaten = [n for n in self.orders if self.bits[n] > bits]
        reached = [step for step, value in self.curve if value < self.goal_bits]
        goal = f" First below {self.goal_bits} at step {reached[0]}." if reached else ""
        best = f" It beats the n-grams up to order {beaten[-1]}." if beaten else ""
        return f"Step {state.step}: {bits:.3f} bits per letter.{best}{goal}"


class Mixture(Letters):
    """λ times the net plus 1 − λ times an n-gram: the bits of every λ, while the net learns."""

    gain, goal_step = 0.02, 500
    title = "A net and an n-gram, mixed"
    goal = (
        f"with the 6-gram and within {goal_step} steps, bring the mixture {gain} bits below the "
        "better of the two. Where does the best λ (the triangle) begin, and where does it go?"
    )
    alt = (
        "Two panels. Bits per letter against the training step: the net falls, the n-gram stays, "
        "the mixture lies below both. Bits per letter for every λ from 0 to 1: a valley, with a "
        "mark at the chosen λ."
    )
    controls = (
        Range("lam", "λ (the net)", 0, 1, 0.5, 0.01),
        Choice("order", "n-gram order", (3, 4, 5, 6), 6, live=True),
        *LEARNS, CELL, HIDDEN, SEED,
    )
    still = 500

    def train(self, settings, state=None):
        self._lam, self._order = settings["lam"], settings["order"]
        yield from super().train(settings, state)

    def tune(self, settings):
        super().tune(settings)
        self._lam, self._order = settings["lam"], settings["order"]

    def valley(self, theta, weights):
        """Return the bits per letter of the mixtures with these λ."""
        net, counted = self.predicted(theta), self.p[self._order]
        return [-np.log2(lam * net + (1 - lam) * counted).mean() for lam in weights]

    def figure(self, settings):
        fig, (left, right) = figure(9.6, 4.0, ncols=2, sharey=True)
        left.set(title="As the net learns", xlabel="training step", ylabel="bits per letter",
                 xlim=(0, 800), ylim=(0.6, 0.9))
        right.set(title="Every λ, now", xlabel="λ", xlim=(0, 1))
        (self._net,) = left.plot([], [], color=BLUE, label="net")
        (self._mix,) = left.plot([], [], "D", color=GREEN, label="mixture, now", markersize=6)
        (self._ngram,) = left.plot([0, 1], [0, 0], "--", color=ORANGE, label="n-gram",
                                   transform=left.get_yaxis_transform())
        left.legend(loc="upper right")
        (self._curve,) = right.plot([], [], color=BLACK)
        (self._mark,) = right.plot([], [], "D", color=GREEN, markersize=8)
        (self._best,) = right.plot([], [], "v", color=BLACK, markersize=7)
        return fig

    def draw(self, state):
        grid = np.linspace(0, 1, 21)
        bits = np.minimum(self.valley(state.theta, grid), 0.9)
        now = min(self.valley(state.theta, [self._lam])[0], 0.9)
        draw_curve(self._net, self.curve, (0.6, 0.9))
        self._mix.set_data([state.step], [now])
        self._ngram.set_ydata([self.bits[self._order]] * 2)
        self._curve.set_data(grid, bits)
        self._mark.set_data([self._lam], [now])
        self._best.set_data([grid[bits.argmin()]], [bits.min() + 0.012])
        return [self._net, self._ngram, self._mix, self._curve, self._best, self._mark]

    def describe(self, state):
        net, counted = self.measure(state.theta), self.bits[self._order]
        now = self.valley(state.theta, [self._lam])[0]
        gain = min(net, counted) - now
        reached = self._order == 6 and gain >= self.gain and state.step <= self.goal_step
        goal = " The goal is reached." if reached else ""
        return (
            f"Step {state.step}: net {net:.3f}, {self._order}-gram {counted:.3f}, mixture with "
            f"λ = {self._lam:.2f}: {now:.3f} bits per letter, {abs(gain):.3f} "
            f"{'below' if gain > 0 else 'above'} the better of the two.{goal}"
        )
