"""Every notebook, run again from a fresh kernel, says what its saved outputs say."""

import re
import time

import pytest
from books import BOOK, CHAPTERS, LAPTOPS, code_cells, read, run_again


@pytest.mark.parametrize("laptop", LAPTOPS)
@pytest.mark.parametrize("path", BOOK, ids=lambda path: path.stem)
def test_a_notebook_gives_the_same_outputs_again(path, laptop):
    before = {p.name for p in path.parent.iterdir()}
    begun = time.monotonic()
    code, printed = run_again(path, LAPTOPS[laptop])
    print(f"{path.stem}, {laptop}: {time.monotonic() - begun:.0f} s")
    cells = len(code_cells(read(path)))
    if cells == 0:
        assert code == 5, printed  # pytest's word for: nothing to run
        return
    assert code == 0, printed
    # After a time-out nbval lets all later cells pass: count them, and look for the word.
    assert re.search(rf"\b{cells} passed", printed), printed
    assert "timed out" not in printed.lower()
    assert {p.name for p in path.parent.iterdir()} - before <= {"__pycache__"}


@pytest.mark.parametrize("path", CHAPTERS[:1], ids=lambda path: path.stem)
def test_a_changed_output_is_noticed(path, tmp_path):
    text = path.read_text(encoding="utf-8")
    assert "29 rows" in text
    copy = tmp_path / path.name
    copy.write_text(text.replace("29 rows", "28 rows", 1), encoding="utf-8")
    code, printed = run_again(copy)
    assert code == 1 and "1 failed" in printed
