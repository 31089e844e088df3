"""Figures: one look for the whole book, and alternative text for every one of them."""

import base64
import html
import io
from functools import cache
from itertools import count

import matplotlib.pyplot as plt
from IPython.display import display
from matplotlib.font_manager import findfont, fontManager, get_font
from PIL import Image

# Okabe & Ito's colours: told apart by every kind of colour vision, and in grey.
BLUE, ORANGE, GREEN, PURPLE = "#0072B2", "#D55E00", "#009E73", "#CC79A7"
SKY, YELLOW, GREY, BLACK = "#56B4E9", "#E69F00", "#8A8A8A", "#222222"

STYLE = {
    "figure.dpi": 100,
    "figure.facecolor": "white",  # dark pages keep the contrast that the colours were chosen for
    "figure.constrained_layout.use": True,
    "axes.prop_cycle": plt.cycler(color=[BLUE, ORANGE, GREEN, PURPLE, SKY, YELLOW, BLACK]),
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.titlesize": "medium",
    "axes.titlelocation": "left",
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": "#E6E6E6",
    "image.cmap": "cividis",
    "legend.frameon": False,
}
plt.rcParams.update(STYLE)  # a reader's own figures look like the book's

# Names are drawn in the first that has the sign, where it is installed; the first always is.
FONTS = "DejaVu Sans", "Hiragino Sans", "Yu Gothic", "Meiryo", "Noto Sans CJK JP", "IPAexGothic"


def figure(width=7.0, height=2.8, **subplots):
    """Return `plt.subplots(**subplots)`, `width` × `height` inches."""
    return plt.subplots(figsize=(width, height), **subplots)


def show(fig, alt, caption=""):
    """Display `fig` with its alternative text and caption, and close it.

    `alt` tells a reader who cannot see the figure what it shows: one or two sentences.
    Raises ValueError when `alt` is empty.
    """
    if not alt.strip():
        raise ValueError("every figure needs alternative text: say in a sentence what it shows")
    png = to_png(fig)
    plt.close(fig)
    display(
        {
            "text/html": html_figure(png, alt, caption),
            "image/png": base64.b64encode(png).decode(),
            "text/plain": f"[figure: {alt}]",
        },
        raw=True,
    )


def to_png(fig):
    """Return `fig` as PNG bytes."""
    buffer = io.BytesIO()
    fig.savefig(buffer, format="png", metadata={"Software": None})
    return fewer_colours(buffer.getvalue())


def fewer_colours(png):
    """Return PNG bytes with 128 colours: a third of the size, and no difference to be seen."""
    picture = Image.open(io.BytesIO(png)).convert("RGB")
    buffer = io.BytesIO()
    picture.quantize(128, dither=Image.Dither.NONE).save(buffer, "PNG", optimize=True)
    return buffer.getvalue()


def html_figure(png, alt, caption=""):
    """Return an HTML figure: the one form whose alternative text Lab and nbconvert both honour."""
    # A caption repeats nothing of the text that a screen reader has just read.
    shown = f"<figcaption>{html.escape(caption)}</figcaption>" if caption else ""
    source = f"data:image/png;base64,{base64.b64encode(png).decode()}"
    alt = html.escape(alt, quote=True)
    image = f'<img alt="{alt}" src="{source}" style="max-width:100%">'
    return f'<figure style="margin:0">{image}{shown}</figure>'


def drawable(name):
    """Return a reader's name as Matplotlib can draw it, a box for what no font has, $ as $."""
    known = _known()
    text = "".join(c if ord(c) in known else "□" for c in name).replace("$", r"\$")
    return f" {text}" if text.startswith("_") else text  # a legend leaves labels with _ out


@cache
def fonts():
    """Return the names of the fonts for `drawable` names, those that are installed."""
    installed = {font.name for font in fontManager.ttflist}
    return [name for name in FONTS if name in installed]


@cache
def _known():
    return frozenset().union(*(get_font(findfont(name)).get_charmap() for name in fonts()))


def label_points(ax, names, points, size=8):
    """Write each name beside its point (x, y), or as near as it crosses no name and no marker.

    A thin line leads to a name that had to move. `size` of a letter is in points, 1/72 inch.
    """
    height, width, marker = size * 1.25, size * 0.62, 4  # of a letter; half of a marker
    ax.figure.draw_without_rendering()  # the layout decides where the points lie
    places = ax.transData.transform(points) * 72 / ax.figure.dpi
    taken = [(x - marker, y - marker, x + marker, y + marker) for x, y in places]
    for i in sorted(range(len(names)), key=lambda i: places[i][1]):
        left, beside = places[i][0] + marker + 2, places[i][1] - height / 2
        right = left + width * len(names[i])
        nearest_first = (beside + sign * k * height / 4 for k in count() for sign in (1, -1))
        bottom = next(
            y for y in nearest_first
            if not any(a < right and left < c and b < y + height and y < d for a, b, c, d in taken)
        )
        taken.append((left, bottom, right, bottom + height))
        moved = abs(bottom - beside) > height / 2
        line = {"arrowstyle": "-", "color": GREY, "lw": 0.5} if moved else None
        ax.annotate(names[i], points[i], (marker + 2, bottom - places[i][1]), va="bottom",
                    textcoords="offset points", fontsize=size, arrowprops=line)
