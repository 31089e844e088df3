"""Debug the camp: show a broken backward pass, say where it first goes wrong, judge a repair.

    show(3)                       print the pass, its lines numbered
    locate(3)                     the first wrong tensor and time step
    repair(3, line=7, by="...")   replace a line, and judge
    hint(3), solution(3)          what the numbers look like; the repaired line
"""

import inspect
from typing import NamedTuple, Optional

import numpy as np

from ..gradcheck import complex_step, first_difference, relative_error
from ..params import Params
from . import passes
from .suspects import explain

T, B, D, H, K = 5, 3, 7, 6, 4  # pairwise different, so that no transposed product fits by chance
FORWARDS, BACKWARDS = ("h", "s", "y", "dy"), ("dh", "da")
WEIGHTS = ("W_xh", "W_hh", "b_h", "W_hy", "b_y")


class Bug(NamedTuple):
    """A broken pass, what its net's units may be, and its wrong line (stripped) as it should be."""

    units: tuple  # names of activations: one way to repair bug 1 is to change the forward pass
    wrong: str
    right: str


BUGS = {
    1: Bug(("logistic of 2a", "logistic"), "da[t] = dh[t] * h[t] * (1 - h[t])",
           "da[t] = dh[t] * 2 * h[t] * (1 - h[t])"),
    2: Bug(("relu",), "da[t] = dh[t] * np.where(h[t, :, :1] > 0, 1, 0)",
           "da[t] = dh[t] * np.where(h[t] > 0, 1, 0)"),
    3: Bug(("elu",), "slope = np.where(h[:, :, 0] > 0, 1, h[:, :, 0] + 1)[:, :, None]",
           "slope = np.where(h > 0, 1, h + 1)"),
    4: Bug(("logistic",), "s[t] = state = np.tanh(a)", "s[t] = state = 1 / (1 + np.exp(-a))"),
    5: Bug(("tanh",), 'dh[t] = dy[t] @ p["W_hy"].T', 'dh[t] = dy[t] @ p["W_hy"].T + carry'),
    6: Bug(("tanh",), "for t in range(len(h) - 2, -1, -1):", "for t in range(len(h) - 1, -1, -1):"),
    7: Bug(("tanh",), 'dh[t] += da[t + 1] @ p["W_hh"]', 'dh[t] += da[t + 1] @ p["W_hh"].T'),
    8: Bug(("tanh",), "dW_hh = old[t].T @ da[t]", "dW_hh += old[t].T @ da[t]"),
    9: Bug(("tanh",), "dy = (softmax(y) - one_hot(came, y.shape[-1])) / len(came)",
           "dy = (softmax(y) - one_hot(came, y.shape[-1])) / came.size"),
    10: Bug(("tanh",), 'g["dW_hh"] = h.reshape(-1, H).T @ da.reshape(-1, H)',
            'g["dW_hh"] = before(h).reshape(-1, H).T @ da.reshape(-1, H)'),
}


class Finding(NamedTuple):
    """Where a pass first goes wrong, and which slip gives just these numbers, if one is known."""

    where: str
    why: Optional[str]


def show(number):
    """Print the broken pass `number`, its lines numbered."""
    for i, line in enumerate(_lines(number), 1):
        print(f"{i:>2}  {line}")


def locate(number):
    """Print the first wrong tensor of the broken pass `number`, and its time step."""
    print(f"✘ Bug {number}: {find(number).where}.")


def hint(number):
    """Print which slip gives the numbers of the broken pass `number`."""
    print(f"Hint: {find(number).why}")


def solution(number):
    """Print the wrong line of the broken pass `number`, and one way to write it right."""
    line = [text.strip() for text in _lines(number)].index(_bug(number).wrong) + 1
    print(f"repair({number}, line={line}, by={_bug(number).right!r})")


def repair(number, line, by):
    """Replace `line` of the broken pass `number` by the text `by` and print the verdict.

    The new line is indented like the old one. Raises ValueError for a number that no bug has.
    """
    print(judge(number, line, by))


