"""Training: going on bit for bit, states that never change, divergence, evaluation."""

import copy
import dataclasses
from itertools import islice

import numpy as np
import pytest
from helpers import D, K, make_batch

from rnncamp_utils import training
from rnncamp_utils.activations import ACTIVATIONS
from rnncamp_utils.batches import Batch, windows
from rnncamp_utils.network import Network
from rnncamp_utils.optimizers import SGD, Adadelta, Adagrad, Adam, Averaged, Momentum
from rnncamp_utils.training import Diverged, evaluate, last, load, save, start, train

V, H = 5, 6
TEXT = np.random.default_rng(12).integers(0, V, 200)


def random_task(rng, step):
    """Repeat the symbol of the step before: drawn anew in every step."""
    x = rng.integers(0, V, (6, 3))
    return Batch(x, np.roll(x, 1, axis=0))


SOURCES = {"random task": random_task, "windows": windows(TEXT, 7, 3)}
OPTIMIZERS = {
    "SGD": lambda: SGD(0.3, clip=1.0),
    "Momentum": lambda: Momentum(0.1),
    "Adagrad": lambda: Adagrad(0.05),
    "Adam": lambda: Adam(0.01),
    "Averaged": lambda: Averaged(Adadelta()),
}
every_source = pytest.mark.parametrize("source", SOURCES.values(), ids=SOURCES)
every_optimizer = pytest.mark.parametrize("optimizer", OPTIMIZERS.values(), ids=OPTIMIZERS)


def net(dtype=np.float32, cell="tanh"):
    return Network(V, H, V, cell, dtype=dtype)


def assert_same(a, b):
    """Both states agree in every bit."""
    assert a.step == b.step and a.rng == b.rng
    assert np.array_equal(a.theta, b.theta) and a.theta.dtype == b.theta.dtype
    assert a.memory.keys() == b.memory.keys()
    for name in a.memory:
        assert np.array_equal(a.memory[name], b.memory[name])
        assert a.memory[name].dtype == b.memory[name].dtype
    assert all(np.array_equal(p, q) for p, q in zip(a.carry, b.carry, strict=True))
    assert np.array_equal(a.losses, b.losses) and np.array_equal(a.norms, b.norms)
    assert len(a.losses) == len(a.norms) == a.step


def test_training_learns():
    state = last(train(net(), random_task, Adam(0.02), steps=300))
    assert state.losses[:10].mean() > 1.4
    assert state.losses[-10:].mean() < 0.8


@every_source
@every_optimizer
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("cut", [1, 13])
def test_a_saved_run_goes_on_bit_for_bit(tmp_path, source, optimizer, dtype, cut):
    whole = last(train(net(dtype), source, optimizer(), steps=30, seed=5))
    half = last(train(net(dtype), source, optimizer(), steps=cut, seed=5))
    save(tmp_path / "half.npz", half, net(dtype))
    loaded = load(tmp_path / "half.npz", net(dtype))
    assert_same(loaded, half)
    assert_same(last(train(net(dtype), source, optimizer(), loaded, steps=30 - cut)), whole)


def test_a_run_in_float32_stays_in_float32():
    state = last(train(net(), SOURCES["windows"], Adam(np.float64(0.01)), steps=3))
    assert state.theta.dtype == state.carry[0].dtype == state.memory["m"].dtype == np.float32


def test_the_seed_decides_parameters_and_draws():
    runs = [last(train(net(), random_task, SGD(), steps=4, seed=s)) for s in (0, 0, 1)]
    assert_same(runs[0], runs[1])
    assert not np.array_equal(runs[0].losses, runs[2].losses)


def test_windows_hand_the_state_on_and_a_fresh_batch_starts_from_zeros():
    def continuing(fresh):
        return lambda rng, step: make_batch(np.random.default_rng(step))._replace(fresh=fresh)

    network = Network(4, H, K, dtype=np.float64)
    for fresh in (True, False):
        first, second = train(network, continuing(fresh), SGD(), steps=2)
        begin = network.zero_state(3) if fresh else first.carry
        expected = network.objective(continuing(fresh)(None, 1), begin).loss(first.theta)
        assert second.losses[1] == pytest.approx(expected, rel=1e-12)


@every_source
@every_optimizer
def test_a_state_never_changes_after_it_was_yielded(source, optimizer):
    states = list(train(net(), source, optimizer(), steps=12))
    again, copies = [], []
    for state in train(net(), source, optimizer(), steps=12):
        again.append(state)
        copies.append(copy.deepcopy(state))
    for first, second, copied in zip(states, again, copies):
        assert_same(second, copied)
        assert_same(first, copied)


