"""Every cell under both maps, in stacks and both ways: gradients, parameter counts, PyTorch."""

import tracemalloc

import numpy as np
import pytest
from helpers import B, D, H, K, T, assert_close, explicit_gauss_newton, make_case

from rnncamp_utils import family, gradcheck, maps
from rnncamp_utils.activations import ACTIVATIONS
from rnncamp_utils.batches import Batch
from rnncamp_utils.cells import GRU, LSTM
from rnncamp_utils.family import CELLS, DeltaRNN, PeepholeLSTM
from rnncamp_utils.losses import LOSSES
from rnncamp_utils.network import Network
from rnncamp_utils.recurrence import Workspace

GATED = {
    "lstm": LSTM(),
    "peephole-lstm": PeepholeLSTM(),
    "gru": GRU(),
    **{f"delta-rnn {f}": DeltaRNN(f) for f in ACTIVATIONS},
}
DEEP = {
    "two layers": {"layers": 2},
    "both ways": {"bidirectional": True},
    "two layers both ways": {"layers": 2, "bidirectional": True},
}


def case(name, cell, **options):
    return pytest.param(cell, options, id=f"{name} {options['recurrent_map']}")


# Elman under the plain map has tests of its own, in test_gradients.py.
SINGLE = [case(f, f, recurrent_map="multiplicative") for f in ACTIVATIONS]
SINGLE += [case(n, c, recurrent_map=m) for n, c in GATED.items() for m in maps.MAPS]
STACKED = [
    case(f"{name} {how}", name, recurrent_map=m, **options)
    for how, options in DEEP.items()
    for name, m in (("tanh", "plain"), ("lstm", "multiplicative"), ("gru", "plain"))
]
networks = pytest.mark.parametrize("cell, options", SINGLE + STACKED)
one_layer = pytest.mark.parametrize("cell, options", SINGLE)
losses = pytest.mark.parametrize("loss", LOSSES)
symbols_and_vectors = pytest.mark.parametrize("symbols", [True, False], ids=["symbols", "vectors"])


@losses
@networks
def test_gradient_agrees_with_complex_step(cell, options, loss):
    symbols = loss == "cross-entropy"
    network, theta, batch, start = make_case(cell, loss, symbols, True, **options)
    objective = network.objective(batch, start)
    expected = gradcheck.complex_step(objective.loss, theta)
    assert_close(network, objective.grad(theta), expected, 1e-12)


@one_layer
def test_gradient_agrees_with_central_differences(cell, options):
    network, theta, batch, start = make_case(cell, symbols=False, **options)
    objective = network.objective(batch, start)
    expected = gradcheck.central_difference(objective.loss, theta)
    assert_close(network, objective.grad(theta), expected, 1e-7)


@symbols_and_vectors
@networks
def test_push_is_the_derivative_of_all_h_and_backward_its_transpose(cell, options, symbols):
    network, theta, batch, start = make_case(cell, symbols=symbols, **options)
    assert gradcheck.adjoint_gap(network, theta, batch, start) <= 1e-12
    v = np.random.default_rng(1).normal(size=theta.shape)
    tape = network.forward(theta, batch.x, start)[1]
    pushed = network.body.push(network.params(theta), tape, network.params(v))
    moved = network.forward(theta + 1e-30j * v, batch.x, start)[1]
    assert gradcheck.relative_error(pushed, moved.h.imag / 1e-30) <= 1e-12


@losses
@one_layer
def test_gauss_newton_product_is_that_of_the_explicit_matrix(cell, options, loss):
    network, theta, batch, start = make_case(cell, loss, weights=True, **options)
    product = network.objective(batch, start).gauss_newton_product(theta)
    explicit = explicit_gauss_newton(network, theta, batch, start)
    for v in np.random.default_rng(2).normal(size=(3, theta.size)):
        assert gradcheck.relative_error(product(v), explicit @ v) <= 1e-12


@networks
def test_asking_twice_gives_the_same_bits(cell, options):
    network, theta, batch, start = make_case(cell, **options)
    objective = network.objective(batch, start)
    first = objective.grad(theta).copy()
    objective.grad(theta + 1)
    assert np.array_equal(objective.grad(theta), first)
    product = objective.gauss_newton_product(theta)
    assert np.array_equal(product(first), product(first))


@pytest.mark.parametrize(  # reading backwards needs the whole sequence
    "cell, options", [c for c in SINGLE + STACKED if "bidirectional" not in c.values[1]]
)
def test_a_run_in_two_parts_is_one_run(cell, options):
    network, theta, batch, start = make_case(cell, **options)
    whole, tape = network.forward(theta, batch.x, start)
    first, first_tape = network.forward(theta, batch.x[:2], start)
    second, second_tape = network.forward(theta, batch.x[2:], first_tape.end)
    np.testing.assert_allclose(np.concatenate([first, second]), whole, rtol=1e-12)
    for a, b in zip(second_tape.end, tape.end):
        np.testing.assert_allclose(a, b, rtol=1e-12)


