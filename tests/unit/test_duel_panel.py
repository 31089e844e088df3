"""The duel's panel as plain functions: no page and no kernel."""

import asyncio
import threading

import pytest

from rnncamp_utils import activations, duel
from rnncamp_utils.widgets import DuelPanel
from rnncamp_utils.widgets import duel_panel as module
from rnncamp_utils.widgets import player as player_module

SHORT = duel.Conditions(hidden=8, length=10, batch=4, budget=24, seeds=(0, 1))
LONG = SHORT.but(budget=20_000)


@pytest.fixture(autouse=True)
def shown(monkeypatch):
    """What panels display, as a list; panels of earlier tests are forgotten."""
    outputs = []
    monkeypatch.setattr(module, "display", lambda output, raw: outputs.append(output))
    monkeypatch.setattr(player_module, "_players", {})
    return outputs


async def until(condition, seconds=20):
    """Wait until `condition()` is true."""
    end = asyncio.get_running_loop().time() + seconds
    while not condition():
        assert asyncio.get_running_loop().time() < end, "this took too long"
        await asyncio.sleep(0.01)


def live(test, challenge=SHORT, **options):
    """Run `test(panel)` with a displayed panel, on a loop of its own."""

    async def main():
        panel = DuelPanel(challenge, **options)
        panel._ipython_display_()
        try:
            await test(panel)
        finally:
            panel.close()

    asyncio.run(main())


def card(activation="relu", name="Ben", challenge=SHORT, **changes):
    return duel.run(challenge.but(activation=activation, **changes)).card(name).code


def test_run_makes_the_card_of_the_chosen_activation():
    async def test(panel):
        panel.name.value = " Ann "
        panel._controls["activation"].value = "elu"
        panel.run_button.click()
        await until(lambda: panel.my_card.value)
        mine = duel.read(panel.my_card.value)
        assert mine == duel.run(SHORT.but(activation="elu")).card("Ann")
        said = f"Done: elu has {duel.score(panel.card)} nats per letter on held-out data."
        assert said in panel.status.value and panel.progress.value == 1

    live(test)


def test_a_name_that_comes_late_is_on_the_card():
    async def test(panel):
        panel.run_button.click()
        await until(lambda: panel.my_card.value)
        panel.name.value = "Ann"
        await until(lambda: duel.read(panel.my_card.value).name == "Ann")

    live(test)


def test_a_pasted_card_brings_the_verdict_and_the_figure():
    async def test(panel):
        panel.name.value = "Ann"
        panel.run_button.click()
        await until(lambda: panel.card)
        panel.partner_card.value = "here it is:\n" + card()
        await until(lambda: panel.comparison)
        expected = duel.compare(panel.card, duel.read(card()))
        assert panel.comparison.verdict == expected.verdict
        shown = panel.verdict.value
        assert expected.verdict in shown and 'role="status"' in shown
        assert '<img alt="Two panels' in shown and "Ben (relu)" in shown
        panel.partner_card.value = ""
        await until(lambda: panel.verdict.value == "")

    live(test)


def test_the_partners_card_may_come_first():
    async def test(panel):
        panel.partner_card.value = card()
        await until(lambda: "Run, to make yours" in panel.verdict.value)
        panel.run_button.click()
        await until(lambda: panel.comparison)
        assert "<img" in panel.verdict.value

    live(test)


@pytest.mark.parametrize(
    "text, sentence",
    [
        ("good morning", "is no run card"),
        (card()[:-9], "end of the card is missing"),
        (card().replace("RNNCAMP1", "RNNCAMP2"), "a card of version 2"),
        (card(lr=0.2), "lr (0.1 against 0.2)"),
    ],
)
def test_what_is_wrong_with_a_pasted_card_is_a_sentence_in_the_panel(text, sentence):
    async def test(panel):
        await panel.run()
        panel.partner_card.value = text
        await until(lambda: sentence in panel.verdict.value)
        assert 'class="rnncamp-problem"' in panel.verdict.value
        panel.partner_card.value = card()
        await until(lambda: panel.comparison)
        assert "rnncamp-problem" not in panel.verdict.value

    live(test)


def test_conditions_that_make_no_run_are_a_sentence_in_the_panel():
    async def test(panel):
        panel.run_button.click()
        await until(lambda: "this task needs at least 4 steps" in panel.status.value)
        assert panel.card is None and not panel._task.done()

    live(test, SHORT.but(task="adding", length=2))


