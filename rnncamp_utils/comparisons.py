"""Two cards side by side: are they comparable, which is better, and what does that look like?"""

import textwrap
from dataclasses import dataclass, field

import numpy as np

from . import plots
from .challenges import TASKS
from .conditions import differences
from .run_cards import Card, read
from .trials import Result

ALWAYS = ("task", "seeds", "budget")  # what even the free round fixes


class Unfair(ValueError):
    """Two cards cannot be compared: more differs than what is compared."""


@dataclass(frozen=True)
class Comparison:
    """Two cards side by side.

    `winner` is "mine", "partner", or None where it is too close to call; `verdict` says so in a
    sentence, the same on both sides; `names` are those of mine and partner in it.
    """

    mine: Card = field(repr=False)
    partner: Card = field(repr=False)
    names: tuple
    winner: str
    verdict: str

    @property
    def wins(self):
        """In how many of the seeds mine has the smaller loss."""
        return int((self.mine.final < self.partner.final).sum())

    def show(self):
        """Print the verdict and show the figure."""
        print(textwrap.fill(self.verdict, 100))
        plots.show(*self.figure())

    def figure(self):
        """Return (figure, alternative text, caption): the losses, and beside them the norms."""
        fig, (left, right) = plots.figure(9, 3.4, ncols=2)
        both = [self.mine, self.partner]
        top = 1.15 * max(card.curves[2, 0] for card in both)
        looks = zip(both, self.names, (plots.BLUE, plots.ORANGE), ("-", "--"))
        for card, name, color, style in looks:
            look = {"color": color, "linestyle": style, "marker": "o", "ms": 3,
                    "label": plots.drawable(name)}
            # What has diverged is drawn as a line that leaves the picture.
            low, median, high = np.minimum(card.curves, 10 * top)
            left.fill_between(card.steps, low, high, color=color, alpha=0.2, linewidth=0)
            left.plot(card.steps, median, **look)
            right.plot((card.steps[:-1] + card.steps[1:]) / 2, card.norms, **look)
        count = seeds(self.mine)
        left.set(title="Held-out loss", xlabel="gradient evaluations",
                 ylabel=TASKS[self.mine.conditions.task].unit, ylim=(None, top))
        norms = np.concatenate([card.norms for card in both])
        norms = norms[np.isfinite(norms)]
        far = norms.size and norms.max() > 10 * norms.min()
        right.set(title="Size of the gradient before clipping", xlabel="gradient evaluations",
                  ylabel="norm", yscale="log" if far else "linear")
        left.legend(prop={"family": plots.fonts()})
        caption = f"Lines: median of {count}; band: from the lowest to the highest."
        return fig, f"{self._description()} {self.verdict}", caption

    def _description(self):
        falls = (
            f"{name} goes from {short(card.curves[1, 0])} to {short(card.median)}"
            for card, name in ((self.mine, self.names[0]), (self.partner, self.names[1]))
        )
        return (
            "Two panels over the gradient evaluations: held-out losses, and gradient norms. "
            f"The median loss of {' and that of '.join(falls)}."
        )


def compare(mine, partner, compared="activation", free=False):
    """Return the `Comparison` of two cards, results, or texts that hold a card.

    The smaller held-out loss wins, median over the seeds, unless the spreads of the seeds overlap.
    Only `compared`, a field of the conditions or several, may differ; in the free round all but
    task, seeds and budget may. Raises `Unfair`, naming the differences, and `CardError`.
    """
    mine, partner = as_card(mine), as_card(partner)
    compared = (compared,) if isinstance(compared, str) else tuple(compared)
    for name in compared:
        if name not in vars(mine.conditions):
            known = ", ".join(vars(mine.conditions))
            raise ValueError(f"unknown condition {name!r}: the known ones are {known}")
    _check_fair(mine.conditions, partner.conditions, compared, free)
    names = _names(mine, partner, free)
    return Comparison(mine, partner, names, *_judge((mine, names[0]), (partner, names[1])))


def as_card(given):
    """Return a card: as it is, that of a `Result`, or the first one in a text."""
    if isinstance(given, Result):
        return given.card()
    return given if isinstance(given, Card) else read(str(given))


def _check_fair(mine, partner, compared, free):
    """Raise `Unfair` where what must agree differs."""
    locked = [name for name in differences(mine, partner) if name not in compared]
    if free:
        # Where the length is part of the task, another length is another task.
        fixed = ALWAYS + (("length",) if TASKS[mine.task].own_length else ())
        locked = [name for name in differences(mine, partner) if name in fixed]
    if locked:
        pairs = ((name, getattr(mine, name), getattr(partner, name)) for name in locked)
        each = (f"{name} ({ours} against {theirs})" for name, ours, theirs in pairs)
        rule = "in the free round" if free else f"besides {' and '.join(compared)}"
        raise Unfair(
            f"this would not be fair: the cards differ in {', '.join(each)}. {rule.capitalize()}, "
            "nothing of that may differ: agree on it, and run again"
        )


def _names(mine, partner, free):
    """Return what the two cards are called: by their participants, and by what differs."""
    differing = differences(mine.conditions, partner.conditions)
    if free:  # all may differ, too much for a name
        differing = [name for name in differing if name == "activation"]
    names = []
    for card, side in ((mine, "mine"), (partner, "partner")):
        values = [(name, getattr(card.conditions, name)) for name in differing]
        traits = ", ".join(v if isinstance(v, str) else f"{name} {v}" for name, v in values)
        if card.name:
            names.append(f"{card.name} ({traits})" if traits else card.name)
        else:
            names.append(traits or side)
    return tuple(names)


def _judge(*sides):
    """Return (winner, verdict) of two (card, name)."""
    if sides[0][0] == sides[1][0]:
        return None, (
            "These are one and the same card, letter by letter: is it your own, pasted in place of "
            "your partner's?"
        )
    best, other = sorted(sides, key=lambda side: (side[0].median, side[0].code))
    clear = best[0].high < other[0].low
    unit = TASKS[best[0].conditions.task].unit
    count = seeds(best[0])
    if clear:
        winner = "mine" if best is sides[0] else "partner"
        return winner, (
            f"{best[1]} wins: {score(best[0])} {unit} on held-out data against "
            f"{score(other[0])} of {other[1]} (median of {count}, and their spread)."
        )
    return None, (
        f"Too close to call: {best[1]} has {score(best[0])} {unit} on held-out data and "
        f"{other[1]} {score(other[0])} (median of {count}, and their spread): the spreads overlap."
    )


def score(card):
    """The median and the spread of a card, in words."""
    return f"{short(card.median)} [{spread(card)}]"


def spread(card):
    """The losses of a card's best and worst seed, in words."""
    lost = f", {card.diverged} diverged" if card.diverged else ""
    return f"{short(card.low)} to {short(card.high)}{lost}"


def short(loss):
    """Return a loss with three digits."""
    return f"{loss:#.3g}".rstrip(".") if np.isfinite(loss) else "∞"


def seeds(card):
    """How many seeds a card has, in words."""
    count = len(card.conditions.seeds)
    return f"{count} seeds" if count > 1 else "1 seed"
