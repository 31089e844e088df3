"""A net that writes like its text, live: any text, any temperature."""

import numpy as np
from matplotlib.font_manager import findfont, get_font

from ..batches import side_by_side, windows
from ..corpora import Vocabulary, split, standard_library
from ..losses import softmax
from ..network import Network
from ..ngrams import NGramModel
from ..plots import BLUE, GREEN, GREY, figure
from ..training import evaluate
from .controls import Range
from .letters import BITS, CELL, HIDDEN, LEARNS, SEED
from .scene import ElmanScene, draw_curve, with_defaults

LINES, WIDTH = 5, 64  # of what is written; 5 samples side by side
PRIME = 30  # characters of the text that each sample goes on from
LEAST = 500  # characters of a text: its last tenth has to hold a few samples
FONT = "DejaVu Sans Mono"


class Writer(ElmanScene):
    """A character net learns `text` (None: the start of Python's own library) and writes.

    Raises ValueError for a text too short to train on.
    """

    gain, goal_step = 0.3, 300
    title = "A net writes like its text"
    goal = (
        f"on held-out text, get {gain:g} bits below the 2-gram within {goal_step} steps (the green "
        "zone). Then press Pause and move the temperature: where does it begin to "
        "repeat itself, where to rave?"
    )
    alt = (
        "Two panels. Bits per character on held-out text fall, step by step; dashed lines show a "
        "counted 2-gram and 3-gram. Five lines that the net writes."
    )
    controls = (
        Range("temperature", "temperature", 0, 2, 1, 0.05,
              help="below 1 the likely becomes likelier; 0 takes the likeliest always"),
        *with_defaults(LEARNS, lr=0.002), CELL, *with_defaults((HIDDEN,), hidden=64), SEED,
    )
    every, still = 20, 300

    def __init__(self, text=None):
        text = standard_library(200_000) if text is None else text
        self.vocabulary = Vocabulary(text)
        ids = self.vocabulary.encode(text)
        if len(ids) < LEAST:
            raise ValueError(f"a text of {len(ids)} characters is too short: take {LEAST} or more")
        self._train, held_out = split(ids, 0.1)
        self._x, self._y = side_by_side(held_out[:3001], 100)
        self.counted = {
            n: -np.log2(
                NGramModel(self._train, n, len(self.vocabulary)).probabilities(held_out[:3001])[1:]
            ).mean()
            for n in (2, 3)
        }
        # Texts differ by more than learning rates do, so the goal depends on the text.
        self.goal_bits = self.counted[2] - self.gain
        starts = np.linspace(0, len(held_out) - PRIME - 1, LINES).astype(int)
        self._prime = np.stack([held_out[start : start + PRIME] for start in starts], axis=1)
        # The same draws in every frame: what is written changes only because the net does.
        self._draws = np.random.default_rng(1).uniform(size=(WIDTH, LINES))
        self._glyphs = set(get_font(findfont(FONT)).get_charmap())
        drawn = "".join(self.vocabulary.symbols).replace("\n", "").replace("\t", "")
        self._lacks_glyphs = not self._glyphs.issuperset(map(ord, drawn))

    def build(self, settings):
        symbols = len(self.vocabulary)
        network = Network(symbols, settings["hidden"], symbols, settings["cell"])
        sequences = min(32, len(self._train) // 100)
        return network, windows(self._train, 30, max(1, sequences))

    def measure(self, theta):
        return evaluate(self.network, theta, self._x, self._y) / BITS

    def train(self, settings, state=None):
        self._temperature = settings["temperature"]
        yield from super().train(settings, state)

    def tune(self, settings):
        super().tune(settings)
        self._temperature = settings["temperature"]

    def write(self, theta):
        """Return the lines that the net writes at θ, at the temperature of the moment."""
        a, tape = self.network.forward(theta, self._prime)
        found = []
        for draw in self._draws:
            a = a[-1].astype(np.float64)
            if self._temperature == 0:
                found.append(a.argmax(axis=1))
            else:
                sums = softmax(a / self._temperature).cumsum(axis=1)
                found.append((sums > draw[:, None] * sums[:, -1:]).argmax(axis=1))
            a, tape = self.network.forward(theta, found[-1][None], tape.end)
        return [self.vocabulary.decode(line) for line in np.transpose(found)]

    def figure(self, settings):
        fig, (left, right) = figure(9.6, 3.0, ncols=2, width_ratios=[2, 3])
        left.set(title="Held-out text", xlabel="training step", ylabel="bits per character",
                 xlim=(0, 600), ylim=(0, 7))
        for n, bits in self.counted.items():
            left.axhline(bits, color=GREY, linestyle="--", linewidth=1)
            # Side by side: in a short text the two lines nearly meet.
            left.annotate(f"{n}-gram", (1.43 - 0.22 * n, bits), (0, 3), ("axes fraction", "data"),
                          "offset points", ha="right", fontsize="small")
        left.axvspan(0, self.goal_step, 0, max(self.goal_bits, 0) / 7, color=GREEN, alpha=0.3,
                     linewidth=0)
        (self._line,) = left.plot([], [], color=BLUE, linewidth=2)
        right.set_title("What it writes now")
        right.axis("off")
        self._lines = [
            right.text(0, 0.88 - 0.19 * row, "", family=FONT, fontsize=10, parse_math=False,
                       transform=right.transAxes)
            for row in range(LINES)
        ]
        return fig

    def draw(self, state):
        draw_curve(self._line, self.curve, (0, 7))
        for artist, line in zip(self._lines, self.write(state.theta)):
            line = line.replace("\n", "↵").replace("\t", " ")
            artist.set_text("".join(c if ord(c) in self._glyphs else "▯" for c in line))
        return [self._line, *self._lines]

    def describe(self, state):
        reached = [step for step, value in self.curve if value < self.goal_bits]
        goal = f" First below {self.goal_bits:.2f} at step {reached[0]}." if reached else ""
        # The page has letters that the picture's font lacks, such as those of Japanese.
        line = f" Line 1: {self.write(state.theta)[0]}" if self._lacks_glyphs else ""
        return (
            f"Step {state.step}: {self.curve[-1][1]:.2f} bits per character on held-out text, "
            f"temperature {self._temperature:.2f}.{goal}{line}"
        )
