"""A private JupyterLab and a real browser, for tests and measurements."""

import json
import os
import secrets
import shutil
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path

import nbformat
from playwright.sync_api import sync_playwright

ROOT = Path(__file__).resolve().parents[2]
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
FLAGS = (
    "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync"
).split()
CLEAR = "Click to show javascript error"

# JavaScript on the page. `panel` is the notebook that is open.
PANEL = "const panel = window.jupyterapp.shell.currentWidget;"
IDLE = PANEL + """
const kernel = panel?.sessionContext?.session?.kernel;
return kernel?.connectionStatus === "connected" && kernel.status === "idle";"""
CODE = PANEL + """
const cells = [...panel.content.model.cells]
  .filter(c => c.type === "code" && c.sharedModel.source.trim());"""
# Saved outputs bring execution counts with them, which would end the wait at once.
FORGET = CODE + "cells.forEach(c => { c.executionCount = null; });"
# An error stops the cells after it: without the first line the wait would be for nothing.
ALL_RAN = CODE + """
if (cells.some(c => c.sharedModel.outputs.some(o => o.output_type === "error"))) return true;
return cells.every(c => c.executionCount);"""
NO_NEWS = {"fetchNews": "false", "checkForUpdates": False}


@contextmanager
def lab_server(folder):
    """Serve `folder` with a JupyterLab that reads and writes no settings of the user; its address.

    Its private files lie in `folder`/.private.
    """
    private = Path(folder) / ".private"
    news = private / "settings" / "@jupyterlab" / "apputils-extension"
    news.mkdir(parents=True)
    (news / "notification.jupyterlab-settings").write_text(json.dumps(NO_NEWS), encoding="utf-8")
    token = secrets.token_hex(16)
    command = [
        sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root",
        "--expose-app-in-browser", "--ServerApp.port=0", f"--ServerApp.root_dir={folder}",
        f"--IdentityProvider.token={token}", "--ServerApp.answer_yes=True",
    ]
    with open(private / "log", "wb") as log:
        server = subprocess.Popen(
            command, cwd=folder, env=_environment(private), stdout=log, stderr=log
        )
    try:
        yield f"{_address(server, private)}lab", token
    finally:
        server.send_signal(signal.SIGINT)
        try:
            server.wait(20)
        except subprocess.TimeoutExpired:
            server.kill()


def _environment(private):
    places = {
        "JUPYTER_CONFIG_DIR": "config", "JUPYTER_DATA_DIR": "data",
        "JUPYTER_RUNTIME_DIR": "runtime",
        "JUPYTERLAB_SETTINGS_DIR": "settings", "JUPYTERLAB_WORKSPACES_DIR": "workspaces",
        "IPYTHONDIR": "ipython", "MPLCONFIGDIR": "matplotlib",
    }
    path = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
    return {
        **os.environ, **{name: str(private / place) for name, place in places.items()},
        "PYTHONPATH": path, "OPENBLAS_NUM_THREADS": "1",
    }


def _address(server, private, patience=60):
    """Wait until the server answers where its runtime file says, and return that address."""
    end = time.monotonic() + patience
    while time.monotonic() < end and server.poll() is None:
        for file in (private / "runtime").glob("jpserver-*.json"):
            try:
                return json.loads(file.read_text(encoding="utf-8"))["url"]
            except ValueError:
                pass  # it is being written
        time.sleep(0.1)
    log = (private / "log").read_text(encoding="utf-8", errors="replace")
    raise RuntimeError(f"JupyterLab did not start:\n{log[-3000:]}")


def find_browser():
    """Return the path of a Chromium or Chrome: the system's, else Playwright's own, or None."""
    for name in BROWSERS:
        if shutil.which(name):
            return shutil.which(name)
    with sync_playwright() as playwright:
        own = playwright.chromium.executable_path
    return own if Path(own).exists() else None


@contextmanager
def browser(path):
    """Run a browser without a window."""
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=path, args=FLAGS)
        try:
            yield chromium
        finally:
            chromium.close()


class Notebook:
    """A notebook open in Lab, and what went wrong on its page."""

    def __init__(self, browser, address, token, name, width=1280, height=1000):
        self.page = browser.new_page(viewport={"width": width, "height": height})
        self.errors = []
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.page.goto(f"{address}/tree/{name}?reset&token={token}")
        self.page.wait_for_selector(".jp-Notebook .jp-Cell", timeout=60_000)

    def evaluate(self, body):
        """Run JavaScript, the body of a function, and return what it returns."""
        return self.page.evaluate(f"() => {{ {body} }}")

    def wait(self, body, seconds=60):
        """Wait until JavaScript, the body of a function, returns true."""
        self.page.wait_for_function(f"() => {{ {body} }}", timeout=1000 * seconds)

    def run_all(self, seconds=120):
        """Run all cells and wait until each has run, without any error."""
        self.wait(IDLE)
        self.evaluate(FORGET)
        # Not awaited: an answer would come only when all cells have run, and hide what goes wrong.
        self.evaluate('window.jupyterapp.commands.execute("notebook:run-all-cells");')
        self.wait(ALL_RAN, seconds)
        self.wait(IDLE, seconds)
        self.assert_healthy()

    def outputs(self, kind):
        """Return all outputs of a type, such as "error" or "stream", as dicts."""
        cells = self.evaluate(PANEL + "return panel.content.model.sharedModel.toJSON().cells;")
        found = [output for cell in cells for output in cell.get("outputs", ())]
        return [output for output in found if output["output_type"] == kind]

    def cells_with_widgets(self):
        """Return the numbers of the cells that show a player."""
        cells = self.evaluate(PANEL + "return panel.content.model.sharedModel.toJSON().cells;")
        kind = "application/vnd.jupyter.widget-view+json"
        return [i for i, cell in enumerate(cells)
                if any(kind in output.get("data", ()) for output in cell.get("outputs", ()))]

    def show(self, cell):
        """Scroll to a cell, which Lab draws only now, and return it."""
        self.page.evaluate(f"async () => {{ {PANEL} await panel.content.scrollToItem({cell}); }}")
        return self.page.locator(f'.jp-Cell[data-windowed-list-index="{cell}"]')

    def assert_healthy(self):
        """Raise AssertionError for any error of the page, a widget or the kernel."""
        wrong = list(self.errors)
        wrong += [f"{o['ename']}: {o['evalue']}" for o in self.outputs("error")]
        wrong += [o["text"] for o in self.outputs("stream") if o["name"] == "stderr"]
        wrong += self.page.get_by_text(CLEAR).all_inner_texts()
        assert not wrong, wrong

    def save(self):
        """Save the notebook as a reader would, and wait until it is done."""
        self.page.evaluate(f"async () => {{ {PANEL} await panel.context.save(); }}")

    def shut_down(self):
        """Stop the kernel and close the page, once."""
        if not self.page.is_closed():
            self.page.evaluate(f"async () => {{ {PANEL} await panel.sessionContext.shutdown(); }}")
            self.page.close()


def write_notebook(path, *sources):
    """Write a notebook of code cells."""
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(s) for s in sources])
    # Without it Lab would ask which kernel to take.
    notebook.metadata.kernelspec = {"name": "python3", "display_name": "Python 3"}
    nbformat.write(notebook, path)
