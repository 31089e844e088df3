"""Curvature: each method against its formula, against SciPy, and on bowls, valleys and saddles."""

import numpy as np
import pytest
from helpers import make_case
from scipy import optimize

from rnncamp_utils.batches import Batch
from rnncamp_utils.gradcheck import complex_step, relative_error
from rnncamp_utils.network import Network
from rnncamp_utils.second_order import (
    BFGS,
    LBFGS,
    Newton,
    NonlinearCG,
    bfgs_update,
    hessian,
    two_loops,
)
from rnncamp_utils.surfaces import Cliff, Quadratic, Saddle, Valley, descend
from rnncamp_utils.training import last, load, save, train

SEARCHING = (NonlinearCG, BFGS, LBFGS)
searching = pytest.mark.parametrize("kind", SEARCHING)
every = pytest.mark.parametrize("kind", (*SEARCHING, lambda: Newton(0.5)),
                                ids=["NonlinearCG", "BFGS", "LBFGS", "Newton"])


def pairs(n=6, m=4):
    """Return steps and changes of the gradient, (m, n), on a random bowl."""
    rng = np.random.default_rng(3)
    root = rng.normal(size=(n, n))
    s = rng.normal(size=(m, n))
    return s, s @ (root @ root.T + np.eye(n))


def steps_to(surface, optimizer, start, limit=200, within=1e-12):
    """Return the number of steps until the loss is `within` of the minimum's."""
    best = surface.loss(surface.minimum)
    losses = [surface.loss(theta) for theta in descend(surface, optimizer, start, limit)]
    return next((k for k, loss in enumerate(losses) if loss - best <= within), None)


def test_bfgs_is_the_product_of_three_matrices_and_meets_the_secant_equation():
    B = np.eye(6)
    for s, y in zip(*pairs()):
        rho = 1 / (y @ s)
        left = np.eye(6) - rho * np.outer(s, y)
        B, old = bfgs_update(B, s, y), B
        assert relative_error(B, left @ old @ left.T + rho * np.outer(s, s)) <= 1e-12
        assert relative_error(B @ y, s) <= 1e-12
        assert relative_error(B, B.T) <= 1e-14


def test_two_loops_are_the_matrix_of_bfgs_and_agree_with_scipy():
    s, y = pairs()
    g, gamma = np.random.default_rng(4).normal(size=6), (s[-1] @ y[-1]) / (y[-1] @ y[-1])
    B = gamma * np.eye(6)
    for s_i, y_i in zip(s, y):
        B = bfgs_update(B, s_i, y_i)
    assert relative_error(two_loops(g, s, y), B @ g) <= 1e-12
    # SciPy starts from the identity: with steps in units of γ that is ours.
    peer = optimize.LbfgsInvHessProduct(s / gamma, y)
    assert relative_error(two_loops(g, s, y), gamma * peer.matvec(g)) <= 1e-12
    assert np.array_equal(two_loops(g, s[:0], y[:0]), g)


@pytest.mark.parametrize("kind, method", [(LBFGS, "L-BFGS-B"), (BFGS, "BFGS"), (NonlinearCG, "CG")])
@pytest.mark.parametrize(
    "surface, start",
    [(Quadratic(1000.0, 20), np.ones(20)), (Valley(), np.array([-1.2, 1.0]))],
    ids=["Quadratic", "Valley"],
)
def test_no_more_steps_than_scipy_and_the_same_minimum(kind, method, surface, start):
    path, options = [], {"gtol": 1e-12, "maxiter": 1000}
    if method == "L-BFGS-B":
        options |= {"ftol": 0, "maxcor": 10}
    optimize.minimize(surface.loss_and_grad, start, jac=True, method=method,
                      callback=lambda x: path.append(surface.loss(x)), options=options)
    theirs = next(k for k, loss in enumerate(path) if loss < 1e-10)
    assert steps_to(surface, kind(), start, 200, 1e-10) <= 1.2 * theirs
    end = descend(surface, kind(), start, 250)[-1]
    assert np.abs(end - surface.minimum).max() < 1e-4


@every
def test_saddles_are_left_and_valleys_walked_down(kind):
    assert steps_to(Valley(), kind(), [-1.2, 1.0]) <= 150
    if not isinstance(kind(), Newton):  # which has a test of its own
        for start in ([1.0, 0.1], [0.5, -0.01]):
            end = descend(Saddle(), kind(), start, 100)[-1]
            assert Saddle().loss(end) == pytest.approx(-0.25, abs=1e-12)


@searching
def test_losses_never_rise_on_one_objective(kind):
    starts = {Valley(): [-1.2, 1.0], Saddle(): [1.0, 0.01], Cliff(): [5.5, -3.0]}
    for surface, start in starts.items():
        losses = [surface.loss(theta) for theta in descend(surface, kind(), start, 60)]
        assert max(np.diff(losses)) <= 0 and losses[-1] < losses[0]


