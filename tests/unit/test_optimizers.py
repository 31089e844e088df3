"""Optimizers against the papers' updates, written out by hand, and against PyTorch."""

import numpy as np
import pytest
from helpers import make_case

from rnncamp_utils.gradcheck import relative_error
from rnncamp_utils.hessian_free import HessianFree
from rnncamp_utils.optimizers import (
    SGD,
    Adadelta,
    Adagrad,
    Adam,
    Averaged,
    ClippedByValue,
    DecayingSGD,
    Momentum,
    Nesterov,
    RMSprop,
    clip_by_norm,
)
from rnncamp_utils.sparse_updates import Lazy

OPTIMIZERS = (SGD, DecayingSGD, Momentum, Nesterov, Adagrad, RMSprop, Adadelta, Adam)
every = pytest.mark.parametrize("kind", OPTIMIZERS)

N, STEPS = 7, 100
GRADIENTS = np.random.default_rng(10).normal(size=(STEPS, N)) * np.logspace(-3, 1, N)
START = np.random.default_rng(11).normal(size=N)


def run(optimizer, gradients=GRADIENTS, theta=START):
    """Return θ after each of the recorded gradients."""
    memory, path = optimizer.memory(theta), []
    for g in gradients:
        theta, memory = optimizer.update(theta, g, memory)
        path.append(theta)
    return np.array(path)


def test_sgd_moves_against_the_gradient():
    expected = START - 0.05 * np.cumsum(GRADIENTS, axis=0)
    assert relative_error(run(SGD(0.05)), expected) <= 1e-13


def test_momentum_sums_all_gradients_with_falling_weights():
    # Polyak's recursion, unrolled: v_t = −lr Σ_s μ^(t−s) g_s.
    v = [-0.05 * sum(0.9 ** (t - s) * GRADIENTS[s] for s in range(t + 1)) for t in range(STEPS)]
    assert relative_error(run(Momentum(0.05, 0.9)), START + np.cumsum(v, axis=0)) <= 1e-12


def test_adagrad_divides_by_the_root_of_all_squares():
    squares = np.cumsum(GRADIENTS**2, axis=0)
    steps = 0.05 * GRADIENTS / (np.sqrt(squares) + 1e-6)
    assert relative_error(run(Adagrad(0.05, 1e-6)), START - np.cumsum(steps, axis=0)) <= 1e-13


def test_adam_is_algorithm_1_of_its_paper():
    lr, beta1, beta2, eps = 0.05, 0.8, 0.95, 1e-6
    theta, m, v, path = START, 0, 0, []
    for t in range(1, STEPS + 1):
        g = GRADIENTS[t - 1]
        m = beta1 * m + (1 - beta1) * g
        v = beta2 * v + (1 - beta2) * g**2
        m_hat, v_hat = m / (1 - beta1**t), v / (1 - beta2**t)
        theta = theta - lr * m_hat / (np.sqrt(v_hat) + eps)
        path.append(theta)
    assert relative_error(run(Adam(lr, beta1, beta2, eps)), path) <= 1e-12


def test_a_decaying_rate_falls_in_a_line_and_stays():
    rates = [0.5 * (1 - k / 40) + 0.1 * k / 40 for k in range(40)] + [0.1] * (STEPS - 40)
    expected = START - np.cumsum(np.array(rates)[:, None] * GRADIENTS, axis=0)
    assert relative_error(run(DecayingSGD(0.5, 0.1, 40)), expected) <= 1e-13


def test_nesterov_takes_the_gradient_where_momentum_would_carry_it():
    # Sutskever et al. (2013), eqs. 3 and 4: here θ̂ is their θ, and look = θ̂ + μ·v is ours.
    curvature, mu, lr = np.logspace(-1, 1, N), 0.9, 0.05
    base, v, looks = START, np.zeros(N), []
    for _ in range(STEPS):
        look = base + mu * v
        looks.append(look)
        v = mu * v - lr * curvature * look
        base = base + v
    theta, optimizer = START, Nesterov(lr, mu)
    memory = optimizer.memory(theta)
    for look in looks:
        assert relative_error(theta, look) <= 1e-12
        theta, memory = optimizer.update(theta, curvature * theta, memory)


