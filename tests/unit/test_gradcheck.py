"""The referees and the pointer to the first wrong number, on cases with known answers."""

import numpy as np
import pytest
from helpers import make_case

from rnncamp_utils import gradcheck
from rnncamp_utils.gradcheck import first_difference, relative_error


def test_relative_error_measures_by_the_largest_element():
    assert relative_error([1.0, 1e-9], [1.0, 2e-9]) == pytest.approx(1e-9)
    assert relative_error([0.0, 2.0], [0.0, 4.0]) == 0.5


def test_relative_error_of_zeros_is_zero_and_of_a_nan_is_below_no_limit():
    assert relative_error(np.zeros(3), np.zeros(3)) == 0
    assert not relative_error([np.nan, 1], [0, 1]) <= 1e300


def test_relative_error_refuses_other_shapes():
    with pytest.raises(ValueError, match=r"\(3,\) and \(1, 3\)"):
        relative_error(np.ones(3), np.ones((1, 3)))


@pytest.mark.parametrize(
    "referee, tolerance", [(gradcheck.central_difference, 1e-9), (gradcheck.complex_step, 1e-15)]
)
def test_referees_know_the_derivative_of_a_cubic(referee, tolerance):
    theta = np.array([1.0, -2.0, 0.5])
    assert relative_error(referee(lambda t: (t**3).sum(), theta), 3 * theta**2) <= tolerance
    matrix = referee(lambda t: t[:2] ** 3, theta)
    assert relative_error(matrix, [[3, 0, 0], [0, 12, 0]]) <= tolerance


@pytest.mark.parametrize("referee", [gradcheck.central_difference, gradcheck.complex_step])
def test_referees_refuse_float32(referee):
    with pytest.raises(ValueError, match="float32.*float64"):
        referee(lambda t: t.sum(), np.ones(2, np.float32))


def test_autograd_referee_refuses_cells_it_does_not_know():
    network, theta, batch, start = make_case()
    network.cell.name = "lstm"
    with pytest.raises(ValueError, match="lstm"):
        gradcheck.autograd_gradient(network, theta, batch, start)


def test_adjoint_gap_sees_a_pass_that_is_not_the_transpose(monkeypatch):
    network, theta, batch, start = make_case()
    right = network.map.back
    monkeypatch.setattr(network.map, "back", lambda *a: 1.001 * right(*a), raising=False)
    assert gradcheck.adjoint_gap(network, theta, batch, start) > 1e-6


T, B, H = 5, 3, 4


def backward_results():
    """Named tensors as an exercise on BPTT would have them."""
    rng = np.random.default_rng(3)
    return {
        "h": rng.normal(size=(T, B, H)),
        "dh": rng.normal(size=(T, B, H)),
        "da": rng.normal(size=(T, B, H)),
        "dW_hh": rng.normal(size=(H, H)),
        "loss": np.array(1.25),
    }


def find(given, **options):
    options = {"forwards": ["h"], "backwards": ["dh", "da"], **options}
    return first_difference(given, backward_results(), **options)


def test_equal_tensors_have_no_difference():
    given = backward_results()
    given["dW_hh"] = (given["dW_hh"] * (1 + 1e-9)).tolist()
    assert find(given) is None


def test_a_forward_tensor_differs_first_at_the_earliest_time():
    given = backward_results()
    given["h"][[2, 4], 1, 3] += 1
    assert find(given)[2:4] == (2, (2, 1, 3))


def test_a_backward_tensor_differs_first_at_the_latest_time():
    given = backward_results()
    given["dh"][[0, 3], 1, 2] = 0.12
    found = find(given)
    assert (found.name, found.time, found.index) == ("dh", 3, (3, 1, 2))
    assert (found.given, found.expected) == (0.12, backward_results()["dh"][3, 1, 2])
    assert str(found).startswith("dh at t = 3 differs: you have 0.12, expected ")
    assert str(found).endswith(" (element [3, 1, 2])")


def test_in_a_loop_the_step_that_came_first_counts_and_then_the_order_of_names():
    given = backward_results()
    given["da"][4] += 1  # the culprit …
    given["dh"][:4] += 1  # … and what follows from it
    assert (find(given).name, find(given).time) == ("da", 4)
    given["dh"][4] += 1
    assert (find(given).name, find(given).time) == ("dh", 4)


