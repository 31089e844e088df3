"""The exercises of chapter 03: activations, their slopes, fair comparisons."""

import numpy as np

from .base import Slip, exercise

D, H, K = 4, 6, 3  # pairwise different, so that no transposed product fits by chance


def _outputs_of_elu(rng):
    a = rng.normal(size=(5, 3)) * 2
    return {"h": np.where(a > 0, a, np.expm1(a))}


@exercise(
    "3.1",
    inputs=_outputs_of_elu,
    result=("slope",),
    hints=[
        "Two cases. For h > 0, f(a) = a: how steep is that?",
        "For h < 0, f(a) = exp(a) − 1 and f'(a) = exp(a). Now write exp(a) with h.",
        "np.where(condition, a, b) takes a where the condition holds, else b.",
    ],
    slips=[
        Slip(
            lambda h: np.where(h > 0, 1.0, np.exp(h)),
            "exp(a) is right, but you are given h, not a: exp(a) = h + 1.",
        ),
        Slip(
            lambda h: np.where(h > 0, 1.0, np.exp(h) - 1),
            "Below 0 you apply the ELU once more: h is exp(a) − 1 already, and f'(a) is exp(a).",
        ),
        Slip(
            lambda h: np.where(h > 0, 1.0, h),
            "Below 0 you return the output itself: f'(a) = exp(a), and h = exp(a) − 1.",
        ),
        Slip(
            lambda h: np.where(h > 0, 1.0, 0.0),
            "This is the slope of ReLU: below 0 the ELU still rises, by exp(a).",
        ),
        Slip(
            lambda h: np.where(h > 0, h, h + 1),
            "Right below 0. Above 0 you return the output itself: how steep is f(a) = a?",
        ),
        Slip(
            lambda h: h + 1,
            "Right below 0. Above 0 the function is a straight line of slope 1.",
        ),
        Slip(
            lambda h: 1 - h * h,
            "This is the slope of tanh.",
        ),
    ],
)
def elu_slope(h):
    return np.where(h > 0, 1.0, h + 1)


def _pairs(rng):
    base = rng.uniform(1, 1.2, (6, 5))
    shift = np.array([[0.5], [-0.5], [0.01], [-0.01], [0.4], [-0.6]])
    theirs = base + shift
    mine = rng.uniform(1, 1.2, (6, 5))
    mine[4, 0] += 3  # one bad seed: the medians are far apart, the spreads overlap
    # Mine is lower in three seeds of five, theirs has the lower median.
    mine[2], theirs[2] = [1.0, 1.1, 1.2, 1.3, 1.18], [1.05, 1.15, 1.21, 1.02, 1.03]
    theirs[3] = mine[3] + 0.01  # mine is lower in every seed, and yet the spreads overlap
    lucky, steady = [0.9, 1.3, 1.31, 1.32, 1.33], [1.0, 1.1, 1.11, 1.12, 1.13]
    return {"mine": np.vstack([mine, lucky]), "theirs": np.vstack([theirs, steady])}


def _by_median(mine, theirs):
    return np.sign(np.median(theirs, axis=1) - np.median(mine, axis=1)).astype(int)


def _by(reduce):
    return lambda mine, theirs: np.sign(reduce(theirs) - reduce(mine)).astype(int)


@exercise(
    "3.2",
    inputs=_pairs,
    result=("winner",),
    hints=[
        "Two spreads are apart when the largest loss of one is below the smallest of the other.",
        "mine.max(axis=1) < theirs.min(axis=1) says in which duels you win clearly.",
        "True counts as 1 and False as 0: subtract the second comparison from the first. Booleans "
        "do not subtract: .astype(int) first.",
    ],
    slips=[
        Slip(
            _by_median,
            "You compare medians only. Where the spreads overlap, it is too close to call: 0.",
        ),
        Slip(
            _by(lambda losses: losses.mean(axis=1)),
            "You compare means: one bad seed decides them. Ask whether the spreads overlap.",
        ),
        Slip(
            _by(lambda losses: losses[:, 0]),
            "You compare one seed only, the first.",
        ),
        Slip(
            _by(lambda losses: losses.min(axis=1)),
            "You compare the best seeds only: one lucky seed decides them. Ask whether the spreads "
            "overlap.",
        ),
        Slip(
            lambda mine, theirs: np.where(mine.max(axis=1) < theirs.min(axis=1), 1, -1),
            "Right where you win. But where the spreads overlap, nobody does: 0.",
        ),
        Slip(
            lambda mine, theirs: (mine.max(axis=1) < theirs.min(axis=1)).astype(int),
            "Right where you win. Now the other way round: −1 where all of theirs are better.",
        ),
        Slip(
            lambda mine, theirs: -winners.answer(mine, theirs),
            "Turned round: the smaller loss wins.",
        ),
        Slip(
            lambda mine, theirs: np.sign((mine < theirs).mean(axis=1) - 0.5).astype(int),
            "You count the seeds that are lower, pair by pair. The question is whether the spreads "
            "overlap.",
        ),
        Slip(
            lambda mine, theirs: np.where(
                (mine < theirs).all(axis=1), 1, np.where((mine > theirs).all(axis=1), -1, 0)
            ),
            "You compare seed by seed. But every one of mine must be below every one of theirs: my "
            "largest below their smallest.",
        ),
    ],
)
def winners(mine, theirs):
    me = mine.max(axis=1) < theirs.min(axis=1)
    partner = theirs.max(axis=1) < mine.min(axis=1)
    return me.astype(int) - partner.astype(int)


