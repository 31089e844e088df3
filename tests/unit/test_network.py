"""Networks: sizes, names, precision, shapes, and the objective on θ."""

import json

import numpy as np
import pytest
from helpers import B, D, H, K, T, make_batch, make_case

from rnncamp_utils import recurrence
from rnncamp_utils.activations import ACTIVATIONS
from rnncamp_utils.losses import LOSSES
from rnncamp_utils.network import Network
from rnncamp_utils.training import _describe


@pytest.mark.parametrize("name", ["inputs", "hidden", "outputs"])
@pytest.mark.parametrize("size", [0, -3, 2.5, 4.0, "8", None])
def test_sizes_that_are_no_whole_number_above_zero_are_refused(name, size):
    sizes = {"inputs": D, "hidden": H, "outputs": K, name: size}
    with pytest.raises(ValueError, match=f"{name} is {size!r}, but .*whole number, at least 1"):
        Network(**sizes)


def test_the_smallest_network_has_one_of_each():
    assert Network(1, 1, 1).initial(np.random.default_rng(0)).shape == (5,)


def test_sizes_may_be_integers_of_numpy():
    network = Network(np.int64(D), np.int32(H), np.uint8(K))
    assert network.zero_state(B)[0].shape == (B, H)
    json.dumps(_describe(network))


def test_unknown_names_are_refused_with_the_known_ones():
    with pytest.raises(ValueError, match="'gelu'.*tanh"):
        Network(D, H, K, "gelu")
    with pytest.raises(ValueError, match="'hinge'.*cross-entropy"):
        Network(D, H, K, loss="hinge")


def test_first_parameters():
    network = Network(D, H, K, dtype=np.float64)
    p = network.params(network.initial(np.random.default_rng(0)))
    np.testing.assert_allclose(p["W_hh"] @ p["W_hh"].T, np.eye(H), atol=1e-14)
    assert not p["b_h"].any() and not p["b_y"].any()
    assert p["W_xh"].all() and p["W_hy"].all()
    again = network.initial(np.random.default_rng(0))
    assert np.array_equal(p.theta, again)
    assert not np.array_equal(p.theta, network.initial(np.random.default_rng(1)))


@pytest.mark.parametrize("symbols", [True, False])
@pytest.mark.parametrize("loss", LOSSES)
def test_shapes(symbols, loss):
    network, theta, batch, start = make_case(loss=loss, symbols=symbols)
    outputs, tape = network.forward(theta, batch.x, start)
    assert outputs.shape == (T, B, K)
    assert tape.h.shape == (T, B, H) and [s.shape for s in tape.end] == [(B, H)]
    objective = network.objective(batch, start)
    assert np.shape(objective.loss(theta)) == ()
    assert objective.grad(theta).shape == theta.shape
    assert objective.gauss_newton_product(theta)(theta).shape == theta.shape


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("data", [np.float32, np.float64])
@pytest.mark.parametrize("weights", [True, False])
@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_the_networks_precision_decides_whatever_that_of_the_data(
    activation, loss, weights, data, dtype
):
    network = Network(D, H, K, activation, loss, dtype)
    rng = np.random.default_rng(2)
    batch = make_batch(rng, loss, symbols=False, weights=weights)
    targets = batch.y if loss == "cross-entropy" else batch.y.astype(data)
    batch = batch._replace(x=batch.x.astype(data), y=targets)
    theta = network.initial(rng)
    assert theta.dtype == dtype
    outputs, tape = network.forward(theta, batch.x)
    objective = network.objective(batch, tuple(s.astype(data) for s in tape.end))
    product = objective.gauss_newton_product(theta)
    for array in (outputs, *tape.states, tape.h, objective.grad(theta), product(theta)):
        assert array.dtype == dtype


@pytest.mark.parametrize("loss", LOSSES)
def test_loss_and_grad_agree_with_loss_and_leave_the_same_end(loss):
    network, theta, batch, start = make_case(loss=loss, weights=True)
    objective = network.objective(batch, start)
    expected, end = objective.loss(theta), objective.end
    assert objective.loss_and_grad(theta)[0] == pytest.approx(expected, rel=1e-13)
    assert np.array_equal(objective.end[0], end[0])
    assert np.array_equal(end[0], network.forward(theta, batch.x, start)[1].end[0])


def test_the_start_state_matters():
    network, theta, batch, start = make_case()
    zero = network.objective(batch).loss(theta)
    assert zero == network.objective(batch, network.zero_state(B)).loss(theta)
    assert zero != network.objective(batch, start).loss(theta)


def test_the_data_is_left_alone():
    for loss in LOSSES:
        network, theta, batch, start = make_case(loss=loss, symbols=False, weights=True)
        kept = [a.copy() for a in batch[:3]]
        objective = network.objective(batch, start)
        objective.grad(theta)
        objective.gauss_newton_product(theta)(theta)
        assert all(np.array_equal(a, b) for a, b in zip(kept, batch[:3]))


