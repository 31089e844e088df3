"""The exercises of chapter 01: the Elman net."""

import numpy as np

from .base import Slip, exercise

T, B, D, H, K = 5, 3, 4, 6, 2  # pairwise different, so that no transposed product fits by chance


def _count(ids, V):
    counts = np.zeros((V, V))
    for now, following in zip(ids[:-1], ids[1:]):
        counts[now, following] += 1
    return counts


def _unit_rows(counts):
    return counts / counts.sum(axis=1, keepdims=True)


@exercise(
    "1.1",
    inputs=lambda rng: {"ids": np.r_[0:4, rng.integers(0, 4, 60)], "V": 4},
    result=("P",),
    hints=[
        "Count first: counts[a, b] is how often b came right after a. zip(ids[:-1], ids[1:]) "
        "walks through the pairs.",
        "Divide each row by its own sum: counts / counts.sum(axis=1, keepdims=True).",
    ],
    slips=[
        Slip(_count, "These are counts: divide each row by its sum to get probabilities."),
        Slip(
            lambda ids, V: _count(ids, V) / _count(ids, V).sum(axis=0, keepdims=True),
            "Your columns add up to 1: you have P(word before | word). Divide rows, axis=1.",
        ),
        Slip(
            lambda ids, V: _count(ids, V) / _count(ids, V).sum(axis=1),
            "You divided the columns by the sums of the rows: add keepdims=True to the sum.",
        ),
        Slip(
            lambda ids, V: bigram.answer(ids, V).T,
            "Rows and columns are swapped: P[a, b] belongs to b coming right after a.",
        ),
        Slip(
            lambda ids, V: _unit_rows(_count(ids, V) > 0),
            "Each pair was counted once: counts[a, b] += 1 has to run for each pair on its own.",
        ),
        Slip(
            lambda ids, V: _count(ids, V) / np.bincount(ids, minlength=V)[:, None],
            "The last symbol has no follower: divide by the sum of each row of counts.",
        ),
        Slip(
            lambda ids, V: _count(ids, V) / _count(ids, V).sum(),
            "All entries together add up to 1: you have P(pair). Each row has to add up to 1.",
        ),
    ],
)
def bigram(ids, V):
    counts = np.zeros((V, V))
    for now, following in zip(ids[:-1], ids[1:]):
        counts[now, following] += 1
    return counts / counts.sum(axis=1, keepdims=True)


def _net(rng):
    return {
        "W_xh": rng.normal(size=(D, H)),
        "W_hh": rng.normal(size=(H, H)) / 2,
        "b_h": rng.normal(size=H) / 2,
    }


@exercise(
    "1.2",
    inputs=lambda rng: {"x": rng.normal(size=(B, D)), "h": rng.normal(size=(B, H)), **_net(rng)},
    result=("h",),
    hints=[
        "Three terms go into the tanh: one from x, one from the old h, and the bias.",
        "x has the shape (B, D) and W_xh the shape (D, H): x @ W_xh has the shape (B, H).",
    ],
    slips=[
        Slip(
            lambda x, h, W_xh, W_hh, b_h: np.tanh(x @ W_xh + b_h),
            "The old state is missing: without h @ W_hh the net has no memory.",
        ),
        Slip(
            lambda x, h, W_xh, W_hh, b_h: np.tanh(x @ W_xh + h @ W_hh),
            "The bias b_h is missing.",
        ),
        Slip(
            lambda x, h, W_xh, W_hh, b_h: np.tanh(x @ W_xh + h @ W_hh.T + b_h),
            "W_hh is transposed: rows multiply from the left here, h @ W_hh.",
        ),
        Slip(
            lambda x, h, W_xh, W_hh, b_h: x @ W_xh + h @ W_hh + b_h,
            "The tanh is missing: without it the net is linear, however long it runs.",
        ),
        Slip(
            lambda x, h, W_xh, W_hh, b_h: np.tanh(x @ W_xh + h @ W_hh) + b_h,
            "The bias has to go inside the tanh.",
        ),
        Slip(
            lambda x, h, W_xh, W_hh, b_h: 1 / (1 + np.exp(-(x @ W_xh + h @ W_hh + b_h))),
            "This is the logistic function: equation (1.2) has tanh.",
        ),
        Slip(
            lambda *given: elman_step.answer(*given).T,
            "Your h is transposed: write equation (1.2), with one sequence in each row.",
        ),
    ],
)
def elman_step(x, h, W_xh, W_hh, b_h):
    return np.tanh(x @ W_xh + h @ W_hh + b_h)


def _run_again(x, h, W_xh, W_hh, b_h):
    return np.stack([np.tanh(x[t] @ W_xh + h @ W_hh + b_h) for t in range(len(x))])


def _run_shifted(x, h, W_xh, W_hh, b_h):
    hs = [h]
    for t in range(len(x) - 1):
        hs.append(np.tanh(x[t] @ W_xh + hs[-1] @ W_hh + b_h))
    return np.stack(hs)


