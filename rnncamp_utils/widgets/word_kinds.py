"""Elman's 29 words, live: kinds of words part while a net learns to predict."""

import numpy as np

from .. import grammars
from ..batches import windows
from ..losses import softmax
from ..network import Network
from ..plots import BLUE, GREEN, GREY, ORANGE, figure
from .controls import Choice
from .scene import ANEW, LIVE, ElmanScene, draw_curve, with_defaults

GOAL_UNITS, GOAL_COSINE = 20, 0.97
KINDS = (  # name, how the categories of its words begin, colour, marker
    ("verbs", ("VERB",), ORANGE, "s"),
    ("animate nouns", ("NOUN-HUM", "NOUN-ANIM", "NOUN-AGRESS"), BLUE, "o"),
    ("inanimate nouns", ("NOUN-INANIM", "NOUN-FRAG", "NOUN-FOOD"), GREEN, "^"),
)


class WordKinds(ElmanScene):
    """The mean hidden state after each word, in the plane of its two widest directions."""

    title = "29 words find their kinds"
    goal = (
        f"reach a mean cosine above {GOAL_COSINE} (the green zone) with at most {GOAL_UNITS} "
        "hidden units. By which step have the three kinds parted? What does 'steps back' change?"
    )
    alt = (
        "Two panels. The mean cosine between the net's predictions and the exact probabilities "
        "rises towards 1. In a plane, the 29 words of the language have parted into verbs, animate "
        "nouns and inanimate nouns."
    )
    controls = with_defaults((
        *LIVE,
        Choice("hidden", "hidden units", (5, 10, 20, 40, 150), 40),
        Choice("back", "steps back", (1, 2, 5, 10), 1,
               help="how many steps back in time the gradient looks"),
        *ANEW[1:],
    ), lr=0.01, optimizer="Adam")
    pace = 5
    still = 600

    def __init__(self):
        language, rng = grammars.elman_1990(), np.random.default_rng(0)
        stream = [language.encode(sum(language.sentences(rng, n), [])) for n in (10_000, 400)]
        self._train, self._test = stream
        self.exact = language.next_symbol_probabilities(self._test)
        self.words = language.symbols

    def build(self, settings):
        n = len(self.words)
        self._plane = None
        network = Network(n, settings["hidden"], n, settings["activation"])
        return network, windows(self._train, settings["back"], 16)

    def read(self, theta):
        """Return (states (n, H), predictions (n, V)) after each held-out word."""
        a, tape = self.network.forward(theta, self._test[:, None])
        return tape.h[:, 0], softmax(a)[:, 0]

    def measure(self, theta):
        p, q = self.exact, self.read(theta)[1]
        lengths = np.linalg.norm(p, axis=1) * np.linalg.norm(q, axis=1)
        return ((p * q).sum(axis=1) / lengths).mean()

    def plane(self, theta):
        """Return the place of each word, (29, 2), turned to lie as near as can be to the last."""
        states = self.read(theta)[0]
        means = np.array([states[self._test == i].mean(axis=0) for i in range(len(self.words))])
        if not np.isfinite(means).all():
            return self._plane
        # Both directions are shown equally wide, however unequal they are: words stay readable.
        places = np.linalg.svd(means - means.mean(axis=0), full_matrices=False)[0][:, :2]
        if self._plane is not None:
            # Principal axes have no sign and may swap: the nearest turn keeps the picture steady.
            left, _, right = np.linalg.svd(places.T @ self._plane)
            places = places @ left @ right
        self._plane = places
        return places

    def figure(self, settings):
        fig, (left, right) = figure(9.6, 4.4, ncols=2, width_ratios=[2, 3])
        left.set(title="Predicted against exact probabilities", xlabel="training step",
                 ylabel="mean cosine", xlim=(0, 600), ylim=(0.3, 1))
        left.axhspan(GOAL_COSINE, 1, color=GREEN, alpha=0.3, linewidth=0)
        left.axhline(0.916, color=GREY, linestyle="--", linewidth=1)
        left.annotate("Elman (1990): 0.916", (0, 0.916), (4, 3), ("axes fraction", "data"),
                      "offset points", fontsize="small")
        (self._line,) = left.plot([], [], color=BLUE, linewidth=2)
        right.set(title="The mean hidden state after each word", xlim=(-0.5, 0.6),
                  ylim=(-0.5, 0.6), xlabel="first direction", ylabel="second direction")
        self._clouds, self._labels = [], [None] * len(self.words)
        for name, categories, color, marker in KINDS:
            members = self._members(categories)
            (cloud,) = right.plot([], [], marker, color=color, label=name, markersize=5)
            self._clouds.append((cloud, members))
            for i in members:
                self._labels[i] = right.text(0, 0, self.words[i], color=color, fontsize=8)
        right.legend(loc="upper right", fontsize=8)
        return fig

    def draw(self, state):
        draw_curve(self._line, self.curve, (0, 1))
        places = self.plane(state.theta)
        for cloud, members in self._clouds:
            cloud.set_data(*places[members].T)
        for label, (x, y) in zip(self._labels, places):
            label.set_position((x + 0.012, y))
        return [self._line, *(cloud for cloud, _ in self._clouds), *self._labels]

    def describe(self, state):
        step, cosine = self.curve[-1]
        reached = [s for s, value in self.curve if value > GOAL_COSINE]
        goal = f" First above {GOAL_COSINE} at step {reached[0]}." if reached else ""
        return f"Step {state.step}: mean cosine {cosine:.3f}.{goal}"

    def _members(self, categories):
        names = " ".join(words for kind, words in grammars.CATEGORIES.items()
                         if kind.startswith(categories)).split()
        return [i for i, word in enumerate(self.words) if word in names]
