"""Figures carry alternative text, and drawings say what they should."""

import base64
import io

import numpy as np
import pytest
from matplotlib.text import Text
from matplotlib.transforms import Bbox
from PIL import Image

from rnncamp_utils import diagrams, plots


@pytest.fixture(autouse=True)
def no_figure_is_left_open():
    yield
    plots.plt.close("all")


@pytest.fixture
def shown(monkeypatch):
    bundles = []
    monkeypatch.setattr(plots, "display", lambda data, raw: bundles.append(data))
    return bundles


def test_a_figure_is_shown_with_its_alternative_text_everywhere(shown):
    fig, _ = plots.figure()
    plots.show(fig, alt='a "line" < 3', caption="see & read")
    (data,) = shown
    assert 'alt="a &quot;line&quot; &lt; 3"' in data["text/html"]
    assert "<figcaption>see &amp; read</figcaption>" in data["text/html"]
    assert data["text/plain"] == '[figure: a "line" < 3]'
    assert base64.b64decode(data["image/png"])[:8] == b"\x89PNG\r\n\x1a\n"
    assert data["image/png"] in data["text/html"]


@pytest.mark.parametrize("alt", ["", "  "])
def test_a_figure_without_alternative_text_is_refused(shown, alt):
    with pytest.raises(ValueError, match="alternative text"):
        plots.show(plots.figure()[0], alt=alt)
    assert not shown


def test_a_figure_is_closed_once_it_is_shown(shown):
    fig, _ = plots.figure()
    plots.show(fig, alt="an empty figure")
    assert fig.number not in plots.plt.get_fignums()


def test_the_same_figure_gives_the_same_bytes_and_few_colours():
    def png():
        fig, ax = plots.figure()
        ax.plot([0, 1], [1, 0])
        return plots.to_png(fig)

    assert png() == png()
    assert Image.open(io.BytesIO(png())).mode == "P"


def extents(ax):
    """Return where the labels stand, in pixels, without the lines that lead to them."""
    ax.figure.draw_without_rendering()
    renderer = ax.figure.canvas.get_renderer()
    return [Text.get_window_extent(label, renderer) for label in ax.texts]


def test_labels_of_points_in_one_place_do_not_overlap():
    fig, ax = plots.figure()
    ax.set(xlim=(0, 1), ylim=(0, 1))
    plots.label_points(ax, ["one", "two", "three"], np.full((3, 2), 0.5))
    boxes = extents(ax)
    assert not any(a.overlaps(b) for i, a in enumerate(boxes) for b in boxes[:i])


def test_labels_of_points_cross_no_marker():
    fig, ax = plots.figure()
    ax.set(xlim=(0, 1), ylim=(0, 1))
    points = np.array([[0.5, 0.5], [0.53, 0.5], [0.56, 0.52], [0.52, 0.58]])
    plots.label_points(ax, ["a long name"] * 4, points)
    boxes = extents(ax)
    for place in ax.transData.transform(points):
        marker = Bbox([place - 3, place + 3])
        assert not any(box.overlaps(marker) for box in boxes)


def texts(fig):
    return [text.get_text() for ax in fig.axes for text in ax.texts if text.get_text()]


def test_jordans_output_returns_and_elmans_state():
    left, right = diagrams.jordan_and_elman().axes
    words = [[text.get_text() for text in ax.texts] for ax in (left, right)]
    assert "$W_{yh}$" in words[0] and "$W_{hh}$" not in words[0]
    assert "$W_{hh}$" in words[1] and "$W_{yh}$" not in words[1]


@pytest.mark.parametrize("steps", [1, 4])
def test_the_unrolled_net_has_one_copy_a_step_and_the_same_weights(steps):
    drawn = texts(diagrams.unrolled(steps))
    assert drawn.count("$W_{xh}$") == drawn.count("$W_{hh}$") == drawn.count("$W_{hy}$") == steps
    assert f"$y_{steps}$" in drawn


def test_the_map_shows_every_chapter_and_builds_only_on_earlier_columns_or_rows():
    fig = diagrams.chapter_map(ready={1})
    drawn = texts(fig)
    assert [f"{n:02d}" for n in range(1, 14)] == sorted(text[:2] for text in drawn)
    place = {n: (column, row) for n, _, column, row, _ in diagrams.CHAPTERS}
    for number, _, column, row, needs in diagrams.CHAPTERS:
        for x, y in (place[n] for n in needs):
            assert x < column or (x == column and y > row)


def test_every_form_of_input_and_output_is_drawn():
    assert len(diagrams.forms().axes) == len(diagrams.FORMS) >= 3
