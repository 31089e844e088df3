"""The answers that chapter 01 gives for its live targets hold, in the scenes themselves."""

from itertools import islice

import pytest

from rnncamp_utils.widgets import SineWave, TemporalXor, WordKinds


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
