"""The answers that chapter 01 gives for its live targets hold, in the scenes themselves."""

from itertools import islice

import numpy as np
import pytest

from rnncamp_utils.widgets import SineWave, Speller, TemporalXor, WordKinds
from rnncamp_utils.widgets.word_kinds import KINDS


def curve(scene, steps, **changed):
    """Return what the scene measured in `steps` steps, with all other controls as they start."""
    settings = {control.name: control.default for control in scene.controls} | changed
    for _ in islice(scene.train(settings), steps + 1):
        pass
    return [value for _, value in scene.curve]


def test_four_units_reach_the_xor_target_for_most_seeds_but_not_for_seed_0():
    reached = [min(curve(TemporalXor(), 800, hidden=4, seed=seed)) < 0.1 for seed in range(5)]
    assert not reached[0] and sum(reached) >= 3


@pytest.mark.parametrize("hidden", [1, 2, 3])
def test_three_units_or_fewer_do_not_reach_the_xor_target(hidden):
    assert min(min(curve(TemporalXor(), 800, hidden=hidden, seed=s)) for s in range(3)) > 0.1


def test_loops_of_whole_periods_stay_in_the_green_zone_and_give_the_same_net():
    curves = [curve(SineWave(), 1000, loop=loop) for loop in (25, 50, 75)]
    assert max(curves[0][-20:]) < 0.1
    assert curves[0] == curves[1] == curves[2]


@pytest.mark.parametrize("loop", [31, 37, 44])
def test_other_loops_leave_it(loop):
    assert max(curve(SineWave(), 1000, loop=loop)[-20:]) > 0.1


def test_twenty_units_reach_the_cosine_looking_ten_steps_back_but_not_one():
    assert max(curve(WordKinds(), 600, hidden=20, back=10)) > 0.97
    assert max(curve(WordKinds(), 600, hidden=20, back=1)) < 0.97


def gaps(h, marked):
    """By how much the lowest marked state of a unit lies above all others, (H,)."""
    return h[marked].min(axis=0) - h[~marked].max(axis=0)


class TestSpeller:
    def test_a_rate_of_a_half_reaches_the_loss_in_time_and_a_tenth_does_not(self):
        assert min(curve(Speller(), 100, lr=0.5)) < 0.7
        assert min(curve(Speller(), 100, lr=0.1)) > 0.7

    def test_a_rate_of_1_does_not_get_there_and_2_climbs_off_the_picture(self):
        assert min(curve(Speller(), 100, lr=1)) > 0.7
        assert curve(Speller(), 100, lr=2)[-1] > 3.2

    def test_a_loss_that_went_up_again_is_not_said_to_be_below_the_goal(self):
        scene = Speller()
        state = next(scene.train({control.name: control.default for control in scene.controls}))
        scene.curve = [(0, 3.0), (85, 0.6), (90, 5.0)]
        said = scene.describe(state)
        assert "loss 5.00" in said and "First below 0.7 at step 85" in said

    @pytest.mark.parametrize("steps", [300, 600])
    def test_unit_3_is_highest_and_unit_14_lowest_at_the_spaces(self, steps):
        scene = Speller()
        settings = {control.name: control.default for control in scene.controls}
        *_, state = islice(scene.train(settings), steps + 1)
        h = scene.network.forward(state.theta, scene._snippet[:, None])[1].h[:, 0]
        space = scene._snippet == scene.vocabulary.encode(" ")[0]
        assert gaps(h, space)[3] > 0 and gaps(-h, space)[14] > 0


@pytest.mark.parametrize("back", [1, 10])
def test_kinds_of_words_have_parted_after_50_steps_before_the_predictions_are_good(back):
    scene = WordKinds()
    settings = {control.name: control.default for control in scene.controls} | {"back": back}
    *_, state = islice(scene.train(settings), 51)
    places = scene.plane(state.theta)
    kinds = [scene._members(categories) for _, categories, _, _ in KINDS]
    centres = np.array([places[members].mean(axis=0) for members in kinds])
    nearest = np.linalg.norm(places[:, None] - centres, axis=2).argmin(axis=1)
    at_home = [np.mean(nearest[members] == kind) for kind, members in enumerate(kinds)]
    assert min(at_home) > 0.8
    if back == 1:  # as the widget starts
        assert scene.curve[-1][1] < 0.8