def _tanh_net(rng):
    return {
        "W_xh": rng.normal(size=(D, H)),
        "W_hh": rng.normal(size=(H, H)) / 2,
        "b_h": rng.normal(size=H),
        "W_hy": rng.normal(size=(H, K)),
        "b_y": rng.normal(size=K),
    }


def _columns_summed(W_xh, W_hh, b_h, W_hy, b_y):
    return 2 * W_xh, 4 * W_hh, 2 * (b_h - W_hh.sum(axis=1)), 2 * W_hy, b_y - W_hy.sum(axis=0)


def _no_shift(W_xh, W_hh, b_h, W_hy, b_y):
    return 2 * W_xh, 4 * W_hh, 2 * b_h, 2 * W_hy, b_y


@exercise(
    "3.3",
    inputs=_tanh_net,
    result=("W_xh", "W_hh", "b_h", "W_hy", "b_y"),
    hints=[
        "Put h = 2g − 1 into a = x W_xh + h W_hh + b_h, then double everything, because g = σ(2a). "
        "What stands before x, what before g, and what is left over?",
        "(2g − 1) W_hh = g (2 W_hh) − (the sum of the rows of W_hh): W_hh.sum(axis=0).",
        "The readout: y = (2g − 1) W_hy + b_y. No doubling there.",
    ],
    slips=[
        Slip(
            _no_shift,
            "The −1 of h = 2g − 1 is lost: it goes through W_hh and W_hy, too, into the biases.",
        ),
        Slip(
            lambda W_xh, W_hh, b_h, W_hy, b_y: (
                W_xh, 2 * W_hh, b_h - W_hh.sum(axis=0), 2 * W_hy, b_y - W_hy.sum(axis=0)
            ),
            "You have put h = 2g − 1 in. But g = σ(2a), so the logistic net needs 2a where the "
            "tanh net had a: double all that goes into a hidden unit.",
        ),
        Slip(
            lambda W_xh, W_hh, b_h, W_hy, b_y: (
                2 * W_xh, 4 * W_hh, 2 * (b_h + W_hh.sum(axis=0)), 2 * W_hy,
                b_y + W_hy.sum(axis=0)
            ),
            "A sign: h = 2g − 1 holds −1, so the sums are subtracted from the biases.",
        ),
        Slip(
            lambda W_xh, W_hh, b_h, W_hy, b_y: (
                2 * W_xh, 2 * W_hh, 2 * b_h - W_hh.sum(axis=0), 2 * W_hy, b_y - W_hy.sum(axis=0)
            ),
            "W_hh is doubled twice: once because h = 2g − 1, once because g = σ(2a). Its sum in "
            "b_h is doubled once.",
        ),
        Slip(
            lambda W_xh, W_hh, b_h, W_hy, b_y: (
                2 * W_xh, 4 * W_hh, 2 * b_h - W_hh.sum(axis=0), 2 * W_hy, b_y - W_hy.sum(axis=0)
            ),
            "The bias: −1 times W_hh is part of a, and all of a is doubled. So it is −2 W_hh.sum.",
        ),
        Slip(
            lambda W_xh, W_hh, b_h, W_hy, b_y: (
                2 * W_xh, 4 * W_hh, b_h - 2 * W_hh.sum(axis=0), 2 * W_hy, b_y - W_hy.sum(axis=0)
            ),
            "b_h is part of a, too, and all of a is doubled.",
        ),
        Slip(
            lambda W_xh, W_hh, b_h, W_hy, b_y: (
                2 * W_xh, 4 * W_hh, 2 * (b_h - W_hh.sum(axis=0)), 2 * W_hy, b_y
            ),
            "The hidden units are right. But the −1 of 2g − 1 goes through W_hy, too, into b_y.",
        ),
        Slip(
            lambda W_xh, W_hh, b_h, W_hy, b_y: (
                2 * W_xh, 4 * W_hh, 2 * (b_h - W_hh.sum()), 2 * W_hy, b_y - W_hy.sum()
            ),
            "You summed over everything: each unit has a sum of its own, over the rows, axis=0.",
        ),
        Slip(
            _columns_summed,
            "−1 stands for every hidden unit, and h multiplies from the left: sum W_hh over its "
            "rows, axis=0.",
        ),
        Slip(
            lambda W_xh, W_hh, b_h, W_hy, b_y: (
                2 * W_xh, 4 * W_hh, 2 * (b_h - W_hh.sum(axis=0)), 4 * W_hy,
                2 * (b_y - W_hy.sum(axis=0)),
            ),
            "The readout is not squashed, so it is not doubled: only h = 2g − 1 goes into it.",
        ),
    ],
)
def as_logistic(W_xh, W_hh, b_h, W_hy, b_y):
    return 2 * W_xh, 4 * W_hh, 2 * (b_h - W_hh.sum(axis=0)), 2 * W_hy, b_y - W_hy.sum(axis=0)


