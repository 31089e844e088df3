"""An exercise: its solution, inputs to try it on, hints, and the slips that readers make."""

import inspect
import textwrap
import traceback
from typing import Callable, NamedTuple

import numpy as np

from ..gradcheck import first_difference

SEED = 1  # of the inputs: the same numbers for everybody who compares notes


class Slip(NamedTuple):
    """A typical wrong answer, and what to say to a reader who gives it."""

    wrong: Callable
    says: str


class Verdict(NamedTuple):
    """What a check found: `state` is "not attempted", "wrong" or "right"."""

    state: str
    message: str


class Exercise:
    """A function for the reader to write.

    `solution` is the published answer, `inputs(rng)` returns the arguments on which it and the
    reader's function are compared, `result` names what it returns. Results named in `forwards` or
    `backwards` have time as their first axis. `slips` are wrong answers that get a diagnosis of
    their own.
    """

    def __init__(
        self, solution, number, inputs, result, hints, slips, forwards=(), backwards=()
    ):
        self.number, self.name = number, solution.__name__
        self.answer, self.inputs, self.hints, self.slips = solution, inputs, hints, slips
        self.result, self.forwards, self.backwards = result, forwards, backwards
        self._hints_shown = 0

    def check(self, attempt):
        """Print whether `attempt`, the reader's function, is right, or where it goes wrong."""
        print(self.judge(attempt).message)

    def hint(self):
        """Print the next hint; after the last one, say how to see the solution."""
        if self._hints_shown < len(self.hints):
            hint = self.hints[self._hints_shown]
            self._hints_shown += 1
            print(f"Hint {self._hints_shown} of {len(self.hints)}: {hint}")
        else:
            print(f"That was the last hint. The solution: {self.name}.solution()")

    def solution(self):
        """Print the source of the published solution."""
        source = textwrap.dedent(inspect.getsource(self.answer))
        print(source[source.index("def ") :].rstrip())  # without the decorator

    def judge(self, attempt):
        """Return the `Verdict` on `attempt`."""
        title = f"Exercise {self.number}"
        try:
            given, changed = self._run(attempt)
        except Exception as error:  # whatever the reader's code raises is the reader's to see
            return Verdict("wrong", f"✘ {title}: {self._tell(error)}")
        if any(value is ... for value in given.values()):
            return Verdict(
                "not attempted",
                f"○ {title} is not attempted yet. Replace the ... and run this cell again.",
            )
        if any(value is None for value in given.values()):
            said = "your function returns None. Is the return missing?"
            return Verdict("wrong", f"✘ {title}: {said}")
        difference = self._compare(given, self.answer)
        if difference:
            return Verdict("wrong", f"✘ {title}: {difference}.{self._diagnose(given)}")
        if changed:
            return Verdict(
                "wrong",
                f"✘ {title}: the result is right, but your function changes its argument "
                f"{changed}. Write a = a + b, which makes a new array, instead of a += b.",
            )
        return Verdict("right", f"✔ {title} is right.")

    def _run(self, function):
        """Return (the function's results by name, the argument that it overwrote or None)."""
        arguments = self.inputs(np.random.default_rng(SEED))
        before = {name: np.copy(a) for name, a in arguments.items() if isinstance(a, np.ndarray)}
        returned = function(*arguments.values())
        given = dict(zip(self.result, returned)) if _is_tuple_of(returned, self.result) else {
            self.result[0]: returned
        }
        changed = [n for n, a in before.items() if not np.array_equal(a, arguments[n])]
        return given, changed[0] if changed else None

    def _tell(self, error):
        """Return what the reader's function stopped with, where, and what it had been given."""
        last = traceback.extract_tb(error.__traceback__)[-1]
        entered = last.filename != __file__  # else it takes other arguments
        where = f" in the line `{last.line}`" if entered and last.line else ""
        more, arguments = "", self.inputs(np.random.default_rng(SEED))
        if not entered:
            more = f" It is called with ({', '.join(arguments)})."
        elif isinstance(error, ValueError):  # most often of shapes that do not fit
            shapes = {n: a.shape for n, a in arguments.items() if isinstance(a, np.ndarray)}
            more = " Shapes: " + ", ".join(f"{n} {shape}" for n, shape in shapes.items()) + "."
        return f"your function stopped with {type(error).__name__}: {error}{where}.{more}"

    def _compare(self, given, function):
        expected = self._run(function)[0]
        return first_difference(given, expected, self.forwards, self.backwards)

    def _diagnose(self, given):
        """Return what to say when the reader's numbers are those of a typical slip."""
        for slip in self.slips:
            if self._compare(given, slip.wrong) is None:
                return f" {slip.says}"
        return ""


def exercise(number, **details):
    """Turn a published solution into an `Exercise` (a decorator; see there for `details`)."""
    return lambda solution: Exercise(solution, number, **details)


def _is_tuple_of(returned, names):
    several = isinstance(returned, (tuple, list)) and len(returned) == len(names)
    return len(names) > 1 and several
