"""Zoneout and dropout around any cell: gradients with fixed masks, means, carrying on, resuming."""

import numpy as np
import pytest
from helpers import B, D, H, K, T, assert_close, make_batch, make_case

from rnncamp_utils import family, gradcheck, training
from rnncamp_utils.cells import GRU, LSTM, Elman
from rnncamp_utils.network import Network
from rnncamp_utils.optimizers import Adam
from rnncamp_utils.wrappers import Dropout, Zoneout

CELLS = [Elman(), *(kind() for kind in family.CELLS.values())]
WRAPPED = [wrap(cell, p) for wrap, p in ((Zoneout, 0.3), (Dropout, 0.3)) for cell in CELLS]
WRAPPED += [Zoneout(LSTM(), (0.05, 0.5)), Dropout(Zoneout(LSTM(), 0.4), 0.2)]
WRAPPED += [Zoneout(Dropout(GRU(), 0.2), 0.3)]
wrapped = pytest.mark.parametrize("cell", WRAPPED, ids=lambda cell: f"{cell.name} {cell.p}")


def noisy_case(cell, **options):
    network, theta, batch, start = make_case(cell, symbols=False, **options)
    return network, theta, network.objective(batch, start, np.random.default_rng(9))


@wrapped
@pytest.mark.parametrize("recurrent_map", ["plain", "multiplicative"])
def test_gradient_with_drawn_masks_agrees_with_complex_step(cell, recurrent_map):
    network, theta, objective = noisy_case(cell, recurrent_map=recurrent_map)
    expected = gradcheck.complex_step(objective.loss, theta)
    assert_close(network, objective.grad(theta), expected, 1e-12)


@pytest.mark.parametrize("cell", [Zoneout(GRU(), 0.3), Dropout(Elman(), 0.3)], ids=["z", "d"])
def test_every_layer_of_a_deep_network_has_masks_of_its_own(cell):
    network, theta, objective = noisy_case(cell, layers=2, bidirectional=True)
    expected = gradcheck.complex_step(objective.loss, theta)
    assert_close(network, objective.grad(theta), expected, 1e-12)
    masks = [mask for level in objective.noise for (mask,) in level]
    assert len(masks) == 4
    assert all(not np.array_equal(a, b) for k, a in enumerate(masks) for b in masks[:k])


@wrapped
def test_gradient_with_mean_masks_agrees_with_central_differences(cell):
    network, theta, batch, start = make_case(cell)
    objective = network.objective(batch, start)
    expected = gradcheck.central_difference(objective.loss, theta)
    assert_close(network, objective.grad(theta), expected, 1e-7)


@wrapped
def test_gauss_newton_product_uses_the_masks_of_its_objective(cell):
    network, theta, objective = noisy_case(cell)
    batch, start, noise = objective.batch, objective.start, objective.noise
    v = np.random.default_rng(3).normal(size=theta.shape)
    moved, _ = network.forward(theta + 1e-30j * v, batch.x, start, noise)
    outputs, _ = network.forward(theta, batch.x, start, noise)
    hjv = network.loss.hessian_product(outputs, batch.y, moved.imag / 1e-30)

    def projected(t):
        return (network.forward(t, batch.x, start, noise)[0] * hjv).sum()

    expected = gradcheck.complex_step(projected, theta)
    given = objective.gauss_newton_product(theta)(v)
    assert gradcheck.relative_error(given, expected) <= 1e-12


@wrapped
def test_an_objective_is_one_function_and_two_objectives_are_two(cell):
    network, theta, objective = noisy_case(cell)
    loss = objective.loss(theta)
    assert objective.loss_and_grad(theta)[0] == pytest.approx(loss, rel=1e-13)
    assert objective.loss(theta) == loss
    other = network.objective(objective.batch, objective.start, np.random.default_rng(10))
    assert abs(other.loss(theta) - loss) > 1e-6


@pytest.mark.parametrize("cell", CELLS, ids=lambda cell: cell.name)
def test_probability_zero_changes_nothing(cell):
    network, theta, batch, _ = make_case(cell)
    rng = np.random.default_rng(0)
    expected = network.objective(batch).grad(theta)
    for wrap in (Zoneout, Dropout):
        noisy = Network(D, H, K, wrap(cell, 0), dtype=np.float64)
        assert noisy.shapes == network.shapes
        given = noisy.objective(batch, rng=rng).grad(theta)
        np.testing.assert_allclose(given, expected, rtol=1e-10, atol=1e-14)