def _run_with(x, h, W_xh, W_hh, b_h):
    return elman_run.answer(x, h, W_xh, W_hh, b_h)


def _run_backwards(x, h, W_xh, W_hh, b_h):
    return elman_run.answer(x[::-1], h, W_xh, W_hh, b_h)


@exercise(
    "1.3",
    inputs=lambda rng: {"x": rng.normal(size=(T, B, D)), "h": rng.normal(size=(B, H)), **_net(rng)},
    result=("h",),
    forwards=("h",),
    hints=[
        "Start with an empty list. For each t compute the new h from x[t] and the last h, and "
        "append it.",
        "np.stack(list) makes one array of shape (T, B, H) out of T arrays of shape (B, H).",
    ],
    slips=[
        Slip(
            _run_again,
            "Every step starts from the first h: hand the new h on to the next step.",
        ),
        Slip(
            _run_shifted,
            "Your states come one step late: the start belongs in front of the result, not in it.",
        ),
        Slip(_run_backwards, "Your net reads the sequence from its end: t runs from 0 to T − 1."),
        Slip(
            lambda x, h, *net: np.concatenate([h[None], _run_with(x, h, *net)]),
            "There are T + 1 states: leave the first h, which is given, out of the result.",
        ),
        Slip(lambda x, h, *net: _run_with(x, h, *net)[-1], "This is the last state: return all T."),
        Slip(
            lambda x, h, *net: _run_with(x, 0 * h, *net),
            "Your net starts from zeros: start from the given h.",
        ),
        Slip(
            lambda x, h, *net: _run_with(x, h, *net).swapaxes(0, 1),
            "Time comes first: stack the states along axis 0.",
        ),
    ],
)
def elman_run(x, h, W_xh, W_hh, b_h):
    states = []
    for t in range(len(x)):
        h = np.tanh(x[t] @ W_xh + h @ W_hh + b_h)
        states.append(h)
    return np.stack(states)


def _jordan_elman(x, y, W_xh, W_yh, b_h, W_hy, b_y):
    h = np.tanh(x @ W_xh + b_h)
    return h @ W_hy + b_y


def _jordan_hidden(x, y, W_xh, W_yh, b_h, W_hy, b_y):
    return np.tanh(x @ W_xh + y @ W_yh + b_h)


def _jordan_no_bias(x, y, W_xh, W_yh, b_h, W_hy, b_y):
    return np.tanh(x @ W_xh + y @ W_yh + b_h) @ W_hy


@exercise(
    "1.4",
    inputs=lambda rng: {
        "x": rng.normal(size=(B, D)),
        "y": rng.normal(size=(B, K)),
        "W_xh": rng.normal(size=(D, H)),
        "W_yh": rng.normal(size=(K, H)),
        "b_h": rng.normal(size=H),
        "W_hy": rng.normal(size=(H, K)),
        "b_y": rng.normal(size=K),
    },
    result=("y",),
    hints=[
        "Two lines: first the hidden layer, then the output. Only the output goes back.",
        "The hidden layer sees x @ W_xh and the last output, y @ W_yh.",
    ],
    slips=[
        Slip(_jordan_elman, "The last output y never enters: Jordan's net is fed what it said."),
        Slip(_jordan_hidden, "This is the hidden layer: the output is h @ W_hy + b_y."),
        Slip(_jordan_no_bias, "The bias b_y of the output is missing."),
        Slip(
            lambda x, y, W_xh, W_yh, b_h, W_hy, b_y: (x @ W_xh + y @ W_yh + b_h) @ W_hy + b_y,
            "The tanh of the hidden layer is missing.",
        ),
        Slip(
            lambda *given: np.tanh(jordan_step.answer(*given)),
            "The output has no tanh: it is h @ W_hy + b_y.",
        ),
    ],
)
def jordan_step(x, y, W_xh, W_yh, b_h, W_hy, b_y):
    h = np.tanh(x @ W_xh + y @ W_yh + b_h)
    return h @ W_hy + b_y


def _chosen(p, came):
    return p[np.arange(len(came)), came]


def _log_softmax(a):
    return a - np.log(np.exp(a).sum(axis=1, keepdims=True))


