"""Conditions, runs, comparisons and verification: what makes a duel fair."""

import os
import subprocess
import sys
from dataclasses import FrozenInstanceError, replace

import numpy as np
import pytest
from helpers import ROOT

from rnncamp_utils import activations, comparisons, duel, optimizers, plots, trials, verification
from rnncamp_utils.training import start, train

QUICK = duel.Conditions(hidden=8, length=10, batch=4, budget=30, seeds=(0, 1, 2))


def result(final, conditions=QUICK):
    """A made-up result: every seed falls from 3 to its `final` loss."""
    conditions = conditions.but(seeds=range(len(final)))
    steps = duel.Result(conditions, None, None).steps
    fall = np.linspace(0, 1, len(steps))
    losses = np.array([3 + fall * (loss - 3) if np.isfinite(loss) else 3 + 0 * fall
                       for loss in final])
    losses[:, -1] = final
    return duel.Result(conditions, losses, np.ones((len(final), len(steps) - 1)))


def card(final, name="", **changes):
    return result(final, QUICK.but(**changes)).card(name)


# Conditions


@pytest.mark.parametrize(
    "changes, message",
    [
        ({"task": "knitting"}, "unknown task 'knitting': the known ones are letters, words, xor"),
        ({"optimizer": "sgd"}, "unknown optimizer 'sgd': the known ones are SGD, Momentum"),
        ({"initializer": "zeros"}, "unknown initializer 'zeros': .* orthogonal, identity, glorot"),
        ({"activation": np.tanh}, "activation is .*must be a name"),
        ({"hidden": 0}, "hidden is 0, but it must be a whole number, at least 1"),
        ({"hidden": 2.5}, "hidden is 2.5"),
        ({"hidden": True}, "hidden is True"),
        ({"hidden": 10**7}, "at most 1,000,000"),
        ({"budget": 0}, "budget is 0, but it must be a whole number, at least 1"),
        ({"budget": -3}, "budget is -3"),
        ({"length": 0}, "length is 0"),
        ({"batch": "4"}, "batch is '4'"),
        ({"lr": 0}, "lr is 0, but it must be a number above 0"),
        ({"lr": float("nan")}, "lr is nan"),
        ({"clip": 0}, "clip is 0, but it must be a number above 0"),
        ({"scale": -1}, "scale is -1"),
        ({"seeds": ()}, "there are 0 seeds: give 1 to 100"),
        ({"seeds": range(101)}, "there are 101 seeds"),
        ({"seeds": (1, 2, 1)}, "a seed that comes twice would count double"),
        ({"seeds": (0.5,)}, "whole numbers from 0"),
        ({"seeds": (-1,)}, "whole numbers from 0"),
        ({"seeds": 5.5}, "whole numbers from 0"),
    ],
)
def test_bad_conditions_are_refused_with_what_would_do(changes, message):
    with pytest.raises(ValueError, match=message):
        duel.Conditions(**changes)


def test_conditions_are_locked_and_hold_plain_values():
    conditions = duel.Conditions(hidden=np.int64(8), lr=1, seeds=np.arange(3))
    assert conditions == duel.Conditions(hidden=8, lr=1.0, seeds=[0, 1, 2])
    assert type(conditions.hidden) is int and type(conditions.lr) is float
    assert conditions.seeds == (0, 1, 2) and hash(conditions)
    with pytest.raises(FrozenInstanceError):
        conditions.hidden = 9
    assert conditions.but(hidden=9).hidden == 9 and conditions.hidden == 8
    assert duel.Conditions(seeds=7).seeds == (7,)


def test_every_optimizer_and_initializer_that_is_named_can_run():
    from rnncamp_utils.conditions import INITIALIZERS, OPTIMIZERS

    for name in OPTIMIZERS:
        assert duel.run(QUICK.but(optimizer=name, budget=2)).losses.shape == (3, 3)
    starts = [duel.run(QUICK.but(initializer=name, budget=1)).losses for name in INITIALIZERS]
    assert len({losses[0, 0] for losses in starts}) == len(INITIALIZERS)


# Runs


def test_a_run_is_training_as_it_always_is():
    conditions = QUICK.but(seeds=(4,), clip=None, lr=0.3)
    found = duel.run(conditions)
    network, batches, held_out = trials._setting(conditions)
    rule = optimizers.SGD(0.3)
    states = [start(network, rule, 4), *train(network, batches, rule, steps=30, seed=4)]
    losses = [network.objective(held_out).loss(state.theta) for state in states]
    assert found.losses[0].tolist() == [losses[k] for k in found.steps]
    between = [np.median(states[-1].norms[a:b]) for a, b in zip(found.steps, found.steps[1:])]
    assert found.norms[0].tolist() == between
    assert network.dtype == np.float64