@exercise(
    "3.4",
    inputs=lambda rng: {"slopes": rng.uniform(0.1, 0.9, (5, 3, H))},
    result=("scale",),
    hints=[
        "Equation (3.4): first the mean of the squared slopes, over everything.",
        "One number: 1 / np.sqrt(np.mean(...)).",
    ],
    slips=[
        Slip(
            lambda slopes: 1 / np.mean(slopes),
            "One over the mean slope: near, but lengths add up as squares. Square first.",
        ),
        Slip(
            lambda slopes: np.sqrt(np.mean(slopes**2)),
            "This is the factor by which the slopes shrink a vector. The scale has to undo it.",
        ),
        Slip(
            lambda slopes: 1 / np.sqrt(np.mean(slopes)),
            "The slopes are not squared yet: (3.4) has the mean of f'².",
        ),
        Slip(
            lambda slopes: 1 / np.sqrt(np.sum(slopes**2)),
            "You took the sum of the squares: (3.4) has their mean.",
        ),
        Slip(
            lambda slopes: 1 / np.mean(slopes**2),
            "The square root is missing.",
        ),
        Slip(
            lambda slopes: 1 / np.sqrt(np.mean(slopes**2, axis=(0, 1))),
            "One scale for each unit: the mean goes over everything, units too.",
        ),
    ],
)
def unit_scale(slopes):
    return 1 / np.sqrt(np.mean(slopes**2))


def _sums(rng):
    return {"a": rng.normal(size=(5, 3)) * 2}


@exercise(
    "3.5",
    inputs=_sums,
    result=("h", "slope"),
    hints=[
        "f(a) = a / (1 + |a|). For a > 0 the quotient rule gives f' = 1 / (1 + a)².",
        "Now without a: 1 − |h| = 1 / (1 + |a|).",
    ],
    slips=[
        Slip(
            lambda a: (a / (1 + np.abs(a)), 1 / (1 + np.abs(a / (1 + np.abs(a)))) ** 2),
            "1/(1 + |a|)² is right as a function of a, but you put in h: 1 − |h| = 1/(1 + |a|).",
        ),
        Slip(
            lambda a: (a / (1 + a), 1 / (1 + a) ** 2),
            "The |a| is missing: below −1 your function turns over. f(a) = a / (1 + |a|).",
        ),
        Slip(
            lambda a: (a / (1 + np.abs(a)), 1 - np.abs(a / (1 + np.abs(a)))),
            "The square is missing.",
        ),
        Slip(
            lambda a: (a / (1 + np.abs(a)), (1 - a / (1 + np.abs(a))) ** 2),
            "For a < 0 the sign is lost: the slope is the same on both sides of 0. Use |h|.",
        ),
        Slip(
            lambda a: (a / (1 + np.abs(a)), 1 - (a / (1 + np.abs(a))) ** 2),
            "This slope belongs to tanh: derive that of a / (1 + |a|).",
        ),
    ],
)
def softsign(a):
    h = a / (1 + np.abs(a))
    return h, (1 - np.abs(h)) ** 2


@exercise(
    "3.6",
    inputs=_sums,
    result=("h", "slope"),
    hints=[
        "np.where(a > 0, a, 0.1 * a) is the function.",
        "h has the sign of a, so the slope can ask h: 1 above 0, and what below?",
    ],
    slips=[
        Slip(
            lambda a: (np.maximum(a, 0), np.where(a > 0, 1.0, 0.0)),
            "This is ReLU itself: below 0 the leaky one returns 0.1 a.",
        ),
        Slip(
            lambda a: (np.where(a > 0, a, 0.1 * a), np.where(a > 0, 1.0, 0.0)),
            "The function is right. But below 0 it rises, too: its slope there is not 0.",
        ),
        Slip(
            lambda a: (np.where(a > 0, a, 0.01 * a), np.where(a > 0, 1.0, 0.01)),
            "With 0.01 that is the one of Maas et al.: take 0.1 here.",
        ),
        Slip(
            lambda a: (np.where(a > 0, a, 0.1 * a), np.where(a > 0, 1.0, -0.1)),
            "Below 0 the function is negative, but it rises: its slope is positive.",
        ),
        Slip(
            lambda a: (np.where(a > 0, a, 0.1 * a), np.where(a > 0, 1.0, 0.1 * a)),
            "Below 0 you return the function itself: how steep is f(a) = 0.1 a?",
        ),
        Slip(
            lambda a: (np.where(a > 0, a, 0.1 * a), np.where(a > 0, a, 0.1)),
            "Above 0 you return a itself: the slope of f(a) = a is 1.",
        ),
    ],
)
def leaky_relu(a):
    h = np.where(a > 0, a, 0.1 * a)
    return h, np.where(h > 0, 1.0, 0.1)
