"""The scoreboard: reads what a class hands in, and never stops at a bad card."""

import numpy as np
import pytest

from rnncamp_utils import duel, plots, scoreboards

BASE = duel.Conditions(budget=24, seeds=(0, 1))


def card(final, name="", **changes):
    conditions = BASE.but(**changes)
    steps = duel.Result(conditions, None, None).steps
    losses = np.full((len(conditions.seeds), len(steps)), 3.0)
    losses[:, -1] = final
    return duel.Result(conditions, losses, np.ones((len(losses), len(steps) - 1))).card(name)


ANN, BEN = card([1.0, 1.1], "Ann"), card([1.3, 1.4], "Ben", activation="relu")
EVE = card([1.08, 1.5], "Eve", activation="elu", lr=0.2)


def test_cards_are_ranked_by_their_median():
    board = duel.scoreboard([BEN, ANN.code, EVE])
    assert [c.name for c in board.cards] == ["Ann", "Eve", "Ben"] and board.rejected == []


def test_its_plain_text_is_the_table_and_not_the_codes():
    board = duel.scoreboard([BEN, ANN.code, EVE])
    assert repr(board) == str(board) and "Ann" in repr(board) and "RNNCAMP" not in repr(board)


def test_a_text_of_many_lines_is_read_and_the_bad_ones_are_named():
    damaged = ANN.code[:40] + ("Z" if ANN.code[40] != "Z" else "Y") + ANN.code[41:]
    lines = [
        "Class 3b, pair work", "", f"Ann: {ANN.code}", damaged, BEN.code[:70],
        BEN.code.replace("RNNCAMP1", "RNNCAMP3"), ANN.code.lower(), EVE.code[:80], EVE.code[80:],
        "thanks!", f"{BEN.code} {card([2.0, 2.1], 'Di').code}",
    ]
    board = duel.scoreboard("\n".join(lines))
    assert [c.name for c in board.cards] == ["Ann", "Eve", "Ben", "Di"]
    expected = [
        ("line 1", "'Class 3b, pair work' is no run card"), ("line 4", "checksum is wrong"),
        ("line 5", "the end of the card is missing"), ("line 6", "a card of version 3"),
        ("line 7", "the card of line 3 once more"), ("line 10", "'thanks!' is no run card"),
    ]
    assert [where for where, _ in board.rejected] == [where for where, _ in expected]
    for (_, why), (_, part) in zip(board.rejected, expected):
        assert part in why
    for show in (str(board), board._repr_html_().replace("&#x27;", "'")):
        assert "Rejected: line 10: 'thanks!' is no run card" in show


def test_a_folder_of_text_files_is_read_and_the_bad_ones_are_named(tmp_path):
    (tmp_path / "ann.txt").write_text(ANN.code)
    (tmp_path / "nameless.txt").write_bytes(card([2.0, 2.0]).code.encode("utf-16"))
    (tmp_path / "ben.txt").write_bytes(b"\xef\xbb\xbfhello \xff\n" + BEN.code.encode() + b"\r\n")
    (tmp_path / "empty.txt").write_text("")
    (tmp_path / "photo.txt").write_bytes(bytes(range(256)))
    (tmp_path / "notes.md").write_text("not read")
    for source in (tmp_path, str(tmp_path)):
        board = duel.scoreboard(source)
        assert [c.name for c in board.cards] == ["Ann", "Ben", "nameless"]
        where = {place for place, _ in board.rejected}
        assert "empty.txt, line 1" in where and "ben.txt, line 1" in where
        assert any(place.startswith("photo.txt") for place in where)


def test_a_path_that_is_no_folder_is_refused(tmp_path):
    with pytest.raises(NotADirectoryError, match="is no folder"):
        duel.scoreboard(tmp_path / "missing")


def test_only_what_can_be_compared_is_ranked_together():
    other = card([0.1, 0.2], "Flo", task="sine")
    short, long = (card([0.1, 0.2], f"T{n}", task="adding", length=n) for n in (10, 20))
    board = duel.scoreboard([BEN, other, ANN, short, long, card([1.0, 1.0], "Gus", budget=48)])
    assert [[c.name for c in group] for group in board.groups()] == [
        ["Ann", "Ben"], ["Flo"], ["T10"], ["T20"], ["Gus"]
    ]
    assert board._repr_html_().count("<table>") == 5
    assert "sine: held-out loss, mean squared error, 24 gradients, 2 seeds" in str(board)
    assert "adding of 10 steps" in str(board)


def test_the_table_says_who_is_clearly_behind_and_what_else_differs():
    lost = card([np.inf, 0.9], "Lou", activation="elu")
    text = str(duel.scoreboard([ANN, BEN, EVE, lost])).splitlines()
    assert text[0] == "letters: held-out loss, nats per letter, 24 gradients, 2 seeds"
    assert "best" in text[2] and "1.00 to 1.10" in text[2] and "lr 0.1" in text[2]
    assert "too close to call" in text[3] and "lr 0.2" in text[3]
    assert "clearly behind" in text[4]
    assert "∞" in text[5] and "1 diverged" in text[5]
    assert "activation relu" not in text[4], "it has a column of its own"


def test_names_cannot_put_tags_into_the_page():
    page = duel.scoreboard([card([1.0, 1.0], "<script>")])._repr_html_()
    assert "<script>" not in page and "&lt;script&gt;" in page


def test_no_card_at_all_is_said():
    board = duel.scoreboard("")
    assert str(board) == "There is no card here." and "no card here" in board._repr_html_()
    assert duel.scoreboard([]).cards == []


def test_what_is_no_text_is_rejected_too():
    board = duel.scoreboard([ANN, 3, None])
    assert [where for where, _ in board.rejected] == ["item 2", "item 3"]
    assert "'3' is no run card" in board.rejected[0][1]


def test_the_figure_shows_every_card_and_is_told_in_words(monkeypatch, capsys):
    shown = []
    monkeypatch.setattr(scoreboards.plots, "show", lambda *what: shown.append(what))
    duel.scoreboard([]).show()
    assert not shown and "no card" in capsys.readouterr().out
    lost = card([np.inf, np.inf], "Lou")
    duel.scoreboard([BEN, ANN, lost, card([0.1, 0.2], "Flo", task="sine")]).show()
    ((fig, alt, caption),) = shown
    labels = [[label.get_text() for label in ax.get_yticklabels()] for ax in fig.axes]
    assert labels == [["1. Ann (tanh)", "2. Ben (relu)", "3. Lou (tanh)"], ["1. Flo (tanh)"]]
    assert "Ben (relu) 1.35 [1.30 to 1.40]" in alt and "Dots" in caption
    assert [text.get_text() for text in fig.axes[0].texts] == ["diverged"]
    assert plots.to_png(fig)
    plots.plt.close(fig)


def test_a_name_that_no_font_has_is_boxes_in_the_figure_and_itself_in_words(monkeypatch, recwarn):
    shown = []
    monkeypatch.setattr(scoreboards.plots, "show", lambda *what: shown.append(what))
    monkeypatch.setattr(plots, "FONTS", plots.FONTS[:1])
    for cached in (plots.fonts, plots._known):
        cached.cache_clear()
    duel.scoreboard([card([1.0, 1.1], "日本$")]).show()
    ((fig, alt, _),) = shown
    assert fig.axes[0].get_yticklabels()[0].get_text() == r"1. □□\$ (tanh)" and "日本$" in alt
    plots.to_png(fig)
    assert not [str(w.message) for w in recwarn if "lyph" in str(w.message)]
    plots.plt.close(fig)
    for cached in (plots.fonts, plots._known):
        cached.cache_clear()
