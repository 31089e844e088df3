"""A wrong sign in backpropagation makes a chapter fail, and not only the unit tests."""

from books import CHAPTERS, run_again
from helpers import mutated_package


def test_a_wrong_sign_in_backward_breaks_chapter_01(tmp_path):
    folder = mutated_package(tmp_path, "carry[0] += dh_t", "carry[0] -= dh_t")
    code, printed = run_again(CHAPTERS[0], package=folder)
    assert code == 1, printed
    assert "this claim does not hold here" in printed
