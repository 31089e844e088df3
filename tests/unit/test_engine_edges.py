"""Edges of the engine that random testing found: odd types, odd nestings, odd numbers."""

import pickle
from threading import Thread

import numpy as np
import pytest
from helpers import B, D, H, K, assert_close, make_batch, make_case

from rnncamp_utils import gradcheck, pathological, reber
from rnncamp_utils.batches import Batch, windows
from rnncamp_utils.cells import GRU, LSTM, Elman
from rnncamp_utils.family import CELLS
from rnncamp_utils.hessian_free import HessianFree, conjugate_gradient, first_sequences
from rnncamp_utils.network import Network
from rnncamp_utils.second_order import LBFGS, Newton
from rnncamp_utils.surfaces import Cliff, Quadratic, descend
from rnncamp_utils.wrappers import Dropout, Zoneout


@pytest.mark.parametrize("kind", ["u1", "i2", "u4", "u8"])
@pytest.mark.parametrize("cell", ["tanh", *CELLS])
def test_symbols_may_be_integers_of_any_size(cell, kind):
    network = Network(250, 3, 250, cell)  # several blocks of 250 rows: more than a byte can count
    rng = np.random.default_rng(0)
    theta, symbols = network.initial(rng), rng.integers(0, 250, (2, 6, 2))
    expected = network.objective(Batch(*symbols)).grad(theta)
    given = network.objective(Batch(*symbols.astype(kind))).grad(theta)
    assert np.array_equal(given, expected)


@pytest.mark.parametrize("inside", [Elman(), LSTM(), GRU()], ids=lambda cell: cell.name)
@pytest.mark.parametrize("nested", [
    lambda cell: Zoneout(Zoneout(cell, 0.3), 0.2),
    lambda cell: Dropout(Dropout(cell, 0.3), 0.2),
    lambda cell: Dropout(Zoneout(Dropout(cell, 0.3), 0.2), 0.1),
], ids=["zoneout twice", "dropout twice", "dropout around all"])
def test_a_wrapper_may_hold_one_of_its_own_kind(nested, inside):
    network, theta, batch, start = make_case(nested(inside))
    objective = network.objective(batch, start, np.random.default_rng(9))
    expected = gradcheck.complex_step(objective.loss, theta)
    assert_close(network, objective.grad(theta), expected, 1e-12)


@pytest.mark.parametrize("options", [{}, {"layers": 2, "bidirectional": True}], ids=["one", "deep"])
def test_curvature_from_a_part_of_the_batch_sees_the_noise_of_the_whole(options):
    network, theta, batch, start = make_case(Zoneout(Dropout(LSTM(), 0.5), 0.3), **options)
    whole = network.objective(batch, start, np.random.default_rng(9))
    assert first_sequences(whole, B).loss(theta) == whole.loss(theta)
    assert first_sequences(whole, 2).loss(theta) != first_sequences(
        network.objective(batch, start, np.random.default_rng(8)), 2).loss(theta)


def test_conjugate_gradients_return_the_last_point_wherever_they_stop():
    b = np.array([1.0, 1.0, 1.0, 1.0, 1.0])
    curvatures = np.array([1.0, 2.0, 4.0, 8.0, 16.0])
    exact = b / curvatures
    calls = []

    def product(v):  # the sixth product says: solved
        calls.append(v)
        return curvatures * v if len(calls) < 6 else 0 * v

    iterates = conjugate_gradient(product, b, progress=0.0)
    np.testing.assert_allclose(iterates[-1], exact, rtol=1e-9)


def test_hessian_free_stays_at_a_minimum_that_it_has_reached_to_the_last_digit():
    with np.errstate(all="raise", under="ignore"):
        path = descend(Quadratic(100.0, 5), HessianFree(), np.ones(5), 200)
    assert np.isfinite(path).all() and np.abs(path[-1]).max() < 1e-100


def test_threads_with_one_network_do_not_disturb_each_other():
    network, theta, _, start = make_case("lstm")
    batches = [make_batch(np.random.default_rng(seed), steps=200) for seed in (1, 2)]
    expected, wrong = [network.objective(b, start).grad(theta) for b in batches], []

    def work(batch, gradient):
        for _ in range(40):
            wrong.append(not np.array_equal(network.objective(batch, start).grad(theta), gradient))

    threads = [Thread(target=work, args=pair) for pair in zip(batches, expected)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(wrong) == 80 and not any(wrong)


def test_a_pickled_network_goes_on_alike_and_carries_no_workspace():
    network, theta, batch, start = make_case(Zoneout(GRU(), 0.3), layers=2, bidirectional=True)
    before = len(pickle.dumps(network))
    gradient = network.objective(batch, start).grad(theta)
    pickled = pickle.dumps(network)
    assert len(pickled) == before
    assert np.array_equal(pickle.loads(pickled).objective(batch, start).grad(theta), gradient)


@pytest.mark.parametrize("given, said", [
    (lambda: Network(D, H, K, LSTM), r"unknown cell <class.*objects such as LSTM\(\)"),
    (lambda: Network(D, H, K, None), "unknown cell None.*lstm"),
    (lambda: Zoneout("lstm", 0.1), "Zoneout goes around a cell.*not 'lstm'"),
    (lambda: windows("a text", 3), "windows need numbers.*Encode a text"),
    (lambda: windows(["some", "words"], 1), "windows need numbers.*Vocabulary"),
    (lambda: descend(Cliff(), Newton(), [30.0, 30.0], 1), "the loss is flat.*larger damping"),
    (lambda: LBFGS(2.5), "pairs is 2.5, .*whole number"),
    (lambda: HessianFree(limit=2.5), "limit 2.5.*whole numbers"),
    (lambda: HessianFree(curvature=1.5), "curvature 1.5.*whole numbers"),
    (lambda: pathological.memorization(None, 3, 2, 0, 2), "alphabet is 0"),
    (lambda: pathological.memorization(None, 3, 2, 2, 0), "symbols 0"),
    (lambda: reber.reber(None, 0), "sequences is 0"),
])
def test_what_cannot_work_is_refused_at_once_in_words(given, said):
    with pytest.raises(ValueError, match=said):
        given()
