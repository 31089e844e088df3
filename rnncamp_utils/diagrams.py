"""Drawings of nets: boxes for layers, arrows for weights, and the map of the book."""

from matplotlib.patches import FancyArrowPatch, FancyBboxPatch

from .plots import BLACK, ORANGE, figure

INPUT, HIDDEN, OUTPUT = "#FFF1D6", "#D9EBF7", "#DDF3EA"  # pale: the text on them stays readable


def jordan_and_elman():
    """Draw Jordan's net, whose output returns, beside Elman's, whose hidden state returns."""
    fig, axes = _canvas(7.0, 3.3, 2, xlim=(-2.1, 2.3), ylim=(-0.5, 4.75))
    for ax, title, returning, label in zip(
        axes,
        ("Jordan (1986): the output returns", "Elman (1990): the hidden state returns"),
        (4, 2),
        ("$y_{t-1}$", "$h_{t-1}$"),
    ):
        ax.set_title(title, loc="center")
        _box(ax, 0, 0, "$x_t$  input", INPUT)
        _box(ax, 0, 2, "$h_t$  hidden", HIDDEN)
        _box(ax, 0, 4, "$y_t$  output", OUTPUT)
        _arrow(ax, (0, 0.35), (0, 1.65), "$W_{xh}$")
        _arrow(ax, (0, 2.35), (0, 3.65), "$W_{hy}$")
        _loop(ax, returning, 2, label, "$W_{yh}$" if returning == 4 else "$W_{hh}$")
    return fig


def unrolled(steps=4):
    """Draw Elman's net unrolled: one copy for every time step, all with the same weights."""
    fig, (ax,) = _canvas(7.0, 2.9, 1, xlim=(-1.6, 2.2 * steps - 0.6), ylim=(-0.5, 4.5))
    ax.text(-1.25, 2, "$h_0$", ha="center", va="center")
    for t in range(steps):
        x = 2.2 * t
        _box(ax, x, 0, f"$x_{t + 1}$", INPUT, 1.0)
        _box(ax, x, 2, f"$h_{t + 1}$", HIDDEN, 1.0)
        _box(ax, x, 4, f"$y_{t + 1}$", OUTPUT, 1.0)
        _arrow(ax, (x, 0.35), (x, 1.65), "$W_{xh}$")
        _arrow(ax, (x, 2.35), (x, 3.65), "$W_{hy}$")
        start = x - 1.7 if t else x - 1.0
        _arrow(ax, (start, 2), (x - 0.5, 2), "$W_{hh}$", color=ORANGE)
    return fig


FORMS = (
    ("one to many\na caption for a picture", [0], [0, 1, 2]),
    ("many to one\nis this review kind?", [0, 1, 2], [2]),
    ("many to many\nread it, then translate", [0, 1], [2, 3]),
    ("many to many, synced\nthe next letter, each time", [0, 1, 2], [0, 1, 2]),
)


def forms():
    """Draw the forms of input and output: which steps read, which steps answer."""
    fig, axes = _canvas(7.4, 2.7, len(FORMS), xlim=(-0.6, 3.6), ylim=(-0.6, 4.6))
    for ax, (title, reads, answers) in zip(axes, FORMS):
        ax.set_title(title, loc="center", fontsize=9)
        steps = 1 + max(reads + answers)
        left = (4 - steps) / 2
        for t in range(steps):
            _box(ax, t + left, 2, "", HIDDEN, 0.6)
            if t:
                _arrow(ax, (t + left - 0.7, 2), (t + left - 0.3, 2), color=ORANGE)
            if t in reads:
                _box(ax, t + left, 0, "", INPUT, 0.6)
                _arrow(ax, (t + left, 0.35), (t + left, 1.65))
            if t in answers:
                _box(ax, t + left, 4, "", OUTPUT, 0.6)
                _arrow(ax, (t + left, 2.35), (t + left, 3.65))
    return fig


