"""The answers that chapter 04 gives for its live targets hold, in the scenes themselves."""

from itertools import islice
from math import inf

import numpy as np
import pytest

from rnncamp_utils.widgets import AgainstCounts, Agreement, Mixture, Writer

# A text of our own: Python's library differs from version to version.
RHYME = "the rain in spain stays mainly in the plain, and so do we, again and again.\n" * 120


def states(scene, steps, **changed):
    """Yield the states of `steps` steps, with all other controls as they start."""
    settings = {control.name: control.default for control in scene.controls} | changed
    return islice(scene.train(settings), steps + 1)


def curve(scene, steps, **changed):
    """Return what the scene measured in these steps."""
    for _ in states(scene, steps, **changed):
        pass
    return [value for _, value in scene.curve]


@pytest.fixture(scope="module")
def against():
    return AgainstCounts()


@pytest.fixture(scope="module")
def agreement():
    return Agreement()


@pytest.mark.slow
@pytest.mark.parametrize("cell", ["gru", "lstm"])
def test_sixty_four_gated_units_beat_all_n_grams_in_time(cell, against):
    bits = curve(against, AgainstCounts.goal_step, cell=cell, hidden=64, lr=0.02)
    assert min(bits) < AgainstCounts.goal_bits < min(against.bits.values())


def test_the_curve_is_the_surprise_at_what_came_and_finite_when_the_net_has_gone_astray(against):
    (state,) = states(against, 0)
    surprise = -np.log2(against.predicted(state.theta)).mean()
    assert against.measure(state.theta) == pytest.approx(surprise, rel=1e-5)
    bits = curve(against, 40, lr=10, clip=inf)
    assert 100 < max(bits) < inf


@pytest.mark.slow
def test_sixteen_units_do_not(against):
    for changed in ({}, {"lr": 0.02}, {"cell": "gru", "lr": 0.02}):
        bits = curve(against, AgainstCounts.goal_step, **changed)
        assert min(bits) > AgainstCounts.goal_bits


def test_n_grams_fall_with_their_order_and_stay_above_the_limit(against):
    bits = [against.bits[n] for n in against.orders]
    assert bits == sorted(bits, reverse=True) and bits[-1] > against.limit


def test_at_the_end_of_the_far_verb_the_6_gram_hesitates_where_nothing_is_open(against):
    text = against.vocabulary.decode(against._test[against._window])
    s = text.index("follows") + len("follow")
    counted = -np.log2(against.counted[6].probabilities(against._test)[against._window])
    assert counted[s] > 0.5 > against._exact[against._window][s - 1]


def test_agreement_needs_a_gradient_that_looks_back_over_the_clause(agreement):
    good = dict(cell="gru", hidden=32)
    assert max(curve(agreement, Agreement.goal_step, back=10, **good)) > Agreement.goal_share
    assert max(curve(agreement, Agreement.goal_step, back=2, **good)) < Agreement.goal_share
    assert max(curve(agreement, Agreement.goal_step)) < Agreement.goal_share


def test_sentences_of_the_agreement_scene_are_english_and_a_verb_may_follow(agreement):
    language = agreement.language
    for control in agreement.controls[:1]:
        for kind in control.options:
            for number in ("singular", "plural"):
                ids = agreement._encode(kind, number)[1:]
                p = language.next_symbol_probabilities(ids)[-1:]
                assert agreement.share(p, number) == pytest.approx(1)
    assert abs(agreement.of_counts - 0.5) < 0.1


def test_a_net_that_gives_no_verb_anything_prefers_neither_number(agreement):
    nothing = np.zeros((1, len(agreement.words)), np.float32)
    assert agreement.share(nothing, "plural") == pytest.approx(0.5)


def test_a_net_gone_astray_can_still_be_mixed():
    scene = Mixture()
    *_, state = states(scene, 60, lr=10, clip=inf)
    assert np.isfinite(scene.valley(state.theta, [0, 0.5, 1])).all()


def gains(**changed):
    """Return by how much the mixture was better than both, every 20 steps, and the best λ."""
    scene, found = Mixture(), []
    for state in states(scene, Mixture.goal_step, **changed):
        if state.step % 20 == 0:
            grid = np.linspace(0, 1, 21)
            bits = scene.valley(state.theta, grid)
            found.append((min(bits[0], bits[-1]) - min(bits), grid[np.argmin(bits)]))
    return np.array(found).T


def test_a_mixture_with_sixty_four_units_reaches_its_gain_and_its_weight_moves_to_the_net():
    gain, best = gains(hidden=64)
    assert max(gain) > Mixture.gain
    assert best[1] == 0 and best[-1] >= 0.5


def test_against_a_3_gram_the_best_weight_is_further_on_the_side_of_the_net():
    scene, grid = Mixture(), np.linspace(0, 1, 21)
    *_, state = states(scene, 200, hidden=64)
    of_six = grid[np.argmin(scene.valley(state.theta, grid))]
    scene.tune({control.name: control.default for control in scene.controls} | {"order": 3})
    of_three = grid[np.argmin(scene.valley(state.theta, grid))]
    assert of_three > of_six


def test_a_mixture_with_thirty_two_units_does_not():
    assert max(gains()[0]) < Mixture.gain


def test_the_writer_reaches_its_bits_at_a_larger_rate_only():
    scene = Writer()
    assert min(curve(scene, Writer.goal_step, lr=0.01)) < scene.goal_bits
    assert min(curve(scene, Writer.goal_step)) > scene.goal_bits


def test_the_writer_takes_any_text_and_a_temperature_of_0_takes_the_likeliest():
    scene = Writer(RHYME)
    for state in states(scene, 5, temperature=0):
        pass
    lines = scene.write(state.theta)
    assert lines == scene.write(state.theta)
    outputs = scene.network.forward(state.theta, scene._prime)[0][-1]
    assert [line[0] for line in lines] == list(scene.vocabulary.decode(outputs.argmax(axis=1)))
    scene._temperature = 2
    assert scene.write(state.theta) != lines


@pytest.mark.parametrize("length", (2, 120, 499))
def test_the_writer_refuses_a_text_too_short_to_hold_samples(length):
    with pytest.raises(ValueError, match=f"{length} characters is too short: take 500"):
        Writer(RHYME[:length])


def test_the_writer_takes_the_shortest_text_and_one_whose_bits_are_near_0():
    for text in (RHYME[:500], "ab" * 250):
        scene = Writer(text)
        for state in states(scene, 20):
            pass
        scene.figure({})
        scene.draw(state)
        assert scene.describe(state).startswith("Step 20")


def test_letters_that_the_picture_cannot_draw_are_written_below_it():
    for text, below in ((RHYME, False), ("雨がやむまで本屋にいた。\n" * 60, True)):
        scene = Writer(text)
        (state,) = states(scene, 0)
        assert (scene.write(state.theta)[0] in scene.describe(state)) is below