def test_rmsprop_divides_by_the_root_of_a_running_mean_of_squares():
    rho, weights = 0.8, 0.2 * 0.8 ** np.arange(STEPS)
    squares = [(weights[: t + 1, None] * GRADIENTS[t::-1] ** 2).sum(axis=0) for t in range(STEPS)]
    steps = 0.05 * GRADIENTS / (np.sqrt(squares) + 1e-6)
    assert relative_error(run(RMSprop(0.05, rho, 1e-6)), START - np.cumsum(steps, axis=0)) <= 1e-12


def test_adadelta_is_algorithm_1_of_its_paper():
    rho, eps = 0.9, 1e-5
    x, squares, moves, path = START, 0, 0, []
    for g in GRADIENTS:
        squares = rho * squares + (1 - rho) * g**2
        dx = -(np.sqrt(moves + eps) / np.sqrt(squares + eps)) * g
        moves = rho * moves + (1 - rho) * dx**2
        x = x + dx
        path.append(x)
    assert relative_error(run(Adadelta(1.0, rho, eps)), path) <= 1e-12


def test_numbers_that_are_not_given():
    assert vars(SGD()) == {"lr": 0.1, "clip": None}
    assert vars(DecayingSGD()) == {"lr": 0.1, "clip": None, "last_lr": 0.001, "steps": 1000}
    assert vars(Nesterov()) == {"lr": 0.1, "momentum": 0.9, "clip": None}
    assert vars(RMSprop()) == {"lr": 0.001, "rho": 0.9, "eps": 1e-8, "clip": None}
    assert vars(Adadelta()) == {"lr": 1.0, "rho": 0.95, "eps": 1e-6, "clip": None}
    assert vars(Momentum()) == {"lr": 0.1, "momentum": 0.9, "clip": None}
    assert vars(Adagrad()) == {"lr": 0.1, "eps": 1e-8, "clip": None}
    # Those of Algorithm 1 in the paper.
    paper = {"lr": 0.001, "beta1": 0.9, "beta2": 0.999, "eps": 1e-8}
    assert vars(Adam()) == {**paper, "clip": None}


@pytest.mark.parametrize(
    "optimizer, name, options",
    [
        (SGD(0.05), "SGD", {"lr": 0.05}),
        # PyTorch sums gradients and applies lr at the end; at a constant lr both are the same.
        (Momentum(0.05, 0.9), "SGD", {"lr": 0.05, "momentum": 0.9}),
        (Nesterov(0.05, 0.9), "SGD", {"lr": 0.05, "momentum": 0.9, "nesterov": True}),
        (RMSprop(0.05, 0.8, 1e-8), "RMSprop", {"lr": 0.05, "alpha": 0.8, "eps": 1e-8}),
        (Adadelta(0.5, 0.9, 1e-6), "Adadelta", {"lr": 0.5, "rho": 0.9, "eps": 1e-6}),
        (Adagrad(0.05, 1e-8), "Adagrad", {"lr": 0.05, "eps": 1e-8}),
        (Adam(0.05, 0.8, 0.95, 1e-8), "Adam", {"lr": 0.05, "betas": (0.8, 0.95), "eps": 1e-8}),
        (Adam(), "Adam", {}),
    ],
    ids=["SGD", "Momentum", "Nesterov", "RMSprop", "Adadelta", "Adagrad", "Adam",
         "Adam with defaults"],
)
def test_one_hundred_steps_agree_with_pytorch(optimizer, name, options):
    torch = pytest.importorskip("torch", reason="PyTorch, an optional extra, is not installed")
    theta = torch.tensor(START, requires_grad=True)
    peer, path = getattr(torch.optim, name)([theta], **options), []
    for g in GRADIENTS:
        theta.grad = torch.tensor(g)
        peer.step()
        path.append(theta.detach().numpy().copy())
    assert relative_error(run(optimizer), path) <= 1e-10


