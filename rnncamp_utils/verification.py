"""Is a card true? Run it again."""

from dataclasses import dataclass, field

import numpy as np

from .activations import ACTIVATIONS
from .comparisons import as_card
from .run_cards import Card
from .trials import run

# Measured over 100 settings on three simulated processors: 69 agreed within 3e-5 of the loss, 31
# amplified rounding errors to 7e-3 or far more, and none lay between. Half precision, in which a
# card keeps its curves, rounds by 5e-4.
RELATIVE, ABSOLUTE = 1e-3, 1e-6
JOLT = 1e-12  # of the weights: more than all rounding errors, and far less than the tolerance


@dataclass(frozen=True)
class Check:
    """What became of a card that was run again.

    `outcome` is "confirmed", "different", or "sensitive": the two runs part, but so do two runs
    here of which one has its first weights moved by a part in 10¹²; such a card proves nothing.
    `again` is the card of the new run.
    """

    outcome: str
    sentence: str
    again: Card = field(repr=False)

    @property
    def confirmed(self):
        return self.outcome == "confirmed"


def verify(card):
    """Run a card again and return the `Check`: all losses must agree within 0.1 %.

    Raises `CardError` for a text without a card, ValueError for an activation that is not known
    here.
    """
    card = as_card(card)
    name = card.conditions.activation
    if name not in ACTIVATIONS:
        raise ValueError(
            f"the card was made with the activation {name!r}, which is not known here: ask your "
            f"partner for the line activations.register({name!r}, ...), run it, and verify again"
        )
    result = run(card.conditions)
    again = result.card(card.name)
    apart = _apart(card, again)
    if not apart:
        return Check("confirmed", "Confirmed: the run gives the same losses here.", again)
    jolted = run(card.conditions, JOLT).card()
    here = _apart(again, jolted)
    if here and min(here) <= min(apart):
        return Check("sensitive", (
            f"This run cannot be checked: it amplifies rounding errors. The card and the run here "
            f"part after {min(apart)} gradient evaluations; after {min(here)}, so does a run whose "
            "first weights differ by a part in 10¹². A smaller learning rate gives steady runs."
        ), again)
    return Check("different", _complaint(card, again, min(apart)), again)


def _apart(card, again):
    """Return the numbers of gradient evaluations at which two cards disagree, a list."""
    same = np.isclose(card.curves, again.curves, RELATIVE, ABSOLUTE).all(axis=0)
    same[-1] &= np.isclose(card.final, again.final, RELATIVE, ABSOLUTE).all()
    return card.steps[~same].tolist()


def _complaint(card, again, first):
    sentence = f"Different: the card and the run here part after {first} gradient evaluations."
    wrong = ~np.isclose(card.final, again.final, RELATIVE, ABSOLUTE)
    for k in np.flatnonzero(wrong)[:1]:
        sentence += (
            f" Seed {card.conditions.seeds[k]} should end at {card.final[k]:.4g}, and ends at "
            f"{again.final[k]:.4g}."
        )
    return f"{sentence} Was the activation the same, and the course's code?"
