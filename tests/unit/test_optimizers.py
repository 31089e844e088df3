"""Optimizers against the papers' updates, written out by hand, and against PyTorch."""

import numpy as np
import pytest
from helpers import make_case

from rnncamp_utils.gradcheck import relative_error
from rnncamp_utils.optimizers import SGD, Adagrad, Adam, Momentum, clip_by_norm

OPTIMIZERS = (SGD, Momentum, Adagrad, Adam)
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


def test_numbers_that_are_not_given():
    assert vars(SGD()) == {"lr": 0.1, "clip": None}
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
        (Adagrad(0.05, 1e-8), "Adagrad", {"lr": 0.05, "eps": 1e-8}),
        (Adam(0.05, 0.8, 0.95, 1e-8), "Adam", {"lr": 0.05, "betas": (0.8, 0.95), "eps": 1e-8}),
        (Adam(), "Adam", {}),
    ],
    ids=["SGD", "Momentum", "Adagrad", "Adam", "Adam with defaults"],
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
    assert all(a.dtype == np.float32 for name, a in memory.items() if name != "t")


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