def judge(number, line, by):
    """Return the verdict on a repair, a sentence or two; for `repair` and for tests."""
    title, lines = f"Bug {number}", _lines(number)
    if line is ... or by is ...:
        return f"○ {title} is still in there. Replace the ... and run this cell again."
    if not isinstance(line, int) or not isinstance(by, str):
        return (f"✘ {title}: `line` is a whole number and `by` a text in quotes, as in "
                f"line=7, by='carry = 0'; you gave {line!r} and {by!r}.")
    if not 1 <= line <= len(lines):
        return f"✘ {title}: the pass has the lines 1 to {len(lines)}, you gave {line}."
    old = lines[line - 1]
    lines[line - 1] = old[: len(old) - len(old.lstrip())] + by.strip()
    space = dict(vars(passes))
    try:
        exec("\n".join(lines), space)
        finding = examine(space[f"bug_{number}"], _bug(number).units, _expected_of(number))
    except Exception as error:  # whatever the reader's line raises is the reader's to see
        return f"✘ {title}: with your line it stops with {type(error).__name__}: {error}."
    if finding:
        return f"✘ {title}: {finding.where}. {finding.why or ''}".rstrip()
    return f"✔ Bug {number} is out: every tensor is right at every time step."


def find(number):
    """Return the `Finding` about the broken pass `number`."""
    function = getattr(passes, f"bug_{_check(number)}")
    return examine(function, _bug(number).units, _expected_of(number))


def examine(function, units=("tanh",), expected=passes.right):
    """Return the `Finding` about a pass, or None when all its tensors are right.

    `function(x, came, p)` returns a dict of the tensors h, y, dy, dh, da, dW_xh, dW_hh, db_h,
    dW_hy, db_y. A gradient is judged by the forward pass that it belongs to: where the net may have
    several kinds of `units`, those whose states the pass has.
    """
    x, came, p = case()
    given = function(x, came, p)
    wanted = [(name, expected(x, came, p, name)) for name in units]
    name, right = next(((n, r) for n, r in wanted if _same(given, r, "h")), wanted[0])
    difference = first_difference(given, right, FORWARDS, BACKWARDS)
    if difference is None:
        return None
    return Finding(str(difference), explain(difference, given, right, x, p, name))


def gradient_error(function, units):
    """Return the relative error of a pass's gradient, all weights together, against complex step.

    `units` name the activation that the pass's forward part computes.
    """
    x, came, p = case()
    shapes = {name: p[name].shape for name in WEIGHTS}

    def loss(theta):
        y = passes.read(x, Params(shapes, theta), passes.ACTIVATIONS[units][0])[1]
        chosen = np.take_along_axis(y, came[..., None], axis=-1)[..., 0]
        return (np.log(np.exp(y).sum(axis=-1)) - chosen).mean()

    given = function(x, came, p)
    gradient = np.concatenate([given[f"d{name}"].ravel() for name in WEIGHTS])
    return relative_error(gradient, complex_step(loss, p.theta))


def case():
    """Return the inputs x, what came, and the weights p on which every pass is judged."""
    rng = np.random.default_rng(2)
    shapes = {"W_xh": (D, H), "W_hh": (H, H), "b_h": (H,), "W_hy": (H, K), "b_y": (K,)}
    p = Params(shapes, rng.normal(0, 0.6, sum(int(np.prod(s)) for s in shapes.values())))
    return rng.normal(size=(T, B, D)), rng.integers(0, K, (T, B)), p


def _bug(number):
    return BUGS[_check(number)]


def _check(number):
    if number not in BUGS:
        raise ValueError(f"there is no bug {number!r}: they are numbered from 1 to {len(BUGS)}")
    return number


def _expected_of(number):
    return passes.write if number == 4 else passes.right


def _lines(number):
    return inspect.getsource(getattr(passes, f"bug_{_check(number)}")).rstrip().splitlines()


def _same(given, right, name):
    return first_difference(given, {name: right[name]}, FORWARDS) is None