def test_a_state_refuses_changes_and_keeps_no_time_steps_alive():
    state = last(train(net(), random_task, Adam(), steps=1))
    with pytest.raises(dataclasses.FrozenInstanceError):
        state.step = 7
    assert all(a.base is None for a in (state.theta, *state.memory.values(), *state.carry))


@every_source
def test_going_back_gives_the_same_numbers_and_disturbs_no_other_branch(source):
    states = list(train(net(), source, Adam(0.01), steps=20))
    old, newest = states[7], states[-1]
    losses = newest.losses
    again = last(train(net(), source, Adam(0.01), old, steps=12))
    assert_same(again, newest)
    other = last(train(net(), source, Adam(0.05), old, steps=5))
    assert not np.array_equal(other.losses[9:], losses[9:13])
    assert np.array_equal(other.losses[:8], losses[:8])
    assert np.array_equal(newest.losses, losses) and len(old.losses) == 8


def test_two_branches_can_take_turns():
    expected = [list(train(net(), random_task, SGD(lr), steps=9))[-1] for lr in (0.1, 0.5)]
    root = start(net(), SGD())
    branches = [train(net(), random_task, SGD(lr), root) for lr in (0.1, 0.5)]
    for _ in range(9):
        ends = [next(branch) for branch in branches]
    for end, wanted in zip(ends, expected):
        assert_same(end, wanted)


def test_the_generator_is_endless_without_steps_and_does_nothing_before_it_is_asked():
    asked = []

    def counting(rng, step):
        asked.append(step)
        return random_task(rng, step)

    states = train(net(), counting, SGD())
    assert asked == []
    assert [state.step for state in islice(states, 3)] == [1, 2, 3]
    assert asked == [0, 1, 2]
    assert list(train(net(), counting, SGD(), steps=0)) == []
    with pytest.raises(ValueError, match="at least 1 step"):
        last(train(net(), counting, SGD(), steps=0))


def test_numbers_of_the_optimizer_act_on_the_running_training():
    optimizer = SGD(0.1)
    states = train(net(np.float64), random_task, optimizer)
    before = next(states)
    optimizer.lr = 0.7
    after = next(states)
    batch_rng = np.random.default_rng()
    batch_rng.bit_generator.state = before.rng
    g = net(np.float64).objective(random_task(batch_rng, 1)).grad(before.theta)
    np.testing.assert_allclose(after.theta, before.theta - 0.7 * g, rtol=1e-12)


@every_optimizer
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_nonsense_in_the_parameters_stops_the_training(optimizer, activation):
    network, made = net(cell=activation), optimizer()
    good = last(train(network, random_task, made, steps=2))
    theta = good.theta.copy()
    theta[-1] = np.nan
    bad = training.State(2, theta, good.memory, good.rng, good.carry, good.log)
    with pytest.raises(Diverged, match="the loss .* step 3"):
        last(train(network, random_task, made, bad, steps=1))


def test_divergence_names_the_step_and_what_helps_and_keeps_the_last_good_state():
    def far(rng, step):
        return make_batch(rng, "squared-error", symbols=False)

    network = Network(4, H, K, "relu", "squared-error")
    states = []
    with pytest.raises(Diverged) as caught:
        for state in train(network, far, SGD(50.0)):
            states.append(state)
    error = caught.value
    assert isinstance(error, ArithmeticError)
    assert error.step == len(states) + 1 > 2
    assert error.state is states[-2]
    assert np.isfinite(error.state.theta).all() and np.isfinite(error.state.losses).all()
    objective = network.objective(far(np.random.default_rng(0), 0))
    assert np.isfinite(objective.loss(error.state.theta))
    sentence = str(error)
    assert f"at step {error.step}." in sentence and f"of step {error.state.step}," in sentence
    assert "smaller learning rate" in sentence and "clip=1.0" in sentence
    helped = last(train(network, far, SGD(1e-4, clip=1.0), error.state, steps=3))
    assert helped.step == error.state.step + 3


def test_divergence_in_the_first_step_keeps_the_start():
    def broken(rng, step):
        return Batch(np.full((3, 2, 4), np.inf), np.zeros((3, 2), int))

    with pytest.raises(Diverged) as caught:
        next(train(Network(4, H, V), broken, SGD()))
    assert (caught.value.step, caught.value.state.step) == (1, 0)


