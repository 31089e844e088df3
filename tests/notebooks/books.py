"""The notebooks of the book, and how to run one again as a reader's machine would."""

import os
import re
import subprocess
import sys
from pathlib import Path

import nbformat

ROOT = Path(__file__).resolve().parents[2]
BOOK = sorted((ROOT / "notebooks").glob("*.ipynb"))
CHAPTERS = [path for path in BOOK if re.match(r"(0[1-9]|1\d)_", path.name)]
SECONDS = 120  # for one cell; a chapter takes about 20 on one core

# Other laptops, as far as one machine can play them: other instruction sets, other thread counts.
LAPTOPS = {
    "as it is": {},
    "old processor, one thread": {"OPENBLAS_CORETYPE": "Prescott", "OPENBLAS_NUM_THREADS": "1"},
    "two threads": {"OPENBLAS_CORETYPE": None, "OPENBLAS_NUM_THREADS": "2"},
}


def read(path):
    """Return the notebook at `path`."""
    return nbformat.read(path, as_version=4)


def code_cells(notebook):
    """Return the code cells that hold code."""
    return [c for c in notebook.cells if c.cell_type == "code" and c.source.strip()]


def run_again(path, settings=None, package=ROOT):
    """Run the notebook strictly against its saved outputs; return (exit code, what was printed).

    `settings` are environment variables (None: unset), `package` the folder of rnncamp_utils.
    """
    changed = {"PYTHONPATH": str(package), "MPLBACKEND": None, **(settings or {})}
    environment = {k: v for k, v in {**os.environ, **changed}.items() if v is not None}
    child = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-c", os.devnull,
         "--rootdir", str(path.parent), "--nbval", "--nbval-current-env",
         "--nbval-cell-timeout", str(SECONDS),
         "--nbval-sanitize-with", str(Path(__file__).with_name("sanitize.cfg")), str(path)],
        cwd=path.parent, env=environment, capture_output=True, text=True, encoding="utf-8",
    )
    return child.returncode, child.stdout + child.stderr
