"""What every notebook of the book owes its reader, read off the saved files."""

import re

import pytest
from books import BOOK, CHAPTERS, code_cells, read

HTML = "text/html"


def outputs(notebook):
    return [output for cell in code_cells(notebook) for output in cell.outputs]


def prose(notebook):
    return "\n\n".join(c.source for c in notebook.cells if c.cell_type == "markdown")


@pytest.mark.parametrize("path", BOOK, ids=lambda path: path.stem)
class TestEveryNotebook:
    def test_every_cell_was_run_once_from_top_to_bottom(self, path):
        counts = [cell.execution_count for cell in code_cells(read(path))]
        assert counts == list(range(1, len(counts) + 1))

    def test_there_is_no_error_and_nothing_on_stderr(self, path):
        for output in outputs(read(path)):
            assert output.output_type != "error"
            assert output.get("name") != "stderr", output.get("text")

    def test_no_cell_is_longer_than_25_lines_or_wider_than_a_page(self, path):
        for cell in code_cells(read(path)):
            lines = cell.source.splitlines()
            assert len(lines) <= 25, cell.source
            assert max(map(len, lines)) <= 100, cell.source

    def test_every_picture_has_alternative_text(self, path):
        pages = [prose(read(path))]
        for output in outputs(read(path)):
            data = output.get("data", {})
            pages.append(data.get(HTML, ""))
            assert "<img" in pages[-1] or not any(kind.startswith("image/") for kind in data)
        for page in pages:
            assert "<svg" not in page, "draw with plots.show, which asks for alternative text"
            alts = re.findall(r"!\[([^]]*)\]", page)
            for picture in re.findall(r"<img[^>]*>", page):
                alts += re.findall(r'alt="([^"]*)"', picture) or [""]
            assert all(len(alt.split()) >= 8 for alt in alts), alts

    def test_links_to_files_lead_somewhere(self, path):
        for target in re.findall(r"\]\(([^)]+)\)", prose(read(path))):
            assert not target.startswith("#"), "JupyterLab makes anchors of its own: link to a file"
            if not re.match(r"https?:", target):
                assert (path.parent / target).is_file(), target

    def test_no_path_of_a_machine_and_no_kernel_of_one_is_saved(self, path):
        text = path.read_text(encoding="utf-8")
        assert not re.search(r"/(home|Users|root)/|[A-Z]:\\\\\\\\Users", text)
        assert read(path).metadata.kernelspec.name == "python3"
        assert "widgets" not in read(path).metadata  # a saved widget state is large, and dead

    def test_headings_go_down_one_level_at_a_time(self, path):
        levels = [len(mark) for mark in re.findall(r"^(#+) ", prose(read(path)), re.MULTILINE)]
        assert levels[0] == 1 and levels.count(1) == 1
        assert all(after <= before + 1 for before, after in zip(levels, levels[1:]))


@pytest.mark.parametrize("path", CHAPTERS, ids=lambda path: path.stem)
class TestEveryChapter:
    def test_it_has_six_exercises_that_are_not_attempted(self, path):
        printed = "".join(output.get("text", "") for output in outputs(read(path)))
        found = re.findall(r"○ Exercise (\S+) is not attempted", printed)
        assert len(found) >= 6
        asked = re.findall(r"\*\*Exercise (\d+\.\d+)\*\*", prose(read(path)))
        assert asked == found == [f"{int(path.name[:2])}.{i + 1}" for i in range(len(found))]

    def test_it_has_three_live_nets_and_a_still_picture_for_each(self, path):
        cells = [c for c in code_cells(read(path)) if "widgets.Player(" in c.source]
        assert len(cells) >= 3
        for cell in cells:
            assert any("rnncamp-still" in o.get("data", {}).get(HTML, "") for o in cell.outputs)

    def test_it_has_claims_questions_and_pair_work(self, path):
        notebook = read(path)
        ticks = sum(output.get("text", "").count("✔ ") for output in outputs(notebook))
        assert ticks >= 8
        assert prose(notebook).count("<details><summary><b>Think</b>") >= 2
        assert "**Pair work**" in prose(notebook)

    def test_it_has_the_parts_and_the_length_of_a_chapter(self, path):
        text = prose(read(path))
        for part in ("You will be able to", "**Time**", "**Builds on**", "## What to keep",
                     "## Further reading", "**Next**"):
            assert part in text, part
        read_by_all = re.sub(r"(?s)<details>.*?</details>|## Further reading.*", "", text)
        assert 1200 <= len(re.sub(r"\$[^$]*\$", " ", read_by_all).split()) <= 2500
        assert "doi.org" in text or "arxiv.org" in text

    def test_equations_are_numbered_in_order(self, path):
        tags = re.findall(r"\\tag\{(\d+)\.(\d+)\}", prose(read(path)))
        assert tags == [(str(int(path.name[:2])), str(i + 1)) for i in range(len(tags))]
        assert tags