@exercise(
    "1.5",
    inputs=lambda rng: {"y": rng.normal(size=(7, K + 1)) * 2, "came": rng.integers(0, K + 1, 7)},
    result=("loss",),
    hints=[
        "Row t of np.exp(y), divided by its sum, is what the net thinks of each symbol.",
        "p[np.arange(len(came)), came] picks the probability of what came in every row.",
    ],
    slips=[
        Slip(
            lambda y, came: mean_nats.answer(y[:-1], came[1:]),
            "came[t] is already the symbol that came after step t: do not shift it again.",
        ),
        Slip(
            lambda y, came: -np.log(_chosen(np.exp(y) / np.exp(y).sum(), came)).mean(),
            "You divided by the sum of all entries: each row has a sum of its own, axis=1.",
        ),
        Slip(
            lambda y, came: -np.log(_chosen(np.exp(y) / np.exp(y).sum(axis=0), came)).mean(),
            "You divided by the sums of the columns: each row has a sum of its own, axis=1.",
        ),
        Slip(
            lambda y, came: -np.log(_chosen(np.exp(_log_softmax(y)), came).mean()),
            "This is the log of the mean: take the log of each probability, then the mean.",
        ),
        Slip(
            lambda y, came: -_log_softmax(y)[np.arange(len(came)), came].mean() / np.log(2),
            "These are bits: use the natural logarithm, np.log, for nats.",
        ),
        Slip(
            lambda y, came: -_log_softmax(y)[:, came].mean(),
            "[:, came] takes all these columns in every row: [np.arange(len(came)), came] takes "
            "one element of each row.",
        ),
        Slip(
            lambda y, came: -_log_softmax(y)[np.arange(len(came)), came].sum(),
            "This is the sum over all steps: take the mean.",
        ),
        Slip(
            lambda y, came: _log_softmax(y)[np.arange(len(came)), came].mean(),
            "The sign is wrong: the log of a probability is negative, a loss is not.",
        ),
        Slip(
            lambda y, came: -y[np.arange(len(came)), came].mean(),
            "The outputs are not yet probabilities: divide np.exp(y) by its sum, row by row.",
        ),
    ],
)
def mean_nats(y, came):
    p = np.exp(y) / np.exp(y).sum(axis=1, keepdims=True)
    return -np.log(p[np.arange(len(came)), came]).mean()


def _unit(p):
    return p / np.linalg.norm(p, axis=1, keepdims=True)


@exercise(
    "1.6",
    inputs=lambda rng: {name: rng.dirichlet(np.ones(K + 2), 5) for name in ("p", "q")},
    result=("cosine",),
    hints=[
        "For one row: the sum of the products, divided by both lengths.",
        "np.linalg.norm(p, axis=1) is the length of each row.",
    ],
    slips=[
        Slip(
            lambda p, q: (p * q).sum(axis=1).mean(),
            "Divide by the lengths of both rows, or long rows count more than short ones.",
        ),
        Slip(
            lambda p, q: (p * q).sum() / np.linalg.norm(p) / np.linalg.norm(q),
            "You took all rows as one long vector: one cosine a row first, then their mean.",
        ),
        Slip(
            lambda p, q: (_unit(p) * _unit(q)).sum(axis=1).sum(),
            "This is the sum of the cosines: take their mean.",
        ),
        Slip(
            lambda p, q: (_unit(p) * _unit(q)).sum(axis=1),
            "These are the cosines of all rows: take their mean.",
        ),
        Slip(
            lambda p, q: ((p * q).sum(axis=1) / np.linalg.norm(p, axis=1)).mean(),
            "You divided by one length: divide by the lengths of both rows.",
        ),
        Slip(
            lambda p, q: 1 - mean_cosine.answer(p, q),
            "This is 1 − cosine, which is 0 for the same direction: return the cosine.",
        ),
    ],
)
def mean_cosine(p, q):
    lengths = np.linalg.norm(p, axis=1) * np.linalg.norm(q, axis=1)
    return ((p * q).sum(axis=1) / lengths).mean()


def _step(x, h):
    """A fixed small net for exercise 1.7: one input, two hidden units, one output."""
    h = np.tanh(x * np.array([0.9, -0.7]) + h @ np.array([[0.8, -0.6], [0.5, 0.7]]))
    return h @ np.array([1.1, -0.4]), h


def _free_fed_first(step, x, h, n):
    outputs = []
    for _ in range(n):
        y, h = step(x, h)
        outputs.append(y)
    return np.array(outputs)


def _free_forgetful(step, x, h, n):
    outputs = []
    for _ in range(n):
        x, _ = step(x, h)
        outputs.append(x)
    return np.array(outputs)


def _free_late(step, x, h, n):
    return np.r_[x, free_run.answer(step, x, h, n - 1)]


@exercise(
    "1.7",
    inputs=lambda rng: {"step": _step, "x": 0.5, "h": np.array([0.3, -0.2]), "n": 6},
    result=("y",),
    forwards=("y",),
    hints=[
        "Each round: y, h = step(x, h). What is the next x?",
        "Append y to a list, then set x = y.",
    ],
    slips=[
        Slip(
            _free_fed_first,
            "The net reads the first x again and again: its output has to be its next input.",
        ),
        Slip(_free_forgetful, "The state h is not handed on from step to step."),
        Slip(
            lambda step, x, h, n: free_run.answer(step, x, h, n + 1),
            "There is one output too many: n steps give n outputs.",
        ),
        Slip(
            lambda step, x, h, n: free_run.answer(step, x, h, n)[-1],
            "This is the last output: return all n.",
        ),
        Slip(_free_late, "Your result begins with the input: begin with the first output."),
    ],
)
def free_run(step, x, h, n):
    outputs = []
    for _ in range(n):
        y, h = step(x, h)
        outputs.append(y)
        x = y
    return np.array(outputs)
