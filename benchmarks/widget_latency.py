"""How fast a live picture answers: measured in a real JupyterLab in a real browser.

While the speller trains, a slider is moved by keyboard, 20 times, and the time is taken from the
key press to the first picture that was drawn with the new setting. To know that picture, the scene
paints the setting into a corner, and the page reads it there. Then the pictures of some seconds
are counted.

  python benchmarks/widget_latency.py [--json FILE]
"""

import argparse
import json
import statistics
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests" / "browser"))

from lab import Notebook, browser, find_browser, lab_server, write_notebook  # noqa: E402

MOVES, SECONDS = 20, 5
SCENE = f"""
from matplotlib.patches import Rectangle
from rnncamp_utils.widgets import Choice, Player, Speller

class Painted(Speller):
    controls = (Choice("mark", "mark", tuple(range({MOVES} + 1)), 0, live=True), *Speller.controls)

    def tune(self, settings):
        super().tune(settings)
        self.mark = settings["mark"]

    def figure(self, settings):
        fig = super().figure(settings)
        self.corner = fig.add_artist(Rectangle((0, 0.97), 0.03, 0.03))
        self.mark = settings["mark"]
        return fig

    def draw(self, state):
        self.corner.set_color(str(self.mark * 10 / 255))
        return [*super().draw(state), self.corner]

Player(Painted())
"""
# Each new picture is decoded, and what is painted in its corner noted with the time.
WATCH = """
const box = document.querySelector(".rnncamp-live"), image = box.querySelector("img");
const canvas = document.createElement("canvas"), pen = canvas.getContext("2d");
window.pictures = [];
image.addEventListener("load", () => {
  pen.drawImage(image, 5, 5, 1, 1, 0, 0, 1, 1);
  const mark = Math.round(pen.getImageData(0, 0, 1, 1).data[0] / 10);
  window.pictures.push([performance.now(), mark]);
});
document.addEventListener("keydown", () => { window.pressed = performance.now(); }, true);"""
SEEN = "return window.pictures.some(([time, mark]) => mark === %d);"
TAKEN = "return window.pictures.find(([time, mark]) => mark === %d)[0] - window.pressed;"


def measure(notebook):
    """Return (milliseconds of each move, pictures a second)."""
    notebook.run_all()
    notebook.page.wait_for_selector(".rnncamp-live img")
    notebook.evaluate(WATCH)
    box = notebook.page.locator(".rnncamp-live")
    box.get_by_role("button", name="Play").click()
    notebook.page.wait_for_timeout(1000)
    slider, times = box.get_by_role("slider").nth(1), []
    for mark in range(1, MOVES + 1):
        slider.press("ArrowRight")
        notebook.wait(SEEN % mark, 10)
        times.append(notebook.evaluate(TAKEN % mark))
        notebook.page.wait_for_timeout(130 + 17 * mark)  # not in step with the pictures
    count = "return window.pictures.length;"
    before = notebook.evaluate(count)
    notebook.page.wait_for_timeout(1000 * SECONDS)
    return times, (notebook.evaluate(count) - before) / SECONDS


def main():
    parser = argparse.ArgumentParser(description="how fast a live picture answers")
    parser.add_argument("--json", metavar="FILE", help="write the numbers to FILE")
    options = parser.parse_args()
    path = find_browser()
    if path is None:
        sys.exit("This needs Chromium: install it, or run `playwright install chromium`.")
    with tempfile.TemporaryDirectory() as folder:
        write_notebook(Path(folder) / "painted.ipynb", SCENE)
        with lab_server(folder) as (address, token), browser(path) as chromium:
            times, rate = measure(Notebook(chromium, address, token, "painted.ipynb"))
    result = {"slider_ms_median": statistics.median(times), "slider_ms_max": max(times),
              "pictures_per_second": rate}
    print(f"slider to picture: {result['slider_ms_median']:.0f} ms (median of {MOVES} moves; "
          f"largest {result['slider_ms_max']:.0f} ms; wanted: at most 150)")
    print(f"pictures while training: {rate:.1f} a second (wanted: at least 8)")
    if options.json:
        Path(options.json).write_text(json.dumps(result, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
