"""A class's run cards as a table and a figure: for the teacher."""

import html
import re
from dataclasses import dataclass, replace
from os import PathLike
from pathlib import Path

from . import plots
from .challenges import TASKS
from .comparisons import ALWAYS, as_card, score, seeds, short, spread
from .conditions import differences
from .run_cards import LONGEST_NAME, PREFIX, CardError, TruncatedCard, read

HEADINGS = ("place", "name", "activation", "median", "spread", "against the best", "other settings")
NOT_OTHER = {*ALWAYS, "activation"}


@dataclass(frozen=True, repr=False)
class Scoreboard:
    """`cards`, best first, and what was no card: `rejected`, a list of (where it stood, why).

    Cards are ranked among those of the same task, seeds and budget: others cannot be compared.
    Shows itself as a table, in a notebook or by `print`; `show` draws a figure.
    """

    cards: list
    rejected: list

    def groups(self):
        """Return the cards in lists that may be compared."""
        found = {}
        for card in self.cards:
            found.setdefault(_league(card.conditions), []).append(card)
        return list(found.values())

    def show(self):
        """Show a figure: the median of each card as a dot, the spread of its seeds as a line."""
        groups = self.groups()
        if not groups:
            print("There is no card to show.")
            return
        height = 1 + 0.3 * len(self.cards) + 0.6 * len(groups)
        ratios = [len(group) + 1 for group in groups]
        fig, axes = plots.figure(8, height, nrows=len(groups), squeeze=False, height_ratios=ratios)
        for ax, group in zip(axes[:, 0], groups):
            _draw(ax, group)
        alt = " ".join(
            f"{_title(group)}: " + "; ".join(f"{_who(c)} {score(c)}" for c in group) + "."
            for group in groups
        )
        plots.show(fig, alt, "Dots: median of the seeds; lines: from the lowest to the highest.")

    def __str__(self):
        lines = []
        for group in self.groups():
            rows = [HEADINGS, *_rows(group)]
            widths = [max(len(row[k]) for row in rows) for k in range(len(HEADINGS))]
            lines.append(_title(group))
            lines += ["  ".join(map(str.ljust, row, widths)).rstrip() for row in rows]
        return "\n".join([*lines, *self._complaints()])

    __repr__ = __str__  # a notebook saves it beside the table; the codes would not help there

    def _repr_html_(self):
        parts = []
        for group in self.groups():
            head = "".join(f'<th scope="col">{name}</th>' for name in HEADINGS)
            body = "".join(
                "<tr>" + "".join(f"<td>{html.escape(cell)}</td>" for cell in row) + "</tr>"
                for row in _rows(group)
            )
            parts.append(
                f"<table><caption>{html.escape(_title(group))}</caption>"
                f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
            )
        parts += [f"<p>{html.escape(line)}</p>" for line in self._complaints()]
        return "".join(parts)

    def _complaints(self):
        lines = [f"Rejected: {where}: {why}." for where, why in self.rejected]
        return lines if self.cards else ["There is no card here.", *lines]


def scoreboard(source):
    """Return the `Scoreboard` of all cards in `source`; what is none is named and left out.

    `source` is a folder with .txt files (a card without a name gets the file's), a text of many
    lines, or a list of texts, cards and results. Raises NotADirectoryError for a path that is no
    folder.
    """
    cards, rejected, seen = [], [], {}
    for where, entry, name in _entries(source):
        try:
            card = as_card(entry)
        except CardError as error:
            rejected.append((where, str(error)))
            continue
        if card.code in seen:
            rejected.append((where, f"this is the card of {seen[card.code]} once more"))
            continue
        seen[card.code] = where
        cards.append(card if card.name else replace(card, name=name))
    leagues = list(dict.fromkeys(_league(card.conditions) for card in cards))
    cards.sort(key=lambda c: (leagues.index(_league(c.conditions)), c.median, c.high, c.name))
    return Scoreboard(cards, rejected)