def test_zoneout_of_probability_one_keeps_the_start_for_ever():
    network, theta, batch, start = make_case(Zoneout(LSTM(), 1))
    for noise in (None, network.objective(batch, rng=np.random.default_rng(0)).noise):
        for s, first in zip(network.forward(theta, batch.x, start, noise)[1].end, start):
            np.testing.assert_allclose(s, first, rtol=1e-14)


def test_zoneout_keeps_the_old_value_with_probability_p():
    network, theta, batch, start = make_case(Zoneout(Elman(), 0.2))
    kept = 0.0
    for seed in range(100):
        noise = network.objective(batch, rng=np.random.default_rng(seed)).noise
        h = network.forward(theta, batch.x, start, noise)[1].states[0]
        kept += (h[1:] == h[:-1]).mean() / 100
    assert kept == pytest.approx(0.2, abs=0.01)


def test_the_mean_masks_give_the_mean_of_the_next_state():
    def one_step(cell):
        network, theta, batch, start = make_case(cell)
        x, rng = batch.x[:1], np.random.default_rng(1)
        shape = 1, B, np.dtype(float)
        drawn = [
            network.forward(theta, x, start, network.body.noise(rng, *shape))[1].end
            for _ in range(4000)
        ]
        mean = network.forward(theta, x, start)[1].end
        for k, state in enumerate(mean):
            np.testing.assert_allclose(np.mean([d[k] for d in drawn], axis=0), state, atol=0.06)

    one_step(Zoneout(LSTM(), (0.3, 0.6)))
    one_step(Dropout(LSTM(), 0.25))


def test_dropout_has_one_mask_for_a_sequence_and_spares_the_memory():
    network, theta, batch, start = make_case(Dropout(LSTM(), 0.4))
    noise = network.objective(batch, rng=np.random.default_rng(2)).noise
    dropped, h, c = network.forward(theta, batch.x, start, noise)[1].new[:3]
    gone = dropped == 0
    assert gone.any() and not gone.all() and (gone == gone[0]).all()
    assert h.all() and c.all()
    np.testing.assert_allclose(dropped[~gone], h[~gone] / 0.6, rtol=1e-14)


def test_training_draws_masks_resumes_bit_for_bit_and_tests_without_noise(tmp_path):
    network = Network(D, H, K, Dropout(Zoneout(GRU(), 0.2), 0.3), dtype=np.float64)

    def batches(rng, step):
        return make_batch(rng)._replace(fresh=False)

    def run(state=None, steps=8):
        return training.last(training.train(network, batches, Adam(), state, steps, seed=3))

    whole = run()
    training.save(tmp_path / "half.npz", run(steps=4), network)
    resumed = run(training.load(tmp_path / "half.npz", network), steps=4)
    assert np.array_equal(resumed.theta, whole.theta) and resumed.rng == whole.rng
    batch = make_batch(np.random.default_rng(0))
    losses = {training.evaluate(network, whole.theta, batch.x, batch.y) for _ in range(3)}
    assert len(losses) == 1


def test_training_trains_with_noise():
    network = Network(D, H, K, Dropout(Elman(), 0.5), dtype=np.float64)
    batch, theta = make_batch(np.random.default_rng(0)), training.start(network, Adam(), 3).theta
    first = next(training.train(network, lambda rng, step: batch, Adam(), seed=3))
    assert abs(first.losses[0] - network.objective(batch).loss(theta)) > 1e-6


def test_networks_without_noise_draw_nothing():
    network, theta, batch, start = make_case("lstm", layers=2)
    rng = np.random.default_rng(0)
    before = rng.bit_generator.state
    network.objective(batch, start, rng)
    assert rng.bit_generator.state == before


def test_float32_stays_float32():
    for cell in WRAPPED:
        network, batch = Network(D, H, K, cell), make_batch(np.random.default_rng(0))
        theta = network.initial(np.random.default_rng(0))
        for rng in (None, np.random.default_rng(1)):
            objective = network.objective(batch, rng=rng)
            assert objective.grad(theta).dtype == np.float32
            assert {s.dtype for s in objective.end} == {np.dtype(np.float32)}
            assert network.forward(theta, batch.x, noise=objective.noise)[0].shape == (T, B, K)


@pytest.mark.parametrize("p", [-0.1, 1.1, float("nan"), (0.1,), (0.1, 0.2, 0.3), (0.5, 2)])
def test_impossible_zoneout_probabilities_are_refused(p):
    with pytest.raises(ValueError, match="from 0 to 1.*h, c"):
        Zoneout(LSTM(), p)


@pytest.mark.parametrize("p", [-0.1, 1, 2, float("nan")])
def test_impossible_dropout_probabilities_are_refused(p):
    with pytest.raises(ValueError, match=f"p is {p}"):
        Dropout(LSTM(), p)