def test_a_difference_in_an_earlier_tensor_comes_before_one_in_a_later_loop():
    given = backward_results()
    given["h"][4] += 1
    given["dh"][4] += 1
    given["dW_hh"] += 1
    assert (find(given).name, find(given).time) == ("h", 4)


def test_tensors_without_time_are_reported_in_order():
    given = backward_results()
    given["loss"] = 2.0
    assert str(find(given)) == "loss differs: you have 2, expected 1.25"
    given["dW_hh"][1, 2] += 1
    assert (find(given).name, find(given).time, find(given).index) == ("dW_hh", None, (1, 2))


def test_small_gradients_of_one_time_step_are_measured_by_that_step():
    expected = {"dh": np.array([[1e-5, 2e-5], [1.0, 2.0]])}
    given = {"dh": expected["dh"] * [[1.01], [1]]}
    assert first_difference(given, expected, backwards=["dh"]).time == 0
    assert first_difference(given, expected) is None


def test_rounding_beside_zeros_is_no_difference():
    expected = {"dh": np.array([[0.0, 0.0], [1.0, 2.0]])}
    given = {"dh": expected["dh"] + 1e-16}
    assert first_difference(given, expected, backwards=["dh"]) is None


def test_a_wrong_number_beside_zeros_is_found_however_small_the_tensor():
    expected = {"dh": np.array([[0.0, 0.0], [1e-9, 2e-9]])}
    assert first_difference({"dh": expected["dh"] + 1e-16}, expected, backwards=["dh"]).time == 0


def test_a_time_step_is_measured_by_all_its_sequences():
    expected = {"dh": np.array([[[1e-9, 1e-9], [1.0, 2.0]]])}
    given = {"dh": expected["dh"] * [[[1.01], [1]]]}
    assert first_difference(given, expected, backwards=["dh"]) is None


def test_what_cannot_be_compared_comes_before_every_time_step():
    given = backward_results()
    given["dh"][4] += 1
    given["da"] = None
    assert find(given).name == "da"


def test_no_more_digits_are_shown_than_it_takes():
    assert "you have 3.142, expected 1 " in f"{first_difference({'b': np.pi}, {'b': 1.0})} "


def test_numbers_that_look_alike_are_shown_with_enough_digits():
    found = first_difference({"loss": 0.1234567}, {"loss": 0.1234568}, tolerance=1e-9)
    assert "you have 0.1234567, expected 0.1234568" in str(found)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_numbers_that_are_not_finite_get_their_own_sentence(value):
    given = backward_results()
    given["da"][2, 0, 0] = value
    assert str(find(given)).startswith(f"da at t = 2 is not a finite number: you have {value}, ")


@pytest.mark.parametrize(
    "value, sentence",
    [
        (None, "da is None: it has not been computed yet"),
        (..., "da is Ellipsis: it has not been computed yet"),
        (np.zeros((B, T, H)), f"da has the shape {(B, T, H)}, expected {(T, B, H)}"),
        (0.5, f"da has the shape (), expected {(T, B, H)}"),
        ("text", "da holds <U4 elements, expected numbers (float64)"),
        ([None, 1.0], "da holds object elements, expected numbers (float64)"),
        (np.zeros((T, B, H), bool), "da holds bool elements, expected numbers (float64)"),
        (np.zeros((T, B, H), complex), "da holds complex128 elements, expected numbers (float64)"),
        ([[1.0], [1.0, 2.0]], "da is a list of unequal parts, expected one array"),
    ],
)
def test_what_is_no_tensor_of_this_shape_gets_its_own_sentence(value, sentence):
    assert str(find({**backward_results(), "da": value})) == sentence


def test_another_dtype_is_named_beside_the_difference_it_makes():
    given = backward_results()
    given["dW_hh"] = given["dW_hh"].astype(np.int64)
    assert str(find(given)).endswith("; dW_hh has the dtype int64, expected float64")
    given["dW_hh"] = backward_results()["dW_hh"].astype(np.float32)
    assert find(given) is None


def test_a_missing_name_is_reported_with_the_names_that_are_there():
    given = backward_results()
    given["dWhh"] = given.pop("dW_hh")
    assert str(find(given)) == "dW_hh is missing: you gave h, dh, da, loss, dWhh"
    assert str(find({})) == "h is missing: you gave nothing"


def test_an_answer_that_is_no_dict_is_told_what_is_expected():
    sentence = "you gave a NoneType, expected a dict with the names h, dh, da, dW_hh, loss"
    assert str(find(None)) == sentence