@every
def test_an_update_changes_neither_theta_nor_gradient_nor_memory(kind):
    optimizer = kind()
    memory = optimizer.update(START, GRADIENTS[0], optimizer.memory(START))[1]
    old = START.copy(), GRADIENTS[1].copy(), {n: a.copy() for n, a in memory.items()}
    new, after = optimizer.update(old[0], old[1], memory)
    assert np.array_equal(old[0], START) and np.array_equal(old[1], GRADIENTS[1])
    assert all(np.array_equal(memory[name], old[2][name]) for name in memory)
    assert not np.shares_memory(new, old[0])
    assert after.keys() == memory.keys()
    assert all(not np.array_equal(after[name], memory[name]) for name in memory)


@every
@pytest.mark.parametrize("number", [float, np.float64, np.float32])
def test_float32_parameters_stay_float32_whatever_the_type_of_the_rate(kind, number):
    optimizer = kind(lr=number(0.5), clip=number(1))
    optimizer.lr = number(0.25)  # as a slider would set it, while a network trains
    theta, g = START.astype(np.float32), GRADIENTS[0].astype(np.float32)
    theta, memory = optimizer.update(theta, g, optimizer.memory(theta))
    assert theta.dtype == np.float32
    assert all(a.dtype == np.float32 for a in memory.values() if a.ndim)  # a count is whole


@every
def test_a_new_rate_acts_at_once(kind):
    optimizer = kind(lr=0.1)
    first = optimizer.update(START, GRADIENTS[0], optimizer.memory(START))[0]
    optimizer.lr = 0.3
    second = optimizer.update(START, GRADIENTS[0], optimizer.memory(START))[0]
    np.testing.assert_allclose(second - START, 3 * (first - START), rtol=1e-12)


def test_momentum_of_zero_is_honoured():
    assert np.array_equal(run(Momentum(0.1, momentum=0)), run(SGD(0.1)))


@every
@pytest.mark.parametrize("lr", [0, -0.1, float("nan")])
def test_a_rate_that_is_not_above_zero_is_refused(kind, lr):
    with pytest.raises(ValueError, match=f"lr is {lr}, .*above 0"):
        kind(lr=lr)


@every
@pytest.mark.parametrize("clip", [0, -1, float("nan")])
def test_a_limit_that_is_not_above_zero_is_refused(kind, clip):
    with pytest.raises(ValueError, match=f"clip is {clip}: .*None"):
        kind(clip=clip)


@pytest.mark.parametrize("numbers", [(0.1, -1, 10), (0.1, 0.01, 0), (0.1, float("nan"), 5)])
def test_a_decay_that_makes_no_sense_is_refused(numbers):
    with pytest.raises(ValueError, match=f"last_lr is {numbers[1]}, steps {numbers[2]}"):
        DecayingSGD(*numbers)


@every
def test_clipping_by_value_cuts_each_element_before_the_update(kind):
    expected = run(kind(), np.clip(GRADIENTS, -0.5, 0.5))
    assert np.array_equal(run(ClippedByValue(kind(), 0.5)), expected)
    assert not np.array_equal(expected, run(kind()))


@every
@pytest.mark.parametrize("decay", [None, 0.0, 0.9])
def test_an_average_follows_the_path_and_does_not_disturb_it(kind, decay):
    path, optimizer = run(kind()), Averaged(kind(), decay)
    theta, memory = START, optimizer.memory(START)
    assert np.array_equal(memory["mean"], START) and memory["mean"] is not START
    for t, g in enumerate(GRADIENTS):
        theta, memory = optimizer.update(theta, g, memory)
        assert np.array_equal(theta, path[t])
        weights = (1.0 if decay is None else decay) ** np.arange(t + 1)[::-1]
        expected = weights @ path[: t + 1] / weights.sum()
        assert relative_error(memory["mean"], expected) <= 1e-12
    assert memory.keys() == optimizer.memory(START).keys()


