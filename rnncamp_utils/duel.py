"""Pair work: two runs under the same conditions, compared fairly. All of it is reached from here.

Both `run` the `Conditions` they agreed on, each with an activation of their own, exchange the codes
of their cards, and `compare` them. Anybody can `verify` a card by running it again; a teacher shows
all cards of a class on a `scoreboard`.
"""

from .challenges import TASKS
from .comparisons import Comparison, Unfair, as_card, compare, score
from .conditions import Conditions
from .run_cards import Card, CardError, DamagedCard, ForeignCard, NewerCard, TruncatedCard, read
from .scoreboards import Scoreboard, scoreboard
from .sweeps import SweepError, processes, sweep
from .trials import Result, run, walk
from .verification import Check, verify

__all__ = [
    "TASKS", "Card", "CardError", "Check", "Comparison", "Conditions", "DamagedCard",
    "ForeignCard", "NewerCard", "Result", "Scoreboard", "SweepError", "TruncatedCard", "Unfair",
    "as_card", "compare", "processes", "read", "run", "score", "scoreboard", "sweep", "verify",
    "walk",
]