@pytest.mark.parametrize("field, what, size", [("x", "input", D), ("y", "target", K)])
@pytest.mark.parametrize("beyond", [-1, 0, 1000])
def test_a_symbol_outside_the_vocabulary_is_named_with_its_place(field, what, size, beyond):
    network, theta, batch, start = make_case()
    symbol = beyond if beyond < 0 else size + beyond
    symbols = getattr(batch, field).copy()
    symbols[3, 1] = symbol
    sentence = f"{what} {symbol} at time step 3 of sequence 1 .* 0 to {size - 1}"
    with pytest.raises(ValueError, match=sentence):
        network.objective(batch._replace(**{field: symbols}), start).grad(theta)


def test_the_first_and_the_last_symbol_are_taken():
    network, theta, batch, start = make_case()
    ends = [np.resize([0, size - 1], (T, B)) for size in (D, K)]
    network.objective(batch._replace(x=ends[0], y=ends[1]), start).grad(theta)


def test_symbols_that_are_no_integers_are_refused():
    network, theta, batch, start = make_case()
    for field, what in (("x", "inputs"), ("y", "targets")):
        wrong = batch._replace(**{field: getattr(batch, field).astype(float)})
        with pytest.raises(ValueError, match=f"the {what} are float64 .*integers"):
            network.objective(wrong, start).grad(theta)


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("field", ["y", "weights"])
@pytest.mark.parametrize("cut", [np.s_[:1], np.s_[:, :1], np.s_[..., None]])
def test_targets_and_weights_that_would_be_stretched_to_fit_are_refused(loss, field, cut):
    network, _, batch, start = make_case(loss=loss, weights=True)
    wrong = getattr(batch, field)[cut]
    what = {"y": "targets", "weights": "weights"}[field]
    with pytest.raises(ValueError, match=rf"the {what} have shape .*, but .* need \({T}, {B}"):
        network.objective(batch._replace(**{field: wrong}), start)


def test_targets_that_lie_the_other_way_round_are_refused():
    network, _, batch, start = make_case()
    with pytest.raises(ValueError, match="time comes first, then the sequences"):
        network.objective(batch._replace(y=batch.y.T), start)


@pytest.mark.parametrize("weight", [0.0, np.nan])
def test_weights_without_a_sum_are_refused(weight):
    network, _, batch, start = make_case()
    with pytest.raises(ValueError, match="no step counts"):
        network.objective(batch._replace(weights=np.full((T, B), weight)), start)


@pytest.mark.parametrize("cut", [np.s_[:, 0], np.s_[:0], np.s_[:, :0]])
@pytest.mark.parametrize("symbols", [True, False])
def test_inputs_without_steps_or_sequences_are_refused(symbols, cut):
    network, theta, batch, _ = make_case(symbols=symbols)
    wrong = batch.x[cut] if symbols or cut != np.s_[:, 0] else batch.x[..., 1:]
    sentence = rf"the inputs have shape .* \(T, B\) or .* \(T, B, {D}\)"
    with pytest.raises(ValueError, match=sentence):
        network.objective(batch._replace(x=wrong))
    with pytest.raises(ValueError, match=sentence):
        network.forward(theta, wrong)


def test_a_start_state_that_does_not_fit_is_refused():
    network, _, batch, start = make_case()
    for wrong in ((start[0][:1],), (start[0][:, 1:],), (*start, start[0]), ()):
        with pytest.raises(ValueError, match="the start state has shapes"):
            network.objective(batch, wrong)


def test_symbols_may_have_their_bytes_in_any_order():
    network, theta, batch, start = make_case()
    turned = batch._replace(x=batch.x.astype(">i4"), y=batch.y.astype(">i2"))
    given = network.objective(turned, start).grad(theta)
    assert np.array_equal(given, network.objective(batch, start).grad(theta))


def test_vectors_of_integers_are_vectors():
    network, theta, batch, start = make_case(symbols=False)
    bits = np.random.default_rng(3).integers(0, 2, batch.x.shape)
    given = network.objective(batch._replace(x=bits), start).grad(theta)
    expected = network.objective(batch._replace(x=bits.astype(float)), start).grad(theta)
    assert np.array_equal(given, expected)


def test_memory_that_is_used_again_changes_nothing_that_was_returned():
    network, theta, batch, start = make_case()
    objective = network.objective(batch, start)
    loss, gradient = objective.loss_and_grad(theta)
    kept = loss, gradient.copy(), [s.copy() for s in objective.end]
    outputs, tape = network.forward(theta, batch.x, start)
    states = [s.copy() for s in tape.states]
    other = network.objective(make_batch(np.random.default_rng(9)), start)
    other.loss_and_grad(theta + 1)
    assert loss == kept[0] and np.array_equal(gradient, kept[1])
    assert all(np.array_equal(a, b) for a, b in zip(objective.end, kept[2]))
    assert all(np.array_equal(a, b) for a, b in zip(tape.states, states))
    assert np.array_equal(objective.loss_and_grad(theta)[1], kept[1])


def test_a_workspace_gives_the_same_memory_for_the_same_array_only():
    workspace = recurrence.Workspace()
    first = workspace.empty("a", (3, 2), np.float32)
    assert workspace.empty("a", (3, 2), np.float32) is first
    assert workspace.empty("b", (3, 2), np.float32) is not first
    assert workspace.empty("a", (3, 3), np.float32).shape == (3, 3)
    assert workspace.empty("a", (3, 3), np.float64).dtype == np.float64
