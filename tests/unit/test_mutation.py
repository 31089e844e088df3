"""The gradient tests can fail: every one-line slip in backpropagation is caught by them.

Each slip is made in a copy of the package, and the tests are run on the copy in a child process.
"""

import pytest
from helpers import mutated_package, run_tests

SLIPS = {
    "the readout's part is subtracted": ("carry[0] += dh_t", "carry[0] -= dh_t"),
    "the readout's part is left out": ("carry[0] += dh_t", "pass"),
    "what comes back has the wrong sign": (
        "carry = [recurrent_map.back(", "carry = [-recurrent_map.back("
    ),
    "nothing comes back from the next step": (
        "carry = [recurrent_map.back(", "carry = [0 * recurrent_map.back("
    ),
    "W_hh is not transposed": ('p["W_hh"].T', 'p["W_hh"]', "maps"),
    "time runs forwards": ("yield from reversed(", "yield from ("),
    "the slope is that of another step": (
        "_by_step(slopes, end - part.start)", "_by_step(slopes, end - part.start)[::-1]"
    ),
    "W_hh meets h_t instead of h_{t-1}": (
        "tape.x, tape.states[0][:-1]", "tape.x, tape.states[0][1:]"
    ),
    "W_xh meets the inputs of other steps": ("tape.x, dax)", "tape.x[::-1], dax)"),
    "b_h is a mean": (
        'sum_steps(dax, out=g["b_h"])', 'sum_steps(dax / len(dax), out=g["b_h"])'
    ),
}

FAST = ("tests/unit/test_gradients.py", "-k", "agrees_with_autograd and tanh")


@pytest.mark.parametrize("slip", SLIPS.values(), ids=SLIPS)
def test_a_slip_in_backward_fails_the_gradient_tests(tmp_path, slip):
    code, printed = run_tests(mutated_package(tmp_path, *slip), *FAST)
    assert code == 1 and "1 failed" in printed, printed


def test_the_copy_without_a_slip_passes(tmp_path):
    same = "carry[0] += dh_t"
    code, printed = run_tests(mutated_package(tmp_path, same, same), *FAST)
    assert code == 0 and "passed" in printed, printed


def test_a_slip_that_cannot_be_made_is_reported(tmp_path):
    with pytest.raises(AssertionError, match="0 times, not once"):
        mutated_package(tmp_path, "no such line", "")