@searching
def test_at_the_minimum_nothing_moves_and_nothing_breaks(kind):
    assert descend(Quadratic(5.0, 3), kind(), np.zeros(3), 3).tolist() == [[0, 0, 0]] * 4
    assert np.isfinite(descend(Valley(), kind(), [1.0, 1.0], 3)).all()


def test_newton_needs_one_step_on_a_bowl_of_any_condition():
    for condition in (1.0, 100.0, 1e5):
        end = descend(Quadratic(condition, 3), Newton(), [1.0, -2.0, 3.0], 1)[-1]
        assert np.abs(end).max() < 1e-8


def test_newton_runs_to_the_saddle_and_damping_leads_away():
    start = [0.5, 0.1]
    assert np.abs(descend(Saddle(), Newton(), start, 20)[-1]).max() < 1e-9
    # Above the most negative curvature, −1, the step goes downhill in all directions.
    assert np.abs(descend(Saddle(), Newton(1.5), start, 100)[-1] - [0, 1]).max() < 1e-6


def test_newton_solves_the_damped_system():
    theta = np.array([0.3, -0.7])
    H = complex_step(lambda x: np.array([-2 * (1 - x[0]) - 400 * x[0] * (x[1] - x[0] ** 2),
                                         200 * (x[1] - x[0] ** 2)]), theta)
    g = Valley().loss_and_grad(theta)[1]
    stepped = Newton(2.0).step(theta, Valley(), {})[0]
    assert relative_error(theta - stepped, np.linalg.solve(H + 2 * np.eye(2), g)) <= 1e-8


def test_a_hessian_is_the_derivative_of_the_gradient():
    network, theta, batch, start = make_case()
    H = hessian(network.objective(batch, start), theta)
    v = np.random.default_rng(0).normal(size=theta.size)
    network_loss = network.objective(batch, start)
    both = [network_loss.grad(theta + s * v) for s in (1e-6, -1e-6)]
    assert relative_error(H @ v, (both[0] - both[1]) / 2e-6) <= 1e-6
    assert np.array_equal(H, H.T)


def test_what_makes_no_sense_is_refused():
    with pytest.raises(ValueError, match="damping is -1"):
        Newton(-1)
    with pytest.raises(ValueError, match="pairs is 0"):
        LBFGS(0)
    with pytest.raises(ValueError, match="float32.*needs float64"):
        hessian(Valley(), np.ones(2, np.float32))


@every
def test_a_step_changes_neither_theta_nor_memory(kind):
    surface, optimizer, theta = Valley(), kind(), np.array([-1.2, 1.0])
    memory = optimizer.memory(theta)
    for _ in range(4):
        old, kept = theta.copy(), {name: a.copy() for name, a in memory.items()}
        theta_new, after, loss, norm = optimizer.step(theta, surface, memory)
        assert np.array_equal(theta, old) and not np.shares_memory(theta, theta_new)
        assert all(np.array_equal(memory[name], kept[name]) for name in memory)
        assert loss == surface.loss(theta)
        assert norm == pytest.approx(np.linalg.norm(surface.loss_and_grad(theta)[1]))
        theta, memory = theta_new, after


def test_lbfgs_remembers_the_last_pairs_only():
    optimizer, theta = LBFGS(3), np.array([-1.2, 1.0])
    memory, steps = optimizer.memory(theta), []
    for _ in range(6):
        moved, memory, _, _ = optimizer.step(theta, Valley(), memory)
        steps.append(moved - theta)
        theta = moved
    np.testing.assert_allclose(memory["s"], steps[-3:], rtol=1e-9, atol=1e-12)


def task(rng, step):
    x = np.random.default_rng(7).normal(size=(5, 20, 2))
    return Batch(x, np.cumsum(x, axis=0)[..., :1])


@searching
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_networks_are_trained_saved_and_resumed_bit_for_bit(tmp_path, kind, dtype):
    network = Network(2, 5, 1, loss="squared-error", dtype=dtype)
    whole = last(train(network, task, kind(), steps=25))
    assert whole.losses[-1] < 0.2 * whole.losses[0] and whole.theta.dtype == dtype
    save(tmp_path / "half.npz", last(train(network, task, kind(), steps=10)), network)
    resumed = last(train(network, task, kind(), load(tmp_path / "half.npz", network), steps=15))
    assert np.array_equal(resumed.theta, whole.theta)
    assert all(np.array_equal(resumed.memory[n], whole.memory[n]) for n in whole.memory)
    assert all(a.dtype == dtype for a in whole.memory.values() if a.ndim)


def test_bfgs_takes_its_first_scale_from_the_first_pair():
    start = np.array([-1.2, 1.0])
    moved, memory, _, _ = BFGS().step(start, Valley(), BFGS().memory(start))
    s, y = moved - start, Valley().loss_and_grad(moved)[1] - Valley().loss_and_grad(start)[1]
    expected = bfgs_update((y @ s) / (y @ y) * np.eye(2), s, y)
    assert relative_error(memory["B"], expected) <= 1e-9
