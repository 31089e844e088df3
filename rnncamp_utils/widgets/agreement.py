"""Agreement, live: does a net that reads word by word expect the right verbs?"""

from itertools import product

import numpy as np

from .. import phrases
from ..batches import windows
from ..losses import softmax
from ..network import Network
from ..ngrams import NGramModel
from ..plots import BLUE, GREEN, ORANGE, figure
from .controls import Choice
from .letters import CELL, HIDDEN, LEARNS, SEED
from .scene import ElmanScene, draw_curve, with_defaults


class Agreement(ElmanScene):
    """Which verbs the net expects, singular or plural ones, after each word of a sentence."""

    goal_share, goal_step = 0.9, 500
    title = "Does the verb agree?"
    goal = (
        f"bring the share of right verbs after a relative clause above {goal_share} within "
        f"{goal_step} steps. Which control matters most? Then look at 'two deep'."
    )
    alt = (
        "Two panels. The share of right verbs after a relative clause rises from one half; a "
        "dashed line, the 6-gram, stays near one half. Bars for each word of a sentence: how much "
        "probability the net gives to singular and to plural verbs next."
    )
    controls = (
        Choice("sentence", "sentence", ("no clause", "one clause", "two deep"), "one clause",
               live=True),
        Choice("number", "its subject", phrases.NUMBERS, "plural", live=True),
        *LEARNS, CELL,
        Choice("back", "steps back", (1, 2, 5, 10, 20), 2,
               help="how many words back in time the gradient looks"),
        *with_defaults((HIDDEN,), hidden=16), SEED,
    )
    every, still = 10, 500

    def __init__(self):
        self.language, rng = phrases.SimpleEnglish(), np.random.default_rng(0)
        self.words = self.language.symbols
        self._train = self.language.encode(sum(self.language.sentences(rng, 5000), []))
        self.verbs = {
            number: self.language.encode(phrases.TRANSITIVE[number] + phrases.INTRANSITIVE[number])
            for number in phrases.NUMBERS
        }
        pairs = [*product(range(9), range(6))]
        self.tests = {
            number: np.array([self._encode("one clause", number, a, b) for a, b in pairs]).T
            for number in phrases.NUMBERS
        }
        counted = NGramModel(self._train, 6, len(self.words))
        self.of_counts = np.mean([
            self.share(counted.next_symbol_probabilities(ids)[-1:], number)
            for number, tests in self.tests.items() for ids in tests.T
        ])

    def _encode(self, kind, number, noun=0, verb=0):
        """Return ".", and the words before the main verb of such a sentence, as integers."""
        other = {"singular": "plural", "plural": "singular"}[number]
        nouns, verbs = phrases.NOUNS, phrases.TRANSITIVE
        words = [".", "the", nouns[number][noun]]
        if kind != "no clause":
            words += ["that", "the", nouns[other][noun - 4]]
        if kind == "two deep":
            words += ["that", "the", nouns[number][noun - 2], verbs[number][verb - 3]]
        if kind != "no clause":
            words += [verbs[other][verb]]
        return self.language.encode(words)

    def share(self, p, number):
        """Return the verbs of this number's share of what all verbs get in `p` (n, V), (n,)."""
        # A net that has gone astray may give no verb anything: then neither number is preferred.
        mass = {n: p[:, verbs].sum(axis=1) + 1e-30 for n, verbs in self.verbs.items()}
        return mass[number] / sum(mass.values())

    def build(self, settings):
        n = len(self.words)
        network = Network(n, settings["hidden"], n, settings["cell"])
        return network, windows(self._train, settings["back"], 32)

    def measure(self, theta):
        shares = [self.share(softmax(self.network.forward(theta, x)[0][-1]), number)
                  for number, x in self.tests.items()]
        return np.mean(shares)

    def train(self, settings, state=None):
        self._chosen = settings["sentence"], settings["number"]
        yield from super().train(settings, state)

    def tune(self, settings):
        super().tune(settings)
        self._chosen = settings["sentence"], settings["number"]

    def figure(self, settings):
        fig, (left, right) = figure(9.6, 4.0, ncols=2, width_ratios=[2, 3])
        left.set(title="Right verbs after a relative clause", xlabel="training step",
                 ylabel="share of the right number", xlim=(0, 1000), ylim=(0, 1))
        left.axhline(self.of_counts, color=ORANGE, linestyle="--")
        left.annotate("word 6-gram", (0.99, self.of_counts), (0, -12), ("axes fraction", "data"),
                      "offset points", ha="right", fontsize="small")
        left.axvspan(0, self.goal_step, self.goal_share, 1, color=GREEN, alpha=0.3, linewidth=0)
        (self._line,) = left.plot([], [], color=BLUE, linewidth=2)
        most = len(self._encode("two deep", "plural"))
        right.set(title="What the net expects after each word", ylabel="probability",
                  ylim=(0, 1), xticks=[])
        places = np.arange(most - 1)
        self._bars = [
            right.bar(places + shift, 0 * places, 0.36, color=color, hatch=hatch, edgecolor="white",
                      label=f"{number} verbs")
            for number, color, hatch, shift in zip(
                phrases.NUMBERS, (ORANGE, BLUE), ("//", ""), (-0.18, 0.18))
        ]
        right.legend(loc="upper left", ncols=2)
        self._labels = [
            right.text(place, -0.03, "", rotation=60, ha="right", va="top", rotation_mode="anchor")
            for place in places
        ]
        # Room for the words: the layout is found before there are any.
        right.set_xlabel("\n\n\n")
        return fig

    def draw(self, state):
        draw_curve(self._line, self.curve, (0, 1))
        ids = self._encode(*self._chosen)
        self._bars[0][0].axes.set_xlim(-0.6, len(ids) - 1.4)
        p = softmax(self.network.forward(state.theta, ids[:, None])[0][1:, 0])
        for bars, verbs in zip(self._bars, self.verbs.values()):
            heights = np.zeros(len(bars))
            heights[: len(p)] = p[:, verbs].sum(axis=1)
            for bar, height in zip(bars, heights):
                bar.set_height(height)
        for place, label in enumerate(self._labels):
            label.set_text(self.words[ids[place + 1]] if place < len(p) else "")
        return [self._line, *self._bars[0], *self._bars[1], *self._labels]

    def describe(self, state):
        share = self.curve[-1][1]
        reached = [step for step, value in self.curve if value > self.goal_share]
        goal = f" First above {self.goal_share} at step {reached[0]}." if reached else ""
        kind, number = self._chosen
        x = self._encode(kind, number)[:, None]
        here = self.share(softmax(self.network.forward(state.theta, x)[0][-1]), number)[0]
        return (
            f"Step {state.step}: after a relative clause {share:.3f} for the right verbs.{goal} "
            f"In this sentence ({kind}) {here:.3f} for {number} verbs."
        )
