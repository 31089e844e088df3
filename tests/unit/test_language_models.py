"""Scores, mixtures, samples, learning while testing, and the halving schedule."""

import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rnncamp_utils import language_models as lm
from rnncamp_utils.batches import windows
from rnncamp_utils.corpora import OpenVocabulary
from rnncamp_utils.network import Network
from rnncamp_utils.ngram_features import NGramNetwork
from rnncamp_utils.ngrams import NGramModel
from rnncamp_utils.optimizers import SGD, Adagrad, Adam, ClippedByValue
from rnncamp_utils.sparse_updates import Lazy
from rnncamp_utils.training import Diverged, evaluate, last, train

V = 5
PERIOD = np.tile([0, 3, 1, 4, 2, 1], 400)  # 1 is followed by 4 and by 0: memory is needed


def make_network(dtype=np.float64, seed=0):
    network = Network(V, 8, V, dtype=dtype)
    return network, network.initial(np.random.default_rng(seed)) * 1.5


@pytest.fixture(scope="module")
def trained():
    network = Network(V, 8, V)
    state = last(train(network, windows(PERIOD, 20), Adam(0.02), steps=300))
    return network, state.theta


def test_a_score_is_bits_and_perplexity():
    p = np.array([0.5, 0.25, 0.25, 0.5])
    assert lm.score(p) == pytest.approx((1.5, 2**1.5, 1.5))
    assert lm.score(p, characters=12) == pytest.approx((1.5, 2**1.5, 0.5))
    assert lm.score(p, 12, spelling_bits=6) == pytest.approx((3, 8, 1))
    assert lm.score(np.array([0.5, 0.0])).bits_per_symbol == np.inf
    for nothing in ((np.array([]),), (np.array([]), 3), (p, 0)):
        with pytest.raises(ValueError, match="a score needs some"):
            lm.score(*nothing)


def test_knowing_fewer_words_does_not_improve_the_score():
    rng = np.random.default_rng(0)
    # Common words and rare ones.
    text = [f"w{int(i)}" for i in np.minimum(rng.zipf(1.5, 4000), 300)]
    bits = []
    for at_least in (2, 20, 200):
        vocabulary = OpenVocabulary(text[:3000], at_least)
        model = NGramModel(vocabulary.encode(text[:3000]), 1, len(vocabulary))
        p = model.probabilities(vocabulary.encode(text[3000:]))
        bits.append(lm.score(p, None, vocabulary.spelling_bits(text[3000:])).bits_per_symbol)
    assert bits == sorted(bits)


@pytest.mark.parametrize("window", [1, 7, 1000])
def test_a_networks_probabilities_are_those_of_its_loss(window):
    network, theta = make_network()
    ids = np.random.default_rng(1).integers(0, V, 40)
    rows = np.concatenate(list(lm.next_symbol_probabilities(network, theta, ids, window)))
    assert rows.shape == (40, V) and np.allclose(rows.sum(axis=1), 1, rtol=0, atol=1e-12)
    p = lm.probabilities(network, theta, ids)
    assert p == pytest.approx(rows[np.arange(39), ids[1:]], abs=1e-14)
    loss = evaluate(network, theta, ids[:-1, None], ids[1:, None])
    assert lm.score(p).bits_per_symbol * np.log(2) == pytest.approx(loss, abs=1e-12)


@settings(deadline=None, max_examples=50)
@given(st.integers(0, 10_000), st.integers(1, 4))
def test_a_mixture_is_better_than_each_part_and_than_its_neighbours(seed, models):
    rng = np.random.default_rng(seed)
    p = rng.uniform(0.01, 1, (models, 60))
    weights = lm.mixture_weights(p, 1e-9)
    assert np.all(weights >= 0) and weights.sum() == pytest.approx(1, abs=1e-12)

    def bits(w):
        return -np.log2(w @ p).mean()

    for other in (*np.eye(models), np.full(models, 1 / models), rng.dirichlet(np.ones(models))):
        assert bits(weights) <= bits(0.99 * weights + 0.01 * other) + 1e-7
        assert bits(weights) <= bits(other) + 1e-6


def test_the_true_mixture_is_found_again():
    rng = np.random.default_rng(0)
    first, second = np.array([0.7, 0.2, 0.1]), np.array([0.1, 0.1, 0.8])
    symbols = rng.choice(3, 50_000, p=0.3 * first + 0.7 * second)
    weights = lm.mixture_weights([first[symbols], second[symbols]])
    assert weights == pytest.approx([0.3, 0.7], abs=0.02)


