"""A net that learns to spell: the first thing a reader of the book sees."""

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.collections import LineCollection
from matplotlib.transforms import Affine2D, ScaledTranslation

from ..batches import side_by_side, windows
from ..corpora import Vocabulary, split
from ..losses import softmax
from ..network import Network
from ..plots import BLACK, BLUE, GREEN, GREY, SKY
from ..training import evaluate
from .scene import ElmanScene, draw_curve

WORDS = (
    "sun moon star sky rain snow wind tree leaf rose bird fish horse cat dog river stone island "
    "boat house"
).split()
GOAL_STEP, GOAL_LOSS = 100, 0.7
TOP = 3.2  # nats: the upper end of the loss axis
SHOWN = 40  # letters of held-out text whose hidden states are shown
WRITTEN = 2, 70  # lines, and letters in each, of what the net writes
SIZE = 14  # of its type, in points
LETTER, LINE = 0.602 * SIZE, 1.6 * SIZE  # width and height in points, in DejaVu Sans Mono


class Speller(ElmanScene):
    """A character-level Elman net that learns the words of a small text, letter by letter."""

    title = "A network learns to spell"
    goal = (
        "press Play and watch. Then Reset, and find a learning rate that brings the loss into the "
        f"green zone: below {GOAL_LOSS} within {GOAL_STEP} steps. How large is too large?"
    )
    alt = (
        "Three panels. The loss on held-out text falls from that of guessing towards the least "
        "possible. The activity of the hidden units changes from letter to letter of a text. "
        "Below, what the network writes: real words, which are marked, and others."
    )
    still = 300

    def __init__(self):
        text = " ".join(np.random.default_rng(7).choice(WORDS, 7000)) + " "
        self.vocabulary = Vocabulary(text)
        ids = self.vocabulary.encode(text)
        self._train, held_out = split(ids, 0.05)
        self._x, self._y = side_by_side(held_out[:1001], 100)
        start = list(held_out).index(self.vocabulary.encode(" ")[0]) + 1  # of a word
        self._snippet = held_out[start : start + SHOWN]
        frequency = np.bincount(self._train) / len(self._train)
        self.guessing = float(-np.log(frequency)[self._y].mean())
        # Nobody can know which word comes next, but its letters tell a word from all others.
        self.least = np.log(len(WORDS)) / np.mean([len(word) + 1 for word in WORDS])
        # The same draws in every frame: what is written changes only because the net does.
        self._draws = np.random.default_rng(1).uniform(size=WRITTEN[::-1])

    def build(self, settings):
        symbols = len(self.vocabulary)
        network = Network(symbols, settings["hidden"], symbols, settings["activation"])
        return network, windows(self._train, 25, 16)

    def measure(self, theta):
        return evaluate(self.network, theta, self._x, self._y)

    def write(self, theta):
        """Return the lines that the net writes at θ, each letter drawn from its prediction."""
        letters, state = [self.vocabulary.encode(" " * len(self._draws[0]))], None
        for draw in self._draws:
            a, tape = self.network.forward(theta, letters[-1][None], state)
            state = tape.end
            above = softmax(a[0]).cumsum(axis=1) > draw[:, None]
            letters.append(above.argmax(axis=1))
        return [self.vocabulary.decode(line) for line in np.transpose(letters[1:])]

    def figure(self, settings):
        fig = plt.figure(figsize=(9.6, 4.7))
        axes = fig.subplot_mosaic(
            [["loss", "hidden"], ["text", "text"]], width_ratios=[2, 3], height_ratios=[4, 1]
        )
        self._draw_loss_axes(axes["loss"])
        self._draw_hidden_axes(fig, axes["hidden"], settings)
        self._draw_text_axes(fig, axes["text"])
        return fig

    def draw(self, state):
        draw_curve(self._line, self.curve, (0, TOP))
        tape = self.network.forward(state.theta, self._snippet[:, None])[1]
        self._units.set_array(tape.h[:, 0].T)
        self._show_lines(self.write(state.theta))
        return [self._line, self._units, self._marks, *self._lines]

    def describe(self, state):
        step, loss = self.curve[-1]
        # The last word of a line may be cut off.
        words = [word for line in self.write(state.theta) for word in line.split()[:-1]]
        right = sum(word in WORDS for word in words)
        reached = [s for s, value in self.curve if value < GOAL_LOSS]
        goal = ""
        if reached:
            within = "the goal is reached" if reached[0] <= GOAL_STEP else "too late for the goal"
            goal = f" First below {GOAL_LOSS} at step {reached[0]}: {within}."
        return (
            f"Step {state.step}: held-out loss {loss:.2f} nats per letter; {right} of the "
            f"{len(words)} words it writes are real.{goal}"
        )

    def _draw_loss_axes(self, ax):
        ax.set(title="Loss on text it has never seen", xlabel="training step",
               ylabel="nats per letter", xlim=(0, 600), ylim=(0, TOP))
        marks = (self.guessing, "guessing by frequency"), (self.least, "least possible")
        for value, name in marks:
            ax.axhline(value, color=GREY, linestyle="--", linewidth=1)
            ax.annotate(name, (1, value), (0, 3), ("axes fraction", "data"), "offset points",
                        ha="right", color=BLACK, fontsize="small")
        ax.axvspan(0, GOAL_STEP, 0, GOAL_LOSS / TOP, color=GREEN, alpha=0.3, linewidth=0)
        ax.text(8, 0.06, "the goal", color=BLACK, fontsize="small")
        (self._line,) = ax.plot([], [], color=BLUE, linewidth=2)

    def _draw_hidden_axes(self, fig, ax, settings):
        low = 0 if settings["activation"] in ("logistic", "relu") else -1
        self._units = ax.pcolormesh(
            np.zeros((settings["hidden"], SHOWN)), vmin=low, vmax=1,
            cmap="cividis" if low == 0 else "PuOr",
        )
        letters = self.vocabulary.decode(self._snippet).replace(" ", "␣")
        ax.set_xticks(np.arange(SHOWN) + 0.5, letters, family="DejaVu Sans Mono")
        ax.set(title="What each hidden unit does, letter by letter", ylabel="hidden unit",
               xlabel="the letter just read")
        ax.grid(False)
        ax.tick_params(length=0)
        fig.colorbar(self._units, ax=ax, label="activity", pad=0.01, ticks=[low, 0, 1])

    def _draw_text_axes(self, fig, ax):
        ax.set_title("What it writes now (real words are marked)")
        ax.axis("off")
        # Places in the text: a unit to the right is a letter, a unit down is a line.
        places = (
            Affine2D().scale(LETTER / 72, -LINE / 72)
            + fig.dpi_scale_trans + ScaledTranslation(0, 1, ax.transAxes)
        )
        self._marks = LineCollection(
            [], linewidth=0.8 * LINE, color=SKY, alpha=0.45, capstyle="butt", transform=places,
            clip_on=False,
        )
        ax.add_collection(self._marks, autolim=False)
        self._lines = [
            ax.text(0, row + 0.72, "", family="DejaVu Sans Mono", fontsize=SIZE, transform=places,
                    in_layout=False)
            for row in range(WRITTEN[0])
        ]

    def _show_lines(self, lines):
        marks = []
        for row, (artist, line) in enumerate(zip(self._lines, lines)):
            artist.set_text(line)
            place = 0
            for word in line.split(" "):
                if word in WORDS:
                    marks.append([(place, row + 0.5), (place + len(word), row + 0.5)])
                place += len(word) + 1
        self._marks.set_segments(marks)