def test_an_activation_unknown_here_is_a_sentence_in_the_panel():
    async def test(panel):
        panel.run_button.click()
        await until(lambda: "unknown activation" in panel.status.value)
        assert "tanh, logistic, relu, elu" in panel.status.value

    live(test, SHORT.but(activation="mine"))


def test_what_is_typed_into_my_card_is_undone():
    async def test(panel):
        await panel.run()
        code = panel.my_card.value
        panel.my_card.value = code + "X"
        await until(lambda: panel.my_card.value == code)

    live(test)


def test_the_kernel_answers_while_a_run_goes_on_and_stop_stops_it():
    async def test(panel):
        panel.run_button.click()
        await until(lambda: 0 < panel.progress.value < 1)
        answers = 0
        while panel.progress.value < 0.02:
            await asyncio.sleep(0)
            answers += 1
        assert answers > 10
        panel.stop_button.click()
        await until(lambda: "Stopped" in panel.status.value)
        assert panel.my_card.value == "" and panel.progress.value == 0
        panel.stop_button.click()  # nothing to stop
        await asyncio.sleep(0.05)
        assert not panel._task.done()

    live(test, LONG)


def test_run_during_a_run_begins_anew_with_what_is_chosen_now():
    async def test(panel):
        panel.run_button.click()
        await until(lambda: "with tanh" in panel.status.value)
        panel._controls["activation"].value = "relu"
        panel.run_button.click()
        await until(lambda: "with relu" in panel.status.value)
        panel.stop_button.click()
        await until(lambda: "Stopped" in panel.status.value)

    live(test, LONG)


def test_handlers_may_run_on_another_thread():
    async def test(panel):
        asyncio.get_running_loop().set_debug(True)  # what is not thread-safe is an error
        await asyncio.sleep(0.05)  # the task waits by now

        def act():
            panel._controls["activation"].value = "relu"
            panel.run_button.click()
            panel.partner_card.value = card("tanh")

        thread = threading.Thread(target=act)
        thread.start()
        await until(lambda: panel.comparison)
        thread.join()
        assert panel.card.conditions.activation == "relu"

    live(test)


def test_activations_are_a_row_of_buttons_with_those_registered_since():
    activations.register("mine", lambda z: z, lambda y: y * 0 + 1)
    try:
        (row,) = DuelPanel(SHORT)._controls.values()
    finally:
        del activations.ACTIVATIONS["mine"]
    assert type(row).__name__ == "ToggleButtons"
    assert [name for name, _ in row.options] == ["tanh", "logistic", "relu", "elu", "mine"]


def test_the_free_round_frees_all_but_task_seeds_and_budget():
    challenge = SHORT.but(clip=None, lr=0.3)
    panel = DuelPanel(challenge, free=True)
    assert panel.conditions() == challenge, "the challenge's own values are the defaults"
    for control in panel._controls.values():
        first = next(value for _, value in control.options if value != control.value)
        control.value = first
    changed = {name: getattr(panel.conditions(), name) for name in panel._controls}
    assert all(getattr(challenge, name) != value for name, value in changed.items())
    assert set(changed) | {"task", "seeds", "budget"} == set(challenge.__dataclass_fields__)


def test_the_free_round_compares_freely():
    async def test(panel):
        await panel.run()
        panel.partner_card.value = card(lr=0.2, hidden=4)
        await until(lambda: panel.comparison)
        panel.partner_card.value = card(budget=36)
        await until(lambda: "budget (24 against 36)" in panel.verdict.value)

    live(test, free=True)


def test_every_control_has_a_name_and_what_is_fixed_is_said():
    panel = DuelPanel(SHORT)
    controls = [panel.name, panel.my_card, panel.partner_card, *panel._controls.values()]
    assert all(control.description for control in controls)
    assert not any(getattr(control, "disabled", False) for control in controls)
    heading = panel.box.children[0].value
    assert "hidden 8" in heading and "budget 24" in heading and "seeds 0, 1" in heading
    assert "activation" not in heading


def test_a_page_without_a_kernel_says_what_to_do(shown):
    async def test(panel):
        still, view = shown
        assert "Shift + Enter" in still["text/html"] and "rnncamp-still" in still["text/html"]
        assert "application/vnd.jupyter.widget-view+json" in view

    live(test)


def test_running_the_cell_again_closes_the_panel_it_showed_before():
    async def main():
        first, second = DuelPanel(LONG), DuelPanel(LONG)
        first._ipython_display_()
        first.run_button.click()
        await until(lambda: first.progress.value > 0)
        second._ipython_display_()
        await until(lambda: first._task.done())
        assert first._task.cancelled() and not second._task.done()
        second.close()

    asyncio.run(main())