def test_a_gradient_that_is_not_finite_is_named():
    def steep(rng, step):  # the loss, y², still fits float32; the square of its slope, 2y, does not
        return Batch(np.ones((1, 1, 1)), np.full((1, 1, 1), 1.5e19))

    with pytest.raises(Diverged, match="the gradient .* step 1"):
        next(train(Network(1, 1, 1, loss="squared-error"), steep, SGD()))


def test_a_state_of_another_optimizer_is_refused():
    state = last(train(net(), random_task, SGD(), steps=1))
    with pytest.raises(ValueError, match=r"holds \[\], but Adam remembers \['m', 'r', 't'\]"):
        next(train(net(), random_task, Adam(), state))


def test_a_curriculum_goes_on_when_a_source_is_mastered_and_stays_at_the_last():
    network = Network(3, 5, K, loss="squared-error", dtype=np.float64)
    asked = []

    def source(name, size):
        def batches(rng, step):
            asked.append(name)
            x = rng.normal(size=(4, 2, 3))
            return Batch(x, np.full((4, 2, K), size))

        return batches

    sources = [source("easy", 0.5), source("hard", 2.0), source("last", 0.0)]
    states = training.curriculum(network, sources, SGD(0.1), mastered=0.2)
    losses = list(islice(states, 80))[-1].losses
    assert sorted(set(asked), key=asked.index) == ["easy", "hard", "last"]
    assert asked == sorted(asked, key=["easy", "hard", "last"].index)
    for i in range(79):
        assert (asked[i + 1] != asked[i]) == (losses[i] < 0.2 and asked[i] != "last"), i
    assert (losses[np.array(asked) == "last"] < 0.2).sum() > 1


def test_a_curriculum_may_come_back_to_a_source():
    network, asked = Network(D, 5, K, dtype=np.float64), []

    def source(name):
        return lambda rng, step: asked.append(name) or make_batch(rng)

    first, second = source("first"), source("second")
    states = training.curriculum(network, [first, second, first], SGD(0.1), mastered=1e9)
    assert last(islice(states, 4)).step == 4
    assert asked == ["first", "second", "first", "first"]


def test_a_curriculum_goes_on_from_any_state_as_if_never_stopped():
    network = Network(D, 5, K, dtype=np.float64)
    sources = [lambda rng, step, k=k: Batch(x := rng.integers(0, D, (6, 3)), np.full_like(x, k))
               for k in range(3)]

    def run(state=None):
        return training.curriculum(network, sources, SGD(1.0), mastered=0.3, state=state)

    states = list(islice(run(), 30))
    assert (states[-1].losses < 0.3).sum() > 3, "all sources should have had their turn"
    for state in states[:-1]:
        again = last(islice(run(state), 30 - state.step))
        assert np.array_equal(again.theta, states[-1].theta), state.step


def test_a_curriculum_of_one_source_is_training_and_without_any_is_refused():
    network, batches = Network(D, 5, K, dtype=np.float64), lambda rng, step: make_batch(rng)
    alone = islice(training.curriculum(network, [batches], SGD(0.1), 10.0, seed=3), 5)
    assert np.array_equal(
        last(alone).theta, last(train(network, batches, SGD(0.1), seed=3, steps=5)).theta
    )
    with pytest.raises(ValueError, match="no sources"):
        next(training.curriculum(network, [], SGD(0.1), 0.1))


@pytest.mark.parametrize("window", [1, 3, 10, 23, 100])
@pytest.mark.parametrize("loss", ["cross-entropy", "squared-error"])
@pytest.mark.parametrize("symbols", [True, False])
def test_evaluate_is_the_loss_of_one_long_pass(window, loss, symbols):
    network = Network(4, H, K, loss=loss, dtype=np.float64)
    rng = np.random.default_rng(13)
    batch, theta = make_batch(rng, loss, symbols, steps=23), network.initial(rng)
    expected = network.objective(batch).loss(theta)
    given = evaluate(network, theta, batch.x, batch.y, window)
    assert isinstance(given, float)
    assert given == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("window", [0, -1])
def test_evaluate_refuses_a_window_without_steps(window):
    theta, x = net().initial(np.random.default_rng(0)), TEXT[:4, None]
    with pytest.raises(ValueError, match=f"window is {window}"):
        evaluate(net(), theta, x, x, window)