def test_an_ensemble_of_seeds_is_a_mixture_that_beats_each_of_its_nets():
    rng = np.random.default_rng(0)
    noisy = np.where(rng.random(2400) < 0.2, rng.integers(0, V, 2400), PERIOD)
    network, ps = Network(V, 6, V), []
    for seed in range(4):
        state = last(train(network, windows(noisy[:1600], 20), Adam(0.02), steps=80, seed=seed))
        ps.append(lm.probabilities(network, state.theta, noisy[1600:]))
    tuned, tested = np.split(np.array(ps), [400], axis=1)
    alone = [lm.score(p).bits_per_symbol for p in tested]
    together = lm.score(lm.mixture_weights(tuned) @ tested).bits_per_symbol
    assert together < min(alone)
    assert lm.score(tested.mean(axis=0)).bits_per_symbol < np.mean(alone) - 0.01


def test_a_symbol_no_model_can_predict_is_named():
    with pytest.raises(ValueError, match="position 1"):
        lm.mixture_weights([[0.1, 0.0, 0.2], [0.5, 0.0, 0.0]])
    assert lm.mixture_weights([[0.1, 0.3], [0.0, 0.0]]).tolist() == [1, 0]


def test_samples_go_on_from_the_prime_and_remember_all_of_it(trained):
    network, theta = trained
    rng = np.random.default_rng(0)
    assert lm.sample(network, theta, rng, 7, PERIOD[:12], 0).tolist() == [0, 3, 1, 4, 2, 1, 0]
    assert lm.sample(network, theta, rng, 3, PERIOD[:9], 0).tolist() == [4, 2, 1]
    assert lm.sample(network, theta, rng, 0, [0]).shape == (0,)


@pytest.mark.parametrize("temperature", [0.5, 1.0, 2.0])
def test_samples_have_the_networks_frequencies(temperature):
    network, theta = make_network()
    prime = np.array([1, 2])
    (rows,) = lm.next_symbol_probabilities(network, theta, prime)
    expected = rows[-1] ** (1 / temperature) / (rows[-1] ** (1 / temperature)).sum()
    rng = np.random.default_rng(0)
    drawn = [lm.sample(network, theta, rng, 1, prime, temperature)[0] for _ in range(4000)]
    assert np.bincount(drawn, minlength=V) / 4000 == pytest.approx(expected, abs=0.03)


def test_a_long_sample_is_drawn_from_its_own_past():
    network, theta = make_network()
    ids = np.concatenate([[2], lm.sample(network, theta, np.random.default_rng(0), 5000, [2])])
    p = lm.probabilities(network, theta, ids)
    (rows,) = lm.next_symbol_probabilities(network, theta, ids, 10_000)
    entropy = -(rows * np.log(rows)).sum(axis=1).mean()
    assert -np.log(p).mean() == pytest.approx(entropy, abs=0.04)


def test_the_same_seed_draws_the_same_sample_and_a_tiny_temperature_is_no_overflow():
    network, theta = make_network(np.float32)
    one, other = (lm.sample(network, theta, np.random.default_rng(4), 50, [0]) for _ in range(2))
    assert np.array_equal(one, other)
    cold = lm.sample(network, theta, np.random.default_rng(4), 50, [0], 1e-300)
    assert np.array_equal(cold, lm.sample(network, theta, None, 50, [0], 0))


def test_the_cost_of_a_symbol_does_not_grow_with_those_before():
    network, theta = make_network(np.float32)

    def seconds(n):
        tries = []
        for _ in range(3):
            begin = time.process_time()
            lm.sample(network, theta, np.random.default_rng(0), n, [0])
            tries.append(time.process_time() - begin)
        return min(tries)

    assert seconds(2000) < 3 * 4 * seconds(500)  # quadratic would be 16 times


@pytest.mark.parametrize(
    "prime, temperature, message",
    [([], 1, "prime is empty"), ([0], -0.1, "-0.1"), ([0], float("nan"), "nan")],
)
def test_what_cannot_be_sampled_is_refused(prime, temperature, message):
    network, theta = make_network()
    with pytest.raises(ValueError, match=message):
        lm.sample(network, theta, np.random.default_rng(0), 3, prime, temperature)


def test_a_network_that_reads_backwards_predicts_nothing():
    network = Network(V, 3, V, bidirectional=True)
    theta, x = network.initial(np.random.default_rng(0)), PERIOD[:20]
    for ask in (
        lambda: lm.sample(network, theta, np.random.default_rng(0), 3, [0]),
        lambda: lm.probabilities(network, theta, x),
        lambda: lm.dynamic_evaluation(network, theta, x[:-1, None], x[1:, None], SGD()),
    ):
        with pytest.raises(ValueError, match="bidirectional"):
            ask()


