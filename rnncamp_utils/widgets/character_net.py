"""A character net on real text: loss, samples at three temperatures, and one unit's opinion."""

from functools import lru_cache
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.collections import LineCollection
from matplotlib.colors import LinearSegmentedColormap, to_rgba
from matplotlib.font_manager import findfont, get_font
from matplotlib.transforms import Affine2D, ScaledTranslation

from .. import corpora, phrases
from ..batches import side_by_side, windows
from ..losses import softmax
from ..network import Network
from ..plots import BLACK, BLUE, GREEN, GREY, ORANGE, SKY
from ..training import evaluate
from .controls import Choice
from .scene import ANEW, LIVE, ElmanScene, draw_curve, with_defaults

GOAL_STEP, GOAL_BITS = 300, 0.8
TOP = 7.5  # bits: the upper end of the loss axis
TEMPERATURES = (0.5, 1.0, 1.5)
WRITTEN = 52  # letters of each sample
ROWS, COLUMNS = 3, 80  # of the held-out text that is coloured
SIZE = 12  # of the type, in points
SHORTEST = 1000  # letters of a reader's own text: less cannot be learned from and tested on
LETTER, LINE = 0.602 * SIZE, 1.6 * SIZE  # width and height in points, in DejaVu Sans Mono
MONO = dict(family="DejaVu Sans Mono", fontsize=SIZE, parse_math=False, in_layout=False)
# Laid over the letters, which are drawn once: so it is clear where a unit is near 0.
COLOURS = LinearSegmentedColormap.from_list(
    "unit", [to_rgba(ORANGE, 0.6), to_rgba("white", 0), to_rgba(SKY, 0.75)]
)
ENGLISH, BOOK, PYTHON, OWN = "simple English", "this book", "Python", "your text"


def read(name, path=None):
    """Return the text called `name`; `path` is where the reader's own lies."""
    if name == OWN:
        return _own(Path(path).expanduser())
    if name == BOOK:
        return corpora.book_prose()
    if name == PYTHON:
        return corpora.standard_library(300_000)
    return phrases.SimpleEnglish(depth=1).text(np.random.default_rng(0), 8000)


def _own(path):
    if not path.is_file():
        raise ValueError(
            f"there is no file {path}. A name without a folder is looked for in {Path.cwd()}: "
            "put the text there, or give the whole path"
        )
    text = corpora.read_text(path)
    if len(text) < SHORTEST:
        raise ValueError(
            f"{path.name} has {len(text)} characters, too few to learn from and to be tested on: "
            f"choose a text with {SHORTEST:,} or more; from 20,000 on it is worth the while"
        )
    return text