@pytest.mark.parametrize("options", DEEP.values(), ids=DEEP)
def test_the_slope_by_the_inputs_agrees_with_complex_step(options):
    network, theta, batch, start = make_case(
        "gru", symbols=False, recurrent_map="multiplicative", **options
    )
    p, g = network.params(theta), network.params(np.empty_like(theta))

    def summed(x):
        return (u * network.body.forward(p, x.reshape(T, B, D), start).h).sum()

    tape = network.forward(theta, batch.x, start)[1]
    u = np.random.default_rng(4).normal(size=tape.h.shape)
    given = network.body.backward(p, tape, u, g)()
    step = gradcheck.central_difference(summed, batch.x.ravel())
    assert gradcheck.relative_error(given.ravel(), step) <= 1e-7


def test_the_reversed_layer_reads_the_next_step():
    network, theta, batch, start = make_case(symbols=False, bidirectional=True)
    p, h = network.params(theta), np.zeros((B, H))
    both = network.forward(theta, batch.x, start)[1].h
    for t in reversed(range(T)):
        a = batch.x[t] @ p["back.W_xh"] + h @ p["back.W_hh"] + p["back.b_h"]
        h = np.tanh(a)
        np.testing.assert_allclose(both[t, :, H:], h, rtol=1e-12)
    assert len(network.zero_state(B)) == 1


def test_the_forget_gate_starts_open_and_all_other_biases_at_zero():
    for cell in ("lstm", "peephole-lstm"):
        network = Network(D, H, K, cell, layers=2)
        p = network.params(network.initial(np.random.default_rng(0)))
        for layer in ("layer1.", "layer2."):
            o, i, f, g = np.split(p[layer + "b_h"], 4)
            assert f.all() and (f == 1).all() and not (o.any() or i.any() or g.any())
            for gate in np.split(p[layer + "W_hh"], 4, axis=1):
                np.testing.assert_allclose(gate @ gate.T, np.eye(H), atol=1e-6)


def test_delta_rnn_starts_where_its_source_does():
    network = Network(D, H, K, "delta-rnn")
    p = network.params(network.initial(np.random.default_rng(0)))
    for name, value in (("alpha", 2), ("beta1", 1), ("beta2", 1), ("b_z", 0), ("b_r", 0)):
        assert (p[name] == value).all(), name


def test_an_open_carousel_carries_its_cell_unchanged():
    cell, c = LSTM(), np.random.default_rng(0).normal(size=(B, H))
    shut, open_ = -1e3, 1e3
    ax = np.reshape([open_, shut, open_, 0.0], (4, 1, 1)) * np.ones((B, H))
    new = [np.empty((B, H)) for _ in range(3)]
    cell.forward(None, ax, np.zeros_like(ax), (np.zeros((B, H)), c), new)
    assert np.array_equal(new[1], c)
    np.testing.assert_allclose(new[0], np.tanh(c), rtol=1e-15)


RECURRENT = {  # parameters of a layer of n inputs without the readout
    "tanh": lambda n: H * (n + H + 1),
    "gru": lambda n: 3 * H * (n + H + 1) + H,
    "lstm": lambda n: 4 * H * (n + H + 1),
    "peephole-lstm": lambda n: 4 * H * (n + H + 1) + 3 * H,
    "delta-rnn": lambda n: H * (n + H) + 5 * H,
}


def test_every_cell_has_its_cases_and_its_formula():
    assert {cell.name for cell in GATED.values()} == set(CELLS)
    assert set(RECURRENT) == {"tanh", *CELLS}


@pytest.mark.parametrize("name", RECURRENT)
def test_the_number_of_parameters_follows_the_closed_formula(name):
    count, readout = RECURRENT[name], K * (H + 1)
    assert Network(D, H, K, name).size == count(D) + readout
    factors = D * H + H * H
    assert Network(D, H, K, name, recurrent_map="multiplicative").size == (
        count(D) + factors + readout
    )
    assert Network(D, H, K, name, layers=3).size == count(D) + 2 * count(H) + readout
    both = Network(D, H, K, name, layers=2, bidirectional=True)
    assert both.size == 2 * count(D) + 2 * count(2 * H) + K * (2 * H + 1)
    assert both.initial(np.random.default_rng(0)).shape == (both.size,)