def test_learning_while_testing_predicts_first_and_learns_afterwards():
    network, theta = make_network()
    x, y = PERIOD[:50, None], PERIOD[1:51, None]
    # One window: nothing was learned before it was predicted.
    loss, after = lm.dynamic_evaluation(network, theta, x, y, SGD(0.5), window=50)
    assert loss == pytest.approx(evaluate(network, theta, x, y), abs=1e-12)
    assert not np.array_equal(after, theta)
    # Three windows, the last one shorter, written out.
    theta_t, state, total = theta, None, 0.0
    for t in (0, 20, 40):
        a, tape = network.forward(theta_t, x[t : t + 20], state)
        total += network.loss.per_step(a, y[t : t + 20]).sum()
        from_here = network.objective(lm.Batch(x[t : t + 20], y[t : t + 20]), state)
        theta_t, state = theta_t - 0.5 * from_here.grad(theta_t), tape.end
    loss, after = lm.dynamic_evaluation(network, theta, x, y, SGD(0.5), window=20)
    assert loss == pytest.approx(total / 50, abs=1e-12)
    np.testing.assert_allclose(after, theta_t, rtol=0, atol=1e-12)


def test_a_text_of_another_kind_is_better_predicted_by_one_who_learns(trained):
    network, theta = trained
    other = np.tile([2, 0, 4], 200)[:, None]
    still = evaluate(network, theta, other[:-1], other[1:])
    learning, _ = lm.dynamic_evaluation(network, theta, other[:-1], other[1:], SGD(0.2, clip=1.0))
    assert learning < 0.7 * still


@pytest.mark.filterwarnings("ignore:overflow")
def test_learning_too_fast_while_testing_is_named():
    network, theta = make_network(np.float32)
    with pytest.raises(Diverged):
        lm.dynamic_evaluation(network, theta, PERIOD[:-1, None], PERIOD[1:, None], SGD(1e38))


def fake_epochs(monkeypatch, losses):
    """Run `halving` with made-up held-out losses; return the rates and where each epoch began."""
    losses, begun = iter(losses), []
    real = train

    def recorded(network, batches, optimizer, state, steps, seed):
        begun.append(state.step if state else 0)
        return real(network, batches, optimizer, state, steps, seed)

    monkeypatch.setattr(lm, "train", recorded)
    monkeypatch.setattr(lm, "evaluate", lambda *arguments: next(losses))
    optimizer, network = ClippedByValue(SGD(0.8), 1.0), Network(V, 3, V)
    epochs = list(lm.halving(network, windows(PERIOD, 5), optimizer, None, None, epoch=2))
    assert optimizer.lr == 0.8
    return [epoch.lr for epoch in epochs], begun


@pytest.mark.parametrize(
    "losses, rates, begun",
    [
        # Falls, stalls, falls with a halved rate, stalls again.
        ([3, 2, 1.999, 1.9, 1.8, 1.799, 0], [0.8] * 3 + [0.4, 0.2, 0.1], [0, 2, 4, 6, 8, 10]),
        # What made it worse is forgotten: the next epoch begins where the best one ended.
        ([3, 2, 2.5, 1.9, 1.95, 0], [0.8, 0.8, 0.8, 0.4, 0.2], [0, 2, 4, 4, 6]),
        ([3, 3, 3, 0], [0.8, 0.8, 0.4], [0, 2, 2]),
    ],
    ids=["stalls", "worse", "nothing helps"],
)
def test_the_rate_is_halved_when_it_stalls_and_training_stops_when_it_stalls_again(
    monkeypatch, losses, rates, begun
):
    found = fake_epochs(monkeypatch, losses)
    assert found[0] == pytest.approx(rates) and found[1] == begun


@pytest.mark.parametrize(
    "net_and_optimizer",
    [
        (Network(V, 8, V), SGD(0.5, clip=1.0)),
        (NGramNetwork(V, 4, 3, 5), Lazy(Adagrad(0.2, clip=1.0))),
    ],
    ids=["net", "features"],
)
def test_the_schedule_ends_and_its_best_network_has_learned(net_and_optimizer):
    rng = np.random.default_rng(0)
    noisy = np.where(rng.random(2400) < 0.1, rng.integers(0, V, 2400), PERIOD)
    network, optimizer = net_and_optimizer
    x, y = noisy[1600:-1, None], noisy[1601:, None]
    epochs = list(lm.halving(network, windows(noisy[:1600], 20), optimizer, x, y, epoch=80))
    best = min(epochs, key=lambda epoch: epoch.loss)
    assert best.loss == evaluate(network, best.state.theta, x, y) < 1.0
    assert 3 < len(epochs) < 40