class CharacterNet(ElmanScene):
    """A character-level Elman net that learns a text from scratch.

    `path` names a text file of the reader's own, in UTF-8; it is then the text to begin with.
    Raises ValueError for a file that is not there, too short, empty or not UTF-8.
    """

    title = "A network learns to write"
    goal = (
        f"simple English, below {GOAL_BITS} bits per character (the green zone) within "
        f"{GOAL_STEP} steps, by the learning rate and the number of hidden units. Then find a "
        "hidden unit that tells where a space has just been read."
    )
    alt = (
        "Three panels. Bits per character on held-out text fall from those of guessing towards the "
        "least possible. Samples at temperatures 0.5, 1 and 1.5. Three lines of held-out text, "
        "each letter on a background that shows what one hidden unit does there."
    )
    controls = with_defaults(
        (
            Choice("unit", "hidden unit", tuple(range(128)), 0, live=True,
                   help="the unit that colours the text"),
            *LIVE, Choice("text", "text", (ENGLISH, BOOK, PYTHON), ENGLISH), *ANEW,
        ),
        lr=0.002, optimizer="Adam", hidden=64,
    )
    pace = 5
    still = 300

    def __init__(self, path=None):
        self._path, self._texts, self._unit = path, {}, 0
        if path is not None:
            # At once, where the file is named: what is wrong with it ends a short traceback.
            self._texts[OWN] = read(OWN, path)
            self.controls = tuple(
                Choice("text", "text", (OWN, ENGLISH, BOOK, PYTHON), OWN) if c.name == "text" else c
                for c in self.controls
            )
        # The same draws in every frame: what is written changes only because the net does.
        self._draws = np.random.default_rng(1).uniform(size=(WRITTEN, len(TEMPERATURES)))

    def build(self, settings):
        self._name, self._unit = settings["text"], settings["unit"]
        if self._name not in self._texts:
            self._texts[self._name] = read(self._name, self._path)
        text = self._texts[self._name]
        self.vocabulary = corpora.Vocabulary(text)
        known, held_out = corpora.split(self.vocabulary.encode(text), 0.1)
        source = windows(known, length=25, sequences=16)
        self._x, self._y = side_by_side(held_out[:3001], 100)
        start = text[len(known) :][:500].find("\n") + 1 or 1  # of a line, if there is one
        self._prime = held_out[start - 1]
        self._snippet = held_out[start : start + ROWS * COLUMNS]
        frequency = np.bincount(known, minlength=len(self.vocabulary)) + 1
        self.guessing = float(-np.log2(frequency / frequency.sum())[self._y].mean())
        symbols = len(self.vocabulary)
        return Network(symbols, settings["hidden"], symbols, settings["activation"]), source

    def tune(self, settings):
        super().tune(settings)
        self._unit = settings["unit"]

    def measure(self, theta):
        return evaluate(self.network, theta, self._x, self._y) / np.log(2)

    def write(self, theta):
        """Return what the net writes at θ, a string for each temperature."""
        ids, state = np.full((1, len(TEMPERATURES)), self._prime), None
        letters = []
        for draw in self._draws:
            a, tape = self.network.forward(theta, ids, state)
            state = tape.end
            above = softmax(a[0] / np.array(TEMPERATURES)[:, None]).cumsum(axis=1) > draw[:, None]
            ids = above.argmax(axis=1)[None]
            letters.append(ids[0])
        return [self.vocabulary.decode(line) for line in np.transpose(letters)]

    def unit(self, theta):
        """Return what the chosen hidden unit does at each letter of the shown text, (n,)."""
        tape = self.network.forward(theta, self._snippet[:, None])[1]
        return tape.h[:, 0, self._chosen()]

    def _chosen(self):
        return min(self._unit, self.network.hidden - 1)

    def figure(self, settings):
        fig = plt.figure(figsize=(9.6, 4.5))
        axes = fig.subplot_mosaic(
            [["loss", "samples"], ["text", "text"]], width_ratios=[5, 8], height_ratios=[5, 2]
        )
        self._draw_loss_axes(axes["loss"])
        self._samples = self._lines(fig, axes["samples"], len(TEMPERATURES), 3.0, 1.9)
        axes["samples"].set_title("What it writes, at three temperatures")
        for row, (artist, temperature) in enumerate(zip(self._samples, TEMPERATURES)):
            artist.axes.text(0, 3.0 * row + 0.9, f"temperature {temperature}", color=BLUE,
                             fontsize=9, transform=artist.get_transform(), in_layout=False)
        self._draw_text_axes(fig, axes["text"])
        return fig

    def draw(self, state):
        draw_curve(self._line, self.curve, (0, TOP))
        whole = len(state.losses) // self.every * self.every
        means = state.losses[:whole].reshape(-1, self.every).mean(axis=1) / np.log(2)
        self._training.set_data((np.arange(len(means)) + 0.5) * self.every, np.minimum(means, TOP))
        for artist, line in zip(self._samples, self.write(state.theta)):
            artist.set_text(drawable(line))
        self._colours.set_array(self.unit(state.theta))
        return [self._training, self._line, *self._samples, self._colours]

    def describe(self, state):
        step, bits = self.curve[-1]
        reached = [s for s, value in self.curve if value < GOAL_BITS]
        goal = ""
        if reached and self._name == ENGLISH:
            within = "the goal is reached" if reached[0] <= GOAL_STEP else "too late for the goal"
            goal = f" First below {GOAL_BITS} at step {reached[0]}: {within}."
        return (
            f"Step {state.step}: {bits:.2f} bits per character on held-out text "
            f"({self._name}, {len(self.vocabulary)} symbols).{goal} The colours are those of unit "
            f"{self._chosen()}."
        )

    def _draw_loss_axes(self, ax):
        ax.set(title="Bits per character", xlabel="training step", ylabel="bits",
               xlim=(0, 600), ylim=(0, TOP))
        marks = [(self.guessing, "guessing by frequency")]
        if self._name == ENGLISH:
            marks.append((phrases.SimpleEnglish(depth=1).entropy()[1], "least possible"))
            ax.axvspan(0, GOAL_STEP, 0, GOAL_BITS / TOP, color=GREEN, alpha=0.3, linewidth=0)
        for value, name in marks:
            ax.axhline(value, color=GREY, linestyle="--", linewidth=1)
            ax.annotate(name, (1, value), (0, 3), ("axes fraction", "data"), "offset points",
                        ha="right", color=BLACK, fontsize="small")
        (self._training,) = ax.plot([], [], color=GREY, linewidth=1, label="training text")
        (self._line,) = ax.plot([], [], color=BLUE, linewidth=2, label="held-out text")
        ax.legend(loc="upper right", fontsize=8)

    def _draw_text_axes(self, fig, ax):
        ax.set_title("Held-out text: how active one hidden unit is at each letter")
        self._letters = self._lines(fig, ax, ROWS, 1.0, 0.72)
        text = drawable(self.vocabulary.decode(self._snippet))
        for row, artist in enumerate(self._letters):
            artist.set_text(text[row * COLUMNS : (row + 1) * COLUMNS])
        places = [divmod(i, COLUMNS) for i in range(len(self._snippet))]
        self._colours = LineCollection(
            [[(column, row + 0.5), (column + 1, row + 0.5)] for row, column in places],
            linewidth=0.9 * LINE, capstyle="butt", cmap=COLOURS, clip_on=False, zorder=4,
            transform=self._letters[0].get_transform(),
        )
        self._colours.set_clim(-1, 1)
        ax.add_collection(self._colours, autolim=False)
        fig.colorbar(self._colours, ax=ax, ticks=[-1, 0, 1], pad=0.01, fraction=0.02)

    def _lines(self, fig, ax, rows, step, first):
        """Return empty texts, a row each; in their places a unit is a letter, or a line."""
        ax.axis("off")
        places = (
            Affine2D().scale(LETTER / 72, -LINE / 72)
            + fig.dpi_scale_trans + ScaledTranslation(0, 1, ax.transAxes)
        )
        return [
            ax.text(0, first + step * row, "", transform=places, **MONO)
            for row in range(rows)
        ]


def drawable(text):
    """Return `text` with one sign for each character that the figure's type can draw."""
    known = _drawn()
    signs = {"\n": "↵", "\t": "→", " ": " "}
    return "".join(
        signs.get(c, c if c.isprintable() and ord(c) in known else "□") for c in text
    )


@lru_cache
def _drawn():
    return frozenset(get_font(findfont("DejaVu Sans Mono")).get_charmap())