def test_an_average_of_float32_parameters_is_float32():
    optimizer, theta = Averaged(SGD(), np.float64(0.9)), START.astype(np.float32)
    memory = optimizer.update(theta, theta, optimizer.memory(theta))[1]
    assert memory["mean"].dtype == np.float32


def test_an_average_of_a_noisy_search_is_nearer_to_the_minimum():
    rng, optimizer = np.random.default_rng(0), Averaged(SGD(0.3))
    theta, memory, far = np.zeros(5), optimizer.memory(np.zeros(5)), []
    for _ in range(1000):
        theta, memory = optimizer.update(theta, theta + rng.normal(size=5), memory)
        far.append(np.linalg.norm(theta))
    assert np.linalg.norm(memory["mean"]) < 0.2 * np.mean(far)


@pytest.mark.parametrize("wrap", [lambda o: ClippedByValue(o, 0.1), Averaged])
def test_a_wrapped_optimizer_can_be_steered_while_it_trains(wrap):
    inner = SGD(0.5)
    outer = wrap(inner)
    outer.lr, outer.clip = 0.25, 2.0
    assert (inner.lr, inner.clip) == (outer.lr, outer.clip) == (0.25, 2.0)
    network, theta, batch, start = make_case()
    memory = outer.memory(theta)
    _, after, _, norm = outer.step(theta, network.objective(batch, start), memory)
    assert after.keys() == memory.keys()
    assert norm == pytest.approx(np.linalg.norm(network.objective(batch, start).grad(theta)))


@pytest.mark.parametrize("wrap", [lambda o: ClippedByValue(o, 0.1), Averaged])
@pytest.mark.parametrize("inner", [Lazy(SGD()), HessianFree(), SGD, "sgd"])
def test_only_first_order_optimizers_are_wrapped(wrap, inner):
    with pytest.raises(ValueError, match="must be a first-order one"):
        wrap(inner)


@pytest.mark.parametrize("limit", [0, -1, float("nan")])
def test_a_limit_by_value_that_is_not_above_zero_is_refused(limit):
    with pytest.raises(ValueError, match=f"limit is {limit}"):
        ClippedByValue(SGD(), limit)


@pytest.mark.parametrize("decay", [-0.1, 1, float("nan")])
def test_a_decay_of_the_average_outside_its_range_is_refused(decay):
    with pytest.raises(ValueError, match=f"decay is {decay}"):
        Averaged(SGD(), decay)


def test_clipping_shortens_long_gradients_and_keeps_their_direction():
    g = np.array([3.0, -4.0])
    assert clip_by_norm(g, 1.0) == 5
    np.testing.assert_allclose(g, [0.6, -0.8], rtol=1e-15)


@pytest.mark.parametrize("limit", [5.0, 6.0, None])
def test_clipping_leaves_short_gradients_alone(limit):
    g = np.array([3.0, -4.0])
    assert clip_by_norm(g, limit) == 5
    assert g.tolist() == [3, -4]


@every
def test_a_step_pulls_the_gradient_clips_it_and_reports_the_norm_before(kind):
    network, theta, batch, start = make_case()
    objective = network.objective(batch, start)
    g = objective.grad(theta)
    norm = np.linalg.norm(g)
    optimizer = kind(clip=norm / 2)
    memory = optimizer.memory(theta)
    stepped, _, loss, reported = optimizer.step(theta, objective, memory)
    assert loss == pytest.approx(objective.loss(theta), rel=1e-13)
    assert reported == pytest.approx(norm, rel=1e-13)
    expected = optimizer.update(theta, g / 2, memory)[0]
    np.testing.assert_allclose(stepped, expected, rtol=1e-12)
