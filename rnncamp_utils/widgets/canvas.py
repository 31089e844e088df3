"""Frames: a figure drawn many times a second, as PNG bytes."""

import struct
import zlib

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg

from ..plots import STYLE

DPI = 120  # more than the page shows, so that text stays crisp on fine screens


class Canvas:
    """A figure whose still parts are drawn once; each frame draws only what moves on top.

    `make()` returns the figure, from pyplot, and is called in the book's style.
    """

    def __init__(self, make):
        with plt.rc_context(STYLE):
            self._figure = make()
        # pyplot forgets the figure, or the notebook would show it a second time.
        plt.close(self._figure)
        self._figure.set_dpi(DPI)
        self._canvas = FigureCanvasAgg(self._figure)
        self._background = self._limits = None

    def frame(self, artists):
        """Return the figure as PNG bytes, with the `artists` as they are now."""
        artists = sorted(artists, key=lambda artist: artist.get_zorder())
        if self._limits != self._now():
            self._draw_background(artists)
        self._canvas.restore_region(self._background)
        for artist in artists:
            artist.draw(self._canvas.get_renderer())
        return _png(np.asarray(self._canvas.buffer_rgba()))

    def _draw_background(self, artists):
        for artist in artists:
            artist.set_animated(True)
        self._canvas.draw()
        # The layout is found once: to find it in each frame would cost more than all the rest.
        self._figure.set_layout_engine("none")
        self._background = self._canvas.copy_from_bbox(self._figure.bbox)
        self._limits = self._now()

    def _now(self):
        """The limits of all axes: where one changes, ticks move, and the background is old."""
        return [(*axes.get_xlim(), *axes.get_ylim()) for axes in self._figure.axes]


def _png(pixels):
    """Return the pixels, (height, width, 4), as a PNG file: in half the time that Pillow takes."""
    height, width, _ = pixels.shape
    rows = np.zeros((height, 1 + 4 * width), np.uint8)  # each row begins with its filter: 0, none
    rows[:, 1:] = pixels.reshape(height, -1)
    chunks = (
        (b"IHDR", struct.pack(">2I5B", width, height, 8, 6, 0, 0, 0)),
        (b"IDAT", zlib.compress(rows, 1)),
        (b"IEND", b""),
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in chunks
    )
