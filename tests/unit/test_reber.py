"""Reber's grammar: strings known to be legal, and a judge that agrees with the maker."""

import re

import numpy as np
import pytest

from rnncamp_utils.reber import (
    LETTERS,
    all_legal,
    is_legal,
    reber,
    string,
    successors,
)

# The grammar's graph, written a second time as a regular expression.
AFTER_P = "T*V(?:PXT*V)*(?:PS|V)"  # from the state that B P, or B T S* X X, leads to
INNER = f"B(?:TS*(?:XS|XX{AFTER_P})|P{AFTER_P})E"
PATTERNS = {False: INNER, True: f"B(?:T{INNER}T|P{INNER}P)E"}
both = pytest.mark.parametrize("embedded", [True, False])


@both
def test_strings_are_those_of_the_regular_expression(embedded):
    rng = np.random.default_rng(0)
    made = [string(rng, embedded) for _ in range(2000)]
    assert all(re.fullmatch(PATTERNS[embedded], text) for text in made)
    assert all(is_legal(text, embedded) for text in made)
    shortest = {False: {"BTXSE", "BPVVE"}, True: {f"B{c}{s}{c}E" for c in "TP"
                                                  for s in ("BTXSE", "BPVVE")}}[embedded]
    assert {text for text in made if len(text) == min(map(len, made))} == shortest
    assert len(set(made)) > 200 and max(map(len, made)) > 20


@both
def test_the_judge_agrees_with_the_expression_on_spoilt_strings(embedded):
    rng, spoilt = np.random.default_rng(1), 0
    for _ in range(3000):
        letters = list(string(rng, embedded))
        letters[rng.integers(len(letters))] = str(rng.choice(list(LETTERS)))
        text = "".join(letters)
        legal = re.fullmatch(PATTERNS[embedded], text) is not None
        assert is_legal(text, embedded) == legal
        spoilt += not legal
    assert spoilt > 1000


@pytest.mark.parametrize("text", ["", "B", "BTBTXSET", "BTBTXSEPE", "BTBTXSETEE", "btbtxsete"])
def test_unfinished_and_wrong_strings_are_illegal(text):
    assert not is_legal(text)


def test_successors_say_what_may_follow():
    assert successors("BTBTXSETE") == ["TP", "B", "TP", "SX", "XS", "E", "T", "E", ""]
    assert successors("BPBPV")[1:] == ["B", "TP", "TV", "PV"]
    assert successors("BPVPSE", embedded=False) == ["TP", "TV", "PV", "XS", "E", ""]
    with pytest.raises(ValueError, match="'P' at position 7 of 'BTBTXSEPE' is illegal: T may"):
        successors("BTBTXSEPE")
    with pytest.raises(ValueError, match="'E' at position 5 .*nothing may"):
        successors("BTXSEE", embedded=False)


def test_each_way_of_a_fork_is_equally_likely():
    rng = np.random.default_rng(2)
    seconds = [string(rng)[1] for _ in range(4000)]
    assert seconds.count("T") / 4000 == pytest.approx(0.5, abs=0.04)


@both
def test_batches_hold_whole_strings_and_their_weights_end_with_them(embedded):
    batch = reber(np.random.default_rng(3), 50, embedded)
    assert batch.x.shape == batch.y.shape == batch.weights.shape
    assert np.array_equal(batch.x[1:], batch.y[:-1])
    lengths = batch.weights.sum(axis=0).astype(int)
    assert max(lengths) == len(batch.x) > min(lengths)
    for b, n in enumerate(lengths):
        assert (batch.weights[:n, b] == 1).all()
        whole = [batch.x[0, b], *batch.y[:n, b]]
        assert is_legal("".join(LETTERS[i] for i in whole), embedded)


@both
def test_the_criterion_wants_all_legal_letters_above_all_others_in_every_step(embedded):
    batch = reber(np.random.default_rng(4), 20, embedded)
    outputs = np.zeros((*batch.x.shape, len(LETTERS)))
    for b, n in enumerate(batch.weights.sum(axis=0).astype(int)):
        text = "".join(LETTERS[i] for i in batch.x[:n, b])
        for t, legal in enumerate(successors(text, embedded)):
            for rank, letter in enumerate(legal):
                outputs[t, b, LETTERS.index(letter)] = 1 + rank
    assert all_legal(batch, outputs, embedded).all()
    last = int(batch.weights[:, 6].sum()) - 1
    outputs[last, 6, LETTERS.index("X")] = 9  # E alone may come last
    outputs[0, 2, LETTERS.index("T")] = 0  # T or P may come second
    assert np.flatnonzero(~all_legal(batch, outputs, embedded)).tolist() == [2, 6]


def test_without_the_second_letter_the_criterion_is_missed():
    # A net that has forgotten it gives T and P alike before the end.
    batch = reber(np.random.default_rng(5), 30)
    outputs = np.zeros((*batch.x.shape, len(LETTERS)))
    for b, n in enumerate(batch.weights.sum(axis=0).astype(int)):
        text = "".join(LETTERS[i] for i in batch.x[:n, b])
        for t, legal in enumerate(successors(text)):
            outputs[t, b, [LETTERS.index(c) for c in ("TP" if t == n - 2 else legal)]] = 1
    assert not all_legal(batch, outputs).any()
