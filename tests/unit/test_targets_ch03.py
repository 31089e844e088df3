"""The answers that chapter 03 gives for its live targets hold, in the scenes themselves."""

from itertools import islice

import numpy as np
import pytest

from rnncamp_utils import activations
from rnncamp_utils.memory_tasks import echo
from rnncamp_utils.widgets import ActivationRace, Slopes, StartScale
from rnncamp_utils.widgets.slopes import FLAT


def trained(scene, steps, **changed):
    """Train with all other controls as they start; return (scene, state, states, settings)."""
    settings = {control.name: control.default for control in scene.controls} | changed
    states = scene.train(settings)
    for state in islice(states, steps + 1):
        pass
    return scene, state, states, settings


def race(**changed):
    """Return the last held-out loss of each net after 300 steps, and logistic's lowest."""
    scene = trained(ActivationRace(), 300, **changed)[0]
    losses = {name: curve[-1][1] for name, curve in scene.curves.items()}
    return losses, min(loss for _, loss in scene.curves["logistic"])


@pytest.mark.slow
@pytest.mark.parametrize("settings", [{"lr": 5}, {"lr": 10}, {"lr": 1, "momentum": 0.9}])
def test_with_long_steps_logistic_reaches_its_target_and_leads_by_far(settings):
    losses, lowest = race(**settings)
    assert lowest < 1
    assert losses.pop("logistic") + 0.3 < min(losses.values())


@pytest.mark.slow
@pytest.mark.parametrize("lr", [0.3, 1, 3])
def test_with_shorter_steps_it_does_not(lr):
    losses, lowest = race(lr=lr)
    assert lowest > 1
    assert lr == 3 or losses["tanh"] + 0.5 < losses["logistic"]


def test_a_net_that_diverges_leaves_the_race_and_the_others_run_on(monkeypatch):
    def broken(h, out=None):
        return np.multiply(h, np.nan, out=out)

    relu = activations.get("relu")
    monkeypatch.setitem(activations.ACTIVATIONS, "broken", relu._replace(slope=broken))
    scene, state, _, _ = trained(ActivationRace(), 20)
    assert state.step == 20
    assert "broken out at step 1" in scene.describe(state)
    assert scene.curves["tanh"][-1][1] < scene.curves["tanh"][0][1]
    assert scene.curves["broken"][-1][1] == np.inf


def test_a_loss_beyond_all_numbers_is_told_as_infinite():
    scene, state, _, _ = trained(ActivationRace(), 0, scale=8)
    said = scene.describe(state)
    assert "relu ∞" in said and "nan" not in said


def test_an_activation_of_the_readers_runs_along(monkeypatch):
    monkeypatch.setitem(activations.ACTIVATIONS, "mine", activations.get("tanh"))
    scene, state, _, settings = trained(ActivationRace(), 10)
    assert scene.curves["mine"] == scene.curves["tanh"]
    scene.figure(settings)
    assert len(scene.draw(state)) == 10
    assert "mine" in scene.describe(state)


def lowest(**changed):
    return min(loss for _, loss in trained(StartScale(), 250, **changed)[0].curve)


@pytest.mark.parametrize("scale", [4, 5.6])
def test_logistic_reaches_its_target_from_these_scales(scale):
    assert lowest(scale=scale) < 0.5


@pytest.mark.parametrize("scale", [1, 2, 8])
def test_but_not_from_these(scale):
    assert lowest(scale=scale) > 0.5


@pytest.mark.parametrize("scale, reached", [(0.25, True), (2, True), (2.8, False), (8, False)])
def test_tanh_reaches_it_up_to_scale_2(scale, reached):
    assert (lowest(activation="tanh", scale=scale) < 0.5) == reached


def test_the_way_back_has_the_lengths_that_finite_differences_find():
    scene, state, _, _ = trained(StartScale(), 30, scale=4)
    scene._test = test = echo(np.random.default_rng(0), 12, 1, lag=5)
    theta, net = state.theta.astype(float), scene.network
    lengths, slopes = scene.look(theta)
    h = net.forward(theta, test.x)[1].h
    assert lengths[0] == 1 and slopes.shape == h.shape == (12, 1, 16)

    def numeric(back):
        """The length of ∂(the last step's loss) / ∂(the state `back` steps before it)."""
        def loss(start):
            outputs, _ = net.forward(theta, test.x[-back:], (start,))
            return net.loss.per_step(outputs[-1:], test.y[-1:]).sum()

        start, gradient = h[-1 - back], []
        for unit in np.eye(16):
            nudge = 1e-5 * unit
            gradient.append((loss(start + nudge) - loss(start - nudge)) / 2e-5)
        return np.linalg.norm(gradient)

    for back in (2, 5, 11):
        assert np.isclose(lengths[back] / lengths[1], numeric(back) / numeric(1), rtol=1e-4)


def asleep(activation, lr, steps=100):
    """Return (scene, state, states, settings) and the share that sleeps, in per cent."""
    run = trained(Slopes(), steps, activation=activation, lr=lr)
    return *run, run[0].share(run[1].theta)


@pytest.mark.parametrize("lr, reached", [(1, False), (3, False), (5, True), (10, True)])
def test_relu_falls_asleep_at_rates_of_5_and_more(lr, reached):
    scene = asleep("relu", lr)[0]
    assert (max(share for step, share in scene.asleep) > 90) == reached


@pytest.mark.slow
def test_a_lower_rate_wakes_few_and_hardly_any_of_the_dead():
    # Steps as long as these are chaotic, so the margins are wide.
    for lr, most, least_loss in ((5, 10, 1), (10, 3, 2.3)):
        scene, state, states, settings, before = asleep("relu", lr)
        scene.tune(settings | {"lr": 0.1})
        for state in islice(states, 400):
            pass
        assert before - scene.share(state.theta) <= most
        assert scene.curve[-1][1] > least_loss
    assert (scene.slopes(state.theta) < FLAT).all(axis=0).mean() > 0.8


def test_tanh_sleeps_as_much_but_few_units_are_dead():
    scene, state, _, _, share = asleep("tanh", 10)
    assert share > 90
    assert (scene.slopes(state.theta) < FLAT).all(axis=0).mean() < 0.5


def test_logistic_learns_well_with_two_thirds_asleep():
    scene, _, _, _, share = asleep("logistic", 10, 300)
    assert 60 < share < 80
    assert scene.curve[-1][1] < 1