def _entries(source):
    """Yield (where it stands, text or card, name for a nameless card)."""
    if isinstance(source, PathLike) or isinstance(source, str) and _is_folder(source):
        folder = Path(source)
        if not folder.is_dir():
            raise NotADirectoryError(f"{folder} is no folder: name one that holds .txt files")
        for path in sorted(folder.glob("*.txt")):
            found = list(_in_text(_decoded(path.read_bytes()))) or [(1, "")]
            name = path.stem[:LONGEST_NAME] if len(found) == 1 else ""
            for line, text in found:
                yield f"{path.name}, line {line}", text, name
    elif isinstance(source, str):
        for line, text in _in_text(source):
            yield f"line {line}", text, ""
    else:
        for place, item in enumerate(source, 1):
            yield f"item {place}", item, ""


def _is_folder(text):
    return len(text) < 1000 and "\n" not in text and Path(text).is_dir()


def _decoded(data):
    """Return a file's text: UTF-8, or UTF-16 as Windows may write it; all of a card is ASCII."""
    wide = data.startswith((b"\xff\xfe", b"\xfe\xff"))
    return data.decode("utf-16" if wide else "utf-8-sig", errors="replace")


def _in_text(text):
    """Yield (number of its first line, text) of each card, and of each line that is none.

    A card that a mail program has broken into lines goes on until it is whole.
    """
    begun = None
    for number, line in enumerate(text.splitlines(), 1):
        for part in re.split(f"(?={PREFIX})", line, flags=re.IGNORECASE):
            fresh = part.upper().startswith(PREFIX)
            if begun and not fresh and _truncated(begun[1]):
                begun = begun[0], begun[1] + part
                continue
            if fresh or part.strip() and PREFIX not in line.upper():
                if begun:
                    yield begun
                begun = number, part
    if begun:
        yield begun


def _truncated(text):
    try:
        read(text)
    except TruncatedCard:
        return True
    except CardError:
        pass
    return False


def _league(conditions):
    """What must agree between cards that are ranked together."""
    length = conditions.length if TASKS[conditions.task].own_length else None
    return (*(getattr(conditions, name) for name in ALWAYS), length)


def _title(group):
    c = group[0].conditions
    length = f" of {c.length} steps" if TASKS[c.task].own_length else ""
    conditions = f"{TASKS[c.task].unit}, {c.budget} gradients, {seeds(group[0])}"
    return f"{c.task}{length}: held-out loss, {conditions}"


def _rows(group):
    """Return the cells of each card's row, as text."""
    first = group[0].conditions
    others = set().union(*(differences(first, card.conditions) for card in group)) - NOT_OTHER
    return [
        (
            str(place), card.name or "–", card.conditions.activation, short(card.median),
            spread(card), _gap(group, card),
            ", ".join(f"{name} {getattr(card.conditions, name)}" for name in sorted(others)),
        )
        for place, card in enumerate(group, 1)
    ]


def _gap(group, card):
    best = group[0]
    if card is best:
        return "best"
    return "clearly behind" if best.high < card.low else "too close to call"


def _who(card):
    activation = card.conditions.activation
    return f"{card.name} ({activation})" if card.name else activation


def _draw(ax, group):
    finite = [loss for card in group for loss in card.final if loss < float("inf")]
    end = 1.1 * max(finite, default=1)  # where the line of a diverged seed ends
    for place, card in enumerate(group):
        color = plots.BLUE if place == 0 else plots.BLACK
        ax.plot([min(card.low, end), min(card.high, end)], [place, place], color=color, linewidth=2)
        if card.median <= end:
            ax.plot([card.median], [place], "D" if place == 0 else "o", color=color)
        else:
            ax.text(end, place, "diverged", ha="right", va="bottom", fontsize="small")
    names = [f"{k}. {plots.drawable(_who(c))}" for k, c in enumerate(group, 1)]
    ax.set_yticks(range(len(group)), names, fontfamily=plots.fonts())
    ax.set(title=_title(group), xlabel=TASKS[group[0].conditions.task].unit,
           ylim=(len(group) - 0.5, -0.6))
