"""Reber's grammar and its embedded form: strings, batches, and a judge of what is legal.

A string is a walk through a graph; each edge writes a letter. The embedded grammar writes
B, T or P, a whole string of Reber's grammar, the same T or P once more, and E: to end a string
well, its second letter must be remembered. Sources: Reber (1967); to predict it letter by letter:
Cleeremans, Servan-Schreiber & McClelland (1989); embedded: Hochreiter & Schmidhuber (1997), figures
3 and 4.
"""

import numpy as np

from .batches import Batch

LETTERS = "BTPSXVE"

# What each state of Reber's grammar may write, and the state that follows; None: the end.
GRAPH = {
    0: {"B": 1},
    1: {"T": 2, "P": 3},
    2: {"S": 2, "X": 4},
    3: {"T": 3, "V": 5},
    4: {"X": 3, "S": 6},
    5: {"P": 4, "V": 6},
    6: {"E": None},
}


def _embed(graph):
    """Return the graph of the embedded grammar: one copy of `graph` for each second letter."""
    whole = {"start": {"B": "choice"}, "choice": {c: (c, 0) for c in "TP"}, "last": {"E": None}}
    for c in "TP":
        for state, edges in graph.items():
            ends = {letter: (c, "end" if to is None else to) for letter, to in edges.items()}
            whole[c, state] = ends
        whole[c, "end"] = {c: "last"}
    return whole


EMBEDDED = _embed(GRAPH)


def string(rng, embedded=True):
    """Return one random string, such as "BTBTXSETE"; at each fork both ways are equally likely."""
    graph = EMBEDDED if embedded else GRAPH
    state, letters = next(iter(graph)), []
    while state is not None:
        letter = str(rng.choice(list(graph[state])))
        letters.append(letter)
        state = graph[state][letter]
    return "".join(letters)


def successors(text, embedded=True):
    """Return for each letter of `text` the set of letters that may follow it, as strings.

    "" follows the last letter of a whole string. Raises ValueError, naming the place, where the
    grammar cannot write the letter.
    """
    graph = EMBEDDED if embedded else GRAPH
    state, sets = next(iter(graph)), []
    for place, letter in enumerate(text):
        legal = graph.get(state, {})
        if letter not in legal:
            may = " or ".join(legal) or "nothing"
            raise ValueError(
                f"{letter!r} at position {place} of {text!r} is illegal: {may} may stand there"
            )
        state = legal[letter]
        sets.append("".join(graph.get(state, {})))
    return sets


def is_legal(text, embedded=True):
    """Say whether `text` is a whole string of the grammar."""
    try:
        sets = successors(text, embedded)
    except ValueError:
        return False
    return bool(sets) and sets[-1] == ""


def reber(rng, sequences, embedded=True):
    """Return next-letter prediction on random strings, one a sequence, padded with E.

    x, y: symbols (T, B), places in `LETTERS`; T is the longest string less one. Padding has
    weight 0. Raises ValueError without sequences.
    """
    if sequences < 1:
        raise ValueError(f"sequences is {sequences}, but a batch needs at least 1")
    texts = [string(rng, embedded) for _ in range(sequences)]
    longest = max(map(len, texts))
    ids = np.array([[LETTERS.index(c) for c in text.ljust(longest, "E")] for text in texts]).T
    lengths = np.array([len(text) for text in texts])
    weights = (np.arange(1, longest)[:, None] < lengths).astype(float)
    return Batch(ids[:-1], ids[1:], weights)


def all_legal(batch, outputs, embedded=True):
    """Return which sequences, (B,), are predicted without error in every step.

    In a step the legal letters, one or two, must have the largest outputs. The criterion of
    Hochreiter & Schmidhuber (1997), experiment 1.
    """
    right = np.ones(batch.x.shape[1], bool)
    for b, steps in enumerate(batch.weights.sum(axis=0).astype(int)):
        text = "".join(LETTERS[i] for i in batch.x[:steps, b])
        for t, legal in enumerate(successors(text, embedded)):
            allowed = np.isin(list(LETTERS), list(legal))
            right[b] &= outputs[t, b, allowed].min() > outputs[t, b, ~allowed].max()
    return right