@pytest.mark.parametrize("task", duel.TASKS)
def test_every_task_is_learned_from_training_data_alone(task):
    # Each loss falls below what the best constant answer scores.
    settings = {
        "letters": (dict(budget=150), 2.7), "words": (dict(budget=150), 3.1),
        "xor": (dict(hidden=8, length=30, lr=0.3, budget=600, seeds=(0,)), 0.6),
        "sine": (dict(hidden=8, budget=150), 0.1),
        "adding": (dict(length=10, optimizer="Adam", lr=0.01, budget=400, seeds=(0,)), 0.1),
    }
    changes, limit = settings[task]
    found = duel.run(duel.Conditions(task=task, **{"seeds": (0, 1), **changes}))
    assert found.high < limit < found.losses[:, 0].min()


@pytest.mark.parametrize("task", ["letters", "words"])
def test_held_out_text_is_another_one(task):
    source = duel.TASKS[task].source(10, 1)
    held_out = duel.TASKS[task].held_out(10)
    train_text = np.concatenate([source(None, step).x[:, 0] for step in range(1000)])
    text, track = train_text.tobytes(), held_out.x[:60, 3].tobytes()
    assert train_text[:60].tobytes() in text and track not in text


def test_the_same_conditions_give_the_same_result_bit_for_bit():
    first, second = duel.run(QUICK), duel.run(QUICK)
    assert np.array_equal(first.losses, second.losses)
    assert np.array_equal(first.norms, second.norms)


def test_all_activations_start_from_the_same_weights_and_data():
    first = [trials._start(trials._setting(c)[0], optimizers.SGD(), c, 3, 0.0)
             for c in (QUICK, QUICK.but(activation="relu"), QUICK.but(lr=1))]
    assert all(np.array_equal(state.theta, first[0].theta) for state in first)
    identity = QUICK.but(initializer="identity", scale=0.5)
    other = trials._start(trials._setting(identity)[0], optimizers.SGD(), identity, 3, 0.0)
    assert other.rng == first[0].rng, "batches are drawn alike"
    network = trials._setting(QUICK)[0]
    ours, theirs = network.params(first[0].theta), network.params(other.theta)
    assert np.array_equal(theirs["W_hh"], 0.5 * np.eye(8))
    assert all(np.array_equal(ours[name], theirs[name]) for name in ours if name != "W_hh")


def test_scale_multiplies_the_first_recurrent_weights():
    def recurrent(**changes):
        conditions = QUICK.but(**changes)
        network = trials._setting(conditions)[0]
        state = trials._start(network, optimizers.SGD(), conditions, 0, 0.0)
        return network.params(state.theta)["W_hh"]

    for name in ("orthogonal", "glorot", "identity"):
        assert np.array_equal(recurrent(initializer=name, scale=2), 2 * recurrent(initializer=name))


def test_the_budget_is_gradient_evaluations(monkeypatch):
    calls = []
    real = trials.train

    def counted(network, batches, *rest):
        return real(network, lambda rng, step: calls.append(step) or batches(rng, step), *rest)

    monkeypatch.setattr(trials, "train", counted)
    assert duel.run(QUICK.but(budget=17)).steps[-1] == 17
    assert len(calls) == 3 * 17


def test_a_seed_that_diverges_counts_as_the_worst_and_stops_nothing():
    found = duel.run(QUICK.but(activation="elu", lr=1e8, clip=None, scale=4))
    assert found.diverged == 3 and found.median == np.inf
    assert np.isfinite(found.losses[:, 0]).all() and np.isnan(found.norms[:, -1]).all()
    assert found.card().diverged == 3


def test_walking_reports_the_part_done():
    parts = list(duel.walk(QUICK))
    assert len(parts) == 90 and parts[-1] == pytest.approx(1) and np.all(np.diff(parts) > 0)


def test_an_unknown_activation_lists_the_known_and_other_cells_are_none():
    for name in ("sigmoid", "lstm"):
        with pytest.raises(ValueError, match=f"unknown activation '{name}': .* tanh, logistic"):
            duel.run(QUICK.but(activation=name))


def test_a_registered_activation_can_duel():
    activations.register("mine", lambda z: z / (1 + np.abs(z)), lambda y: (1 - np.abs(y)) ** 2)
    try:
        found = duel.run(QUICK.but(activation="mine"))
    finally:
        del activations.ACTIVATIONS["mine"]
    assert duel.read(found.card().code).conditions.activation == "mine"


# Comparisons


def test_the_smaller_median_wins_and_both_sides_say_the_same():
    ann, ben = card([1.0, 1.1, 1.2], "Ann"), card([1.3, 1.4, 1.9], "Ben", activation="relu")
    mine, theirs = duel.compare(ann, ben), duel.compare(ben, ann)
    assert mine.winner == "mine" and theirs.winner == "partner"
    assert mine.verdict == theirs.verdict and mine.wins == 3 and theirs.wins == 0
    assert mine.verdict == (
        "Ann (tanh) wins: 1.10 [1.00 to 1.20] nats per letter on held-out data against 1.40 "
        "[1.30 to 1.90] of Ben (relu) (median of 3 seeds, and their spread)."
    )