# The map: number, title, column, row, and the chapters it builds on.
CHAPTERS = (
    (1, "The Elman net", 0, 2, ()),
    (2, "Backpropagation\nthrough time", 1, 2, (1,)),
    (3, "Pair work: which\nactivation?", 2, 3, (2,)),
    (4, "Language models", 2, 1, (2,)),
    (5, "Vanishing\ngradients", 2, 2, (2,)),
    (6, "Optimizers I:\ngoing downhill", 3, 3, (5,)),
    (7, "Optimizers II:\nadaptive", 4, 3, (6,)),
    (8, "Optimizers III:\ncurvature", 5, 3, (7,)),
    (9, "LSTM", 3, 2, (5,)),
    (10, "GRU, bidirectional,\nkeeping a state", 4, 2, (9,)),
    (11, "The multiplicative\nRNN", 4, 1, (4, 9)),
    (12, "Hessian-free I", 5, 2, (8,)),
    (13, "Hessian-free II:\nrecurrent nets", 5, 1, (12, 11)),
)


def chapter_map(ready):
    """Draw the chapters and what builds on what; those not in `ready` are drawn in grey."""
    fig, (ax,) = _canvas(8.0, 3.3, 1, xlim=(-0.85, 10.85), ylim=(0.55, 3.5))
    place = {n: (2.0 * column, row) for n, _, column, row, _ in CHAPTERS}
    for number, title, _, _, needs in CHAPTERS:
        (x, y), here = place[number], number in ready
        _box(ax, x, y, f"{number:02d}\n{title}", HIDDEN if here else "#F4F4F4", 1.6, 0.62,
             BLACK if here else "#6B6B6B", 7.5)
        for need in needs:
            (x0, y0), same = place[need], place[need][0] == x
            start = (x0, y0 - 0.31) if same else (x0 + 0.8, y0)
            _arrow(ax, start, (x, y + 0.31) if same else (x - 0.8, y))
    return fig


def _canvas(width, height, columns, xlim, ylim):
    fig, axes = figure(width, height, ncols=columns, squeeze=False)
    for ax in axes[0]:
        ax.set(xlim=xlim, ylim=ylim)
        ax.axis("off")
    return fig, axes[0]


def _box(ax, x, y, text, color, width=2.2, height=0.7, text_color=BLACK, size=10):
    corner = (x - width / 2, y - height / 2)
    ax.add_patch(
        FancyBboxPatch(corner, width, height, "round,pad=0,rounding_size=0.12",
                       facecolor=color, edgecolor=text_color, linewidth=0.8)
    )
    ax.text(x, y, text, ha="center", va="center", color=text_color, fontsize=size)


def _arrow(ax, start, end, label="", color=BLACK):
    ax.add_patch(FancyArrowPatch(start, end, arrowstyle="-|>", mutation_scale=9, color=color,
                                 shrinkA=0, shrinkB=0, linewidth=1.1))
    x, y = (start[0] + end[0]) / 2, (start[1] + end[1]) / 2
    level = start[1] == end[1]
    ax.text(x + (0 if level else 0.08), y + (0.12 if level else 0), label, color=color,
            fontsize=9, ha="center" if level else "left", va="bottom" if level else "center")


def _loop(ax, top, bottom, label, weights):
    """An arrow out of the layer at height `top`, one step of delay, into the hidden layer."""
    right, into = 1.75, bottom - 0.18
    path = [(1.1, top + 0.18), (right, top + 0.18), (right, into)]
    ax.plot(*zip(*path), color=ORANGE, linewidth=1.1)
    _arrow(ax, (right, into), (1.1, into), color=ORANGE)
    middle = (top + 0.18 + into) / 2
    label = f"{label}\none step\nlater"
    ax.text(right + 0.08, middle, label, color=ORANGE, fontsize=8, va="center")
    ax.text(1.42, into - 0.15, weights, color=ORANGE, fontsize=9, ha="center", va="top")