@pytest.mark.parametrize("cell", ["tanh", *CELLS])
def test_memory_grows_in_proportion_to_steps_and_sequences(cell):
    network = Network(D, 16, K, cell, recurrent_map="multiplicative")
    rng = np.random.default_rng(0)
    theta = network.initial(rng)

    def peak(steps, sequences):
        batch = Batch(*rng.integers(0, D, (2, steps, sequences)))
        network.workspace = Workspace()
        tracemalloc.start()
        network.objective(batch).grad(theta)
        most = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return most

    for once, twice in (((500, 4), (1000, 4)), ((100, 20), (100, 40))):
        assert peak(*twice) <= 2.1 * peak(*once)


def test_names_of_cells_and_maps():
    for name in CELLS:
        assert family.get(name).name == name
    with pytest.raises(ValueError, match="'ltsm'.*lstm.*tanh"):
        Network(D, H, K, "ltsm")
    with pytest.raises(ValueError, match="'squared'.*multiplicative"):
        Network(D, H, K, recurrent_map="squared")
    with pytest.raises(ValueError, match="'softplus'.*tanh"):
        DeltaRNN("softplus")
    for layers in (0, 1.5):
        with pytest.raises(ValueError, match=f"layers is {layers}"):
            Network(D, H, K, layers=layers)


def test_float32_stays_float32_in_every_cell():
    for cell in CELLS:
        network = Network(D, H, K, cell, recurrent_map="multiplicative", layers=2)
        batch = make_case()[2]
        theta = network.initial(np.random.default_rng(0))
        outputs, tape = network.forward(theta, batch.x)
        gradient = network.objective(batch).grad(theta)
        for array in (theta, outputs, tape.h, *tape.end, gradient):
            assert array.dtype == np.float32


# PyTorch's order of the gates, as indices of ours; its bias inside GRU's reset is our b_hn.
TORCH = {"tanh": ("RNN", [0]), "relu": ("RNN", [0]), "gru": ("GRU", [0, 1, 2]),
         "lstm": ("LSTM", [1, 2, 3, 0])}


def torch_names(layer, reverse):
    suffix = f"_l{layer}" + ("_reverse" if reverse else "")
    return [name + suffix for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")]


def to_torch(p, prefix, order):
    """Return a layer's parameters as PyTorch holds them; the second bias is 0 but for b_hn."""
    def gates(a):
        return np.concatenate([np.split(a, len(order), axis=-1)[k] for k in order], axis=-1).T

    second = np.zeros(len(p[prefix + "b_h"]))
    if prefix + "b_hn" in p:
        second[2 * H :] = p[prefix + "b_hn"]
    return [gates(p[prefix + name]) for name in ("W_xh", "W_hh", "b_h")] + [second]


@pytest.mark.parametrize("options", [{}, *DEEP.values()], ids=["one layer", *DEEP])
@pytest.mark.parametrize("cell", TORCH)
def test_outputs_and_gradients_are_those_of_pytorch(cell, options):
    torch = pytest.importorskip("torch", reason="PyTorch is not installed: nothing to compare with")
    network, theta, batch, _ = make_case(cell, symbols=False, **options)
    kind, order = TORCH[cell]
    nonlinearity = {"nonlinearity": cell} if kind == "RNN" else {}
    rnn = getattr(torch.nn, kind)(
        D, H, network.layers, bidirectional=network.bidirectional, dtype=torch.float64,
        **nonlinearity,
    )
    ways = ("forth.", "back.") if network.bidirectional else ("",)
    pairs = [
        (f"layer{k + 1}." * (network.layers > 1) + way, torch_names(k, way == "back."))
        for k in range(network.layers) for way in ways
    ]
    p, g = network.params(theta), network.params(np.zeros_like(theta))
    with torch.no_grad():
        for prefix, names in pairs:
            for name, array in zip(names, to_torch(p, prefix, order)):
                getattr(rnn, name).copy_(torch.from_numpy(np.ascontiguousarray(array)))
    h, _ = rnn(torch.from_numpy(batch.x))
    tape = network.body.forward(p, batch.x, network.zero_state(B))
    assert gradcheck.relative_error(tape.h, h.detach().numpy()) <= 1e-12
    u = np.random.default_rng(5).normal(size=tape.h.shape)
    network.body.backward(p, tape, u, g)
    h.backward(torch.from_numpy(u))
    for prefix, names in pairs:
        expected = [getattr(rnn, name).grad.numpy() for name in names]
        given = to_torch(g, prefix, order)
        for a, b in zip(given[:3], expected[:3]):
            assert gradcheck.relative_error(a, b) <= 1e-12
        if cell == "gru":
            assert gradcheck.relative_error(g[prefix + "b_hn"], expected[3][2 * H :]) <= 1e-12