def test_overlapping_spreads_are_too_close_to_call():
    ann, ben = card([1.0, 1.1, 1.3], "Ann"), card([1.3, 1.4, 1.9], "Ben", activation="relu")
    mine, theirs = duel.compare(ann, ben), duel.compare(ben, ann)
    assert mine.winner is None and theirs.winner is None and mine.verdict == theirs.verdict
    assert "Too close to call: Ann (tanh) has 1.10" in mine.verdict
    assert duel.compare(ann, ann).winner is None
    steady = card([1.1, 1.2, 1.3], "Eve", activation="elu")
    lucky = card([0.9, 1.5, 1.6], "Lou")
    assert "call: Eve (elu) has 1.20" in duel.compare(lucky, steady).verdict, "by the median"


def test_the_own_card_pasted_by_mistake_is_called_so():
    true = duel.run(QUICK)
    found = duel.compare(true.card("Ann"), true.card("Ann").code)
    assert found.winner is None and "one and the same card" in found.verdict
    assert "Too close to call" in duel.compare(true.card("Ann"), true.card("Ben")).verdict


def test_a_diverged_seed_widens_the_spread_to_infinity():
    lost = card([np.inf, 0.5, 0.6], activation="elu")
    match = duel.compare(lost, card([1.0, 1.1, 1.2]))
    assert match.winner is None and "0.600 [0.500 to ∞, 1 diverged]" in match.verdict
    worst = card([np.inf] * 3, activation="elu")
    assert duel.compare(worst, card([9.0, 9.1, 9.2])).winner == "partner"
    assert duel.compare(worst, worst).winner is None


def test_a_code_compares_like_its_card_and_a_result_like_its_card():
    ours, theirs = result([1.0, 1.1, 1.2]), result([1.3, 1.4, 1.9], QUICK.but(activation="relu"))
    expected = duel.compare(ours, theirs).verdict
    assert duel.compare(ours.card().code, theirs).verdict == expected
    assert expected.startswith("tanh wins") and "of relu" in expected


def test_what_differs_besides_is_named():
    ours, theirs = card([1.0]), card([2.0], activation="relu", lr=0.2, clip=None)
    named = r"lr \(0.1 against 0.2\), clip \(1.0 against None\). Besides activation"
    with pytest.raises(duel.Unfair, match=named):
        duel.compare(ours, theirs)
    assert duel.compare(ours, theirs, compared=("activation", "lr", "clip")).winner == "mine"
    with pytest.raises(duel.Unfair, match=r"activation \(tanh against relu\)"):
        duel.compare(ours, card([2.0], activation="relu"), compared="scale")
    scaled = duel.compare(ours, card([2.0], scale=4), compared="scale")
    assert "scale 1.0 wins" in scaled.verdict and "of scale 4.0" in scaled.verdict


def test_what_is_compared_must_be_a_condition():
    with pytest.raises(ValueError, match="unknown condition 'activatoin'"):
        duel.compare(card([1.0]), card([1.0]), compared="activatoin")


def test_the_free_round_fixes_task_seeds_and_budget_alone():
    ours = card([1.0, 1.1], "Ann")
    free = dict(activation="elu", hidden=4, length=5, batch=2, lr=1, clip=None, optimizer="Adam",
                initializer="glorot", scale=2)
    match = duel.compare(ours, card([2.0, 2.1], "Ben", **free), free=True)
    assert match.winner == "mine" and match.verdict.startswith("Ann (tanh) wins")
    alike = duel.compare(ours, card([2.0, 2.1], lr=1), free=True)
    assert alike.names == ("Ann", "partner")
    for changes in ({"budget": 31}, {"task": "words"}):
        with pytest.raises(duel.Unfair, match=f"{[*changes][0]} .*In the free round"):
            duel.compare(ours, card([2.0, 2.1], **changes), free=True)
    with pytest.raises(duel.Unfair, match="seeds"):
        duel.compare(ours, card([2.0]), free=True)
    with pytest.raises(duel.Unfair, match="length"):
        duel.compare(card([1.0], task="adding"), card([1.0], task="adding", length=20), free=True)


