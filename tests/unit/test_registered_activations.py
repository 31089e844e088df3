"""Activations of the reader's own: checked when they are registered, then known everywhere."""

import math

import numpy as np
import pytest

from rnncamp_utils import activations, gradcheck
from rnncamp_utils.activations import ACTIVATIONS, register
from rnncamp_utils.batches import Batch
from rnncamp_utils.network import Network
from rnncamp_utils.widgets import Player, Speller


def softsign(z):
    return z / (1 + np.abs(z))


def softsign_slope(y):
    return (1 - np.abs(y)) ** 2


@pytest.fixture(autouse=True)
def forget():
    """What a test registers is gone after it."""
    yield
    for name in set(ACTIVATIONS) - set(activations.BUILT_IN):
        del ACTIVATIONS[name]


@pytest.mark.parametrize(
    "name, f, slope",
    [
        ("softsign", softsign, softsign_slope),
        ("leaky", lambda z: np.where(z > 0, z, 0.1 * z), lambda y: np.where(y > 0, 1, 0.1)),
        ("linear", lambda z: z, np.ones_like),
        ("hard_tanh", lambda z: np.clip(z, -1, 1), lambda y: (np.abs(y) < 1).astype(float)),
    ],
)
def test_a_right_one_is_known_to_networks_and_backpropagates_exactly(name, f, slope):
    assert register(name, f, slope) is activations.get(name)
    rng = np.random.default_rng(0)
    network = Network(3, 5, 4, name, dtype=np.float64)
    batch = Batch(rng.normal(size=(4, 2, 3)), rng.integers(0, 4, (4, 2)))
    theta, objective = network.initial(rng), network.objective(batch)
    exact = gradcheck.central_difference(objective.loss, theta)
    assert gradcheck.relative_error(objective.grad(theta), exact) < 1e-7


def test_precision_is_kept_and_out_is_honoured():
    activation = register("softsign", softsign, softsign_slope)
    z = np.array([[-1.0, 3.0]], np.float32)
    y = activation.f(z)
    assert y.dtype == np.float32 and activation.slope(y).dtype == np.float32
    assert activation.f(z, out=z) is z and np.array_equal(z, y)


def test_a_linear_one_returns_an_array_of_its_own():
    activation = register("linear", lambda z: z, np.ones_like)
    z = np.ones(3)
    assert not np.shares_memory(activation.f(z), z)


def test_a_wrong_slope_is_refused_with_the_place():
    with pytest.raises(ValueError, match=r"wrong at 41 of 41 places, most of all at a = .*h = f\("):
        register("softsign", softsign, lambda y: 1.5 * (1 - np.abs(y)) ** 2)
    with pytest.raises(ValueError, match="wrong at 20 of 41 places, most of all at a = -"):
        register("leaky", lambda z: np.where(z > 0, z, 0.1 * z), lambda y: np.where(y > 0, 1, 0.2))
    assert "softsign" not in ACTIVATIONS and "leaky" not in ACTIVATIONS


def test_a_slope_as_a_function_of_the_sum_is_recognized():
    with pytest.raises(ValueError, match="right as a function of a: write it as a function of the"):
        register("softsign", softsign, lambda z: 1 / (1 + np.abs(z)) ** 2)


def test_a_wrong_slope_can_be_let_in_on_purpose():
    register("camp", lambda z: 1 / (1 + np.exp(-2 * z)), lambda y: y * (1 - y), check=False)
    assert "camp" in ACTIVATIONS


@pytest.mark.parametrize("name", ["", "a b", "ünal", 3, "x" * 17, "tanh", "2fast"])
def test_bad_names_are_refused(name):
    with pytest.raises(ValueError, match="name"):
        register(name, softsign, softsign_slope)


@pytest.mark.parametrize(
    "f, slope, message",
    [
        (lambda z: np.exp(z) / np.exp(z).sum(), softsign_slope, "f of 'mine' .*pointwise"),
        (lambda z: z.sum(), softsign_slope, r"f of 'mine' returns shape \(\)"),
        (lambda z: np.add(z, 1, out=z), softsign_slope, "f of 'mine' overwrites"),
        (lambda z: z * np.nan, softsign_slope, "f of 'mine' gives nan for -6.03: .* be finite"),
        (softsign, lambda y: 1.0, r"the slope of 'mine' returns shape \(\)"),
        (softsign, lambda y: np.multiply(y, 2, out=y), "the slope of 'mine' overwrites"),
        (math.tanh, softsign_slope, r"f of 'mine' stopped with TypeError.* np\.exp that of math"),
        (lambda z: z if z > 0 else 0 * z, softsign_slope, r"np\.where\(a > 0.* the place of if"),
        (lambda z: None, softsign_slope, r"f of 'mine' returns None: is the return missing\?"),
        (lambda z: (softsign(z), 1), softsign_slope, "f of 'mine' returns 2 results"),
        (softsign, lambda y: (y, y), "the slope of 'mine' returns 2 results"),
        ("softsign", softsign_slope, "f of 'mine' is 'softsign': give a function"),
        (softsign, 1.0, "the slope of 'mine' is 1.0: give a function"),
        (np.square, lambda y: 2 * np.sqrt(y), "no function of the output is right"),
    ],
)
def test_functions_that_are_no_activation_are_refused(f, slope, message):
    with pytest.raises(ValueError, match=message):
        register("mine", f, slope)


def test_registering_again_replaces():
    register("mine", softsign, softsign_slope)
    again = register("mine", lambda z: z, np.ones_like)
    assert activations.get("mine") is again


def test_a_registered_one_appears_on_the_next_widget_and_runs():
    register("softsign", softsign, softsign_slope)
    player = Player(Speller())
    names = [name for name, _ in player.panel.controls["activation"].options]
    assert names == ["tanh", "logistic", "relu", "elu", "softsign"]
    player.panel.controls["activation"].value = "softsign"
    player._obey()
    assert player.scene.network.cell.activation.name == "softsign" and player._step()
