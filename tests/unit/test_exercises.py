"""Every exercise of every chapter: three states, and a diagnosis for each typical slip."""

import importlib
import pkgutil

import numpy as np
import pytest
from helpers import ROOT

from rnncamp_utils import exercises
from rnncamp_utils.exercises.base import Exercise, Slip, exercise

CHAPTERS = [
    importlib.import_module(f"rnncamp_utils.exercises.{module.name}")
    for module in pkgutil.iter_modules(exercises.__path__)
    if module.name.startswith("ch")
]
ALL = [e for chapter in CHAPTERS for e in vars(chapter).values() if isinstance(e, Exercise)]
SLIPS = [(e, slip) for e in ALL for slip in e.slips]


@pytest.mark.parametrize("e", ALL, ids=lambda e: e.name)
class TestEveryExercise:
    def test_the_stub_is_not_attempted(self, e):
        verdict = e.judge(lambda *arguments: ...)
        assert verdict.state == "not attempted"
        assert e.number in verdict.message

    def test_the_published_solution_is_right(self, e):
        assert e.judge(e.answer).state == "right"

    def test_the_printed_solution_can_be_pasted_and_passes(self, e, capsys):
        e.solution()
        namespace = {"np": np}
        exec(capsys.readouterr().out, namespace)
        assert e.judge(namespace[e.name]).state == "right"

    def test_a_missing_return_and_an_error_are_named(self, e):
        assert "return" in e.judge(lambda *arguments: None).message

        def broken(*arguments):
            raise KeyError("W_xx")

        verdict = e.judge(broken)
        assert verdict.state == "wrong"
        assert "KeyError" in verdict.message and "W_xx" in verdict.message

    def test_there_are_two_slips_or_more_and_no_two_are_told_the_same(self, e):
        told = [slip.says for slip in e.slips]
        assert len(told) >= 2 and len(set(told)) == len(told)

    def test_hints_come_one_after_the_other_and_then_the_way_to_the_solution(self, e, capsys):
        fresh = Exercise(e.answer, e.number, e.inputs, e.result, e.hints, e.slips)
        for hint in fresh.hints:
            fresh.hint()
            assert hint in capsys.readouterr().out
        fresh.hint()
        assert f"{e.name}.solution()" in capsys.readouterr().out

    def test_axes_cannot_be_mistaken_for_each_other_and_no_input_is_zero(self, e):
        for name, value in e.inputs(np.random.default_rng(1)).items():
            value = np.asarray(value)
            if value.dtype.kind == "f":
                assert np.all(value != 0), name
            if value.ndim > 1:
                assert len(set(value.shape)) == value.ndim or name == "W_hh", name

    def test_sequences_have_four_steps_or_more(self, e):
        given = e._run(e.answer)[0]
        for name in (*e.forwards, *e.backwards):
            assert len(given[name]) >= 4


@pytest.mark.parametrize("e, slip", SLIPS, ids=lambda value: getattr(value, "name", ""))
def test_every_slip_gets_its_own_diagnosis(e, slip):
    verdict = e.judge(slip.wrong)
    assert verdict.state == "wrong"
    assert verdict.message.endswith(slip.says)
    assert any(name in verdict.message for name in e.result)
    if e.forwards or e.backwards:
        assert "t = " in verdict.message or "shape" in verdict.message


@pytest.mark.parametrize("chapter", [c for c in CHAPTERS if not c.__name__.endswith("ch00")],
                         ids=lambda chapter: chapter.__name__[-4:])
def test_a_chapter_has_six_exercises_or_more_numbered_in_order(chapter):
    numbers = sorted(e.number for e in vars(chapter).values() if isinstance(e, Exercise))
    first = int(chapter.__name__[-2:])
    assert len(numbers) >= 6
    assert numbers == [f"{first}.{i + 1}" for i in range(len(numbers))]


@pytest.mark.parametrize("e", ALL, ids=lambda e: e.name)
def test_its_chapter_asks_it_and_checks_it(e):
    chapter = e.answer.__module__[-2:]
    (path,) = (ROOT / "notebooks").glob(f"{chapter}_*.ipynb")
    text = path.read_text(encoding="utf-8")
    assert f"**Exercise {e.number}**" in text
    assert f"{e.name}.check(" in text


def doubled(a):
    return 2 * a


DOUBLE = Exercise(
    doubled, "9.1", lambda rng: {"a": rng.normal(size=(4, 3))}, ("b",), ["Add a to itself."],
    [Slip(lambda a: a, "You returned a."), Slip(lambda a: a * a, "You squared a.")],
    forwards=("b",),
)


def test_a_wrong_answer_that_is_no_typical_slip_is_still_located():
    def wrong_at_two(a):
        b = 2 * a
        b[2, 1] += 1
        return b

    message = DOUBLE.judge(wrong_at_two).message
    assert "b at t = 2 differs" in message
    assert not any(slip.says in message for slip in DOUBLE.slips)


def test_an_argument_changed_in_place_is_named():
    def in_place(a):
        a *= 2
        return a.copy()

    verdict = DOUBLE.judge(in_place)
    assert verdict.state == "wrong" and "changes its argument a" in verdict.message


def test_an_error_shows_the_readers_own_line():
    def misspelt(a):
        return 2 * b  # noqa: F821

    message = DOUBLE.judge(misspelt).message
    assert "NameError" in message and "return 2 * b" in message


def test_shapes_that_do_not_fit_are_told_and_so_are_the_arguments():
    def misfit(a):
        return a @ np.ones(5)

    message = DOUBLE.judge(misfit).message
    assert "a @ np.ones" in message and message.endswith("Shapes: a (4, 3).")
    for wrong in (lambda: 1, lambda a, b: 1):
        message = DOUBLE.judge(wrong).message
        assert message.endswith("It is called with (a).") and "arguments.values" not in message


def test_the_inputs_do_not_share_memory_from_one_call_to_the_next():
    def spoil(a):
        a[:] = 0
        return a

    DOUBLE.judge(spoil)
    assert DOUBLE.judge(doubled).state == "right"


def test_several_results_are_compared_by_name():
    @exercise("9.2", inputs=lambda rng: {"a": rng.normal(size=3)}, result=("up", "down"), hints=[],
              slips=[Slip(lambda a: (a + 1, a + 1), "down goes up."), Slip(lambda a: (a, a), "=")])
    def both(a):
        return a + 1, a - 1

    assert both.judge(both.answer).state == "right"
    assert both.judge(lambda a: (a + 1, a)).message.startswith("✘ Exercise 9.2: down differs")
    assert both.judge(lambda a: (..., ...)).state == "not attempted"
    assert "down is missing" in both.judge(lambda a: a + 1).message


def test_several_results_may_come_as_a_list():
    @exercise("9.3", inputs=lambda rng: {"a": rng.normal(size=(4, 3))}, result=("up", "down"),
              hints=[], slips=[])
    def both(a):
        return a + 1, a - 1

    assert both.judge(lambda a: [a + 1, a - 1]).state == "right"
    assert "down differs" in both.judge(lambda a: [a + 1, a]).message


def test_check_prints_the_verdict(capsys):
    DOUBLE.check(doubled)
    assert capsys.readouterr().out == "✔ Exercise 9.1 is right.\n"