def test_the_figure_has_both_curves_and_norms_and_is_told_in_words(monkeypatch, capsys):
    shown = []
    monkeypatch.setattr(comparisons.plots, "show", lambda *what: shown.append(what))
    match = duel.compare(card([1.0, 1.1], "Ann"), card([np.inf, 1.5], "Ben", activation="elu"))
    match.show()
    ((fig, alt, caption),) = shown
    printed = capsys.readouterr().out
    assert printed.split() == match.verdict.split()
    assert max(map(len, printed.splitlines())) <= 100, "no page breaks a line within a word"
    left, right = fig.axes
    assert [line.get_label() for line in left.lines] == ["Ann (tanh)", "Ben (elu)"]
    assert left.lines[0].get_ydata() == pytest.approx(match.mine.curves[1])
    assert right.lines[0].get_ydata() == pytest.approx(match.mine.norms)
    assert {line.get_linestyle() for line in left.lines} == {"-", "--"}, "colour is not all"
    assert left.get_ylabel() == "nats per letter" and len(left.collections) == 2
    assert match.verdict in alt and "goes from 3.00 to 1.05" in alt and "median of 2" in caption
    assert plots.to_png(fig).startswith(b"\x89PNG")
    plots.plt.close(fig)


@pytest.mark.parametrize("name", ["日本", "$x_{", "a$\\frac$b", "_ann", "<b>", "🙂"])
def test_any_name_that_a_card_can_hold_is_drawn_without_a_warning(name, recwarn):
    mine, partner = card([1.0, 1.1], name), card([2.0, 2.1], "Ben", activation="relu")
    figure, alt, _ = duel.compare(mine, partner).figure()
    plots.to_png(figure)
    legend = [text.get_text() for text in figure.axes[0].get_legend().get_texts()]
    assert len(legend) == 2 and "(tanh)" in legend[0] and name in alt
    assert not [str(w.message) for w in recwarn if "lyph" in str(w.message)]
    plots.plt.close(figure)


@pytest.mark.parametrize(
    "norms, scale",
    [((0.5, 1), "linear"), ((0.01, 1), "log"), ((np.nan, 1), "linear"), ((np.nan,), "linear")],
)
def test_norms_are_drawn_over_powers_of_ten_only_where_they_span_them(norms, scale):
    ours = result([1.0, 1.1])
    ours.norms[...] = np.resize(norms, ours.norms.shape)
    fig, _, _ = duel.compare(ours, ours).figure()
    assert fig.axes[1].get_yscale() == scale
    plots.to_png(fig)
    plots.plt.close(fig)


# Verification


def test_a_true_card_is_confirmed():
    check = duel.verify(duel.run(QUICK).card("Ann").code)
    assert check.confirmed and check.outcome == "confirmed" and check.again.name == "Ann"


@pytest.mark.parametrize("part", ["final", "curves"])
def test_an_embellished_card_is_not(part):
    true = duel.run(QUICK).card()
    numbers = getattr(true, part).copy()
    numbers[-1] *= 0.99
    check = duel.verify(replace(true, **{part: numbers}))
    assert check.outcome == "different" and not check.confirmed
    assert "part after" in check.sentence
    if part == "final":
        assert f"Seed 2 should end at {numbers[-1]:.4g}, and ends at" in check.sentence


def test_a_card_of_other_conditions_is_not_confirmed():
    true = duel.run(QUICK).card()
    check = duel.verify(replace(true, conditions=QUICK.but(activation="relu")))
    assert check.outcome == "different"


def test_last_digits_of_another_laptop_do_not_matter():
    true = duel.run(QUICK).card()
    assert duel.verify(replace(true, final=true.final * 1.0002)).confirmed


@pytest.mark.slow
@pytest.mark.parametrize("core", ["Prescott", "Haswell"])
def test_a_card_from_another_processor_is_confirmed(core):
    program = "from rnncamp_utils.duel import *; print(run(Conditions(seeds=(0, 1))).card())"
    environment = {
        **os.environ, "PYTHONPATH": str(ROOT), "OPENBLAS_CORETYPE": core,
        "NPY_DISABLE_CPU_FEATURES": "X86_V3 X86_V4 AVX512_ICL" if core == "Prescott" else "",
    }
    child = subprocess.run([sys.executable, "-W", "ignore", "-c", program], env=environment,
                           capture_output=True, text=True, encoding="utf-8", timeout=120)
    assert child.returncode == 0, child.stderr
    assert duel.verify(child.stdout).confirmed


def test_a_run_that_amplifies_rounding_errors_is_called_so():
    wild = QUICK.but(lr=3.0, clip=None, scale=3, budget=200)
    true, jolted = duel.run(wild), duel.run(wild, jolt=1e-13)
    assert not np.allclose(true.final, jolted.final, 1e-2), "a choice that tests nothing"
    check = duel.verify(jolted.card())
    assert check.outcome == "sensitive" and "amplifies rounding errors" in check.sentence
    assert verification.RELATIVE < 1e-2


def test_to_verify_an_unknown_activation_says_so():
    true = duel.run(QUICK).card()
    asked = r"'mine', which is not known here: ask your partner for .*register\('mine'"
    with pytest.raises(ValueError, match=asked):
        duel.verify(replace(true, conditions=QUICK.but(activation="mine")))
