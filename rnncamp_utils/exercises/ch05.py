"""The exercises of chapter 05: vanishing and exploding gradients."""

import numpy as np

from .base import Slip, exercise

T, B, H = 7, 3, 5


def _square(rng):
    return rng.normal(size=(H, H)) / np.sqrt(H)


def _power(change):
    """Return V change(λ) V⁻¹ as a function of (W_hh, t)."""

    def power(W_hh, t):
        values, V = np.linalg.eig(W_hh)
        return (V @ np.diag(change(values, t)) @ np.linalg.inv(V)).real

    return power


def _eig_transposed(W_hh, t):
    values, V = np.linalg.eig(W_hh)
    return (V @ np.diag(values**t) @ V.T).real


def _inverse_first(W_hh, t):
    values, V = np.linalg.eig(W_hh)
    return (np.linalg.inv(V) @ np.diag(values**t) @ V).real


def _symmetric(W_hh, t):
    values, V = np.linalg.eigh(W_hh)
    return V @ np.diag(values**t) @ V.T


@exercise(
    "5.1",
    inputs=lambda rng: {"W_hh": _square(rng), "t": 6},
    result=("power",),
    hints=[
        "values, V = np.linalg.eig(W_hh) gives the eigenvalues, and the eigenvectors as the "
        "columns of V.",
        "np.diag(values**t) is diag(λ)^t. Multiply V, that, and np.linalg.inv(V). Eigenvalues come "
        "as complex numbers; the product is real but for rounding: take .real.",
    ],
    slips=[
        Slip(lambda W_hh, t: W_hh**t,
             "This is the power of each entry. A matrix power multiplies the matrix by itself."),
        Slip(_eig_transposed,
             "V.T is the inverse of V only for symmetric matrices: use np.linalg.inv(V)."),
        Slip(_power(lambda values, t: t * values),
             "You multiplied the eigenvalues by t: raise them to the power t."),
        Slip(_power(lambda values, t: np.abs(values) ** t),
             "The absolute value throws away the angle of an eigenvalue: take values**t."),
        Slip(_inverse_first, "V and its inverse have changed places."),
        Slip(_power(lambda values, t: values), "This is W_hh itself: raise λ to the power t."),
        Slip(_symmetric, "np.linalg.eigh is for symmetric matrices only: use np.linalg.eig."),
        Slip(lambda W_hh, t: np.abs(power.answer(W_hh, t)),
             "The signs are lost: drop the imaginary part with .real, not with np.abs."),
    ],
)
def power(W_hh, t):
    values, V = np.linalg.eig(W_hh)
    return (V @ np.diag(values**t) @ np.linalg.inv(V)).real


@exercise(
    "5.2",
    inputs=lambda rng: {"h": np.tanh(rng.normal(size=H)), "W_hh": _square(rng)},
    result=("J",),
    hints=[
        "The slope of tanh at unit j is 1 − h[j]², written by its output.",
        "h_{t-1}[i] reaches the sum of unit j with the weight W_hh[i, j]. So column j of W_hh is "
        "multiplied by the slope of unit j: W_hh * (1 - h**2) does that by broadcasting.",
    ],
    slips=[
        Slip(lambda h, W_hh: W_hh * (1 - h**2)[:, None],
             "You multiplied rows; the slope belongs to the unit that is reached, the column."),
        Slip(lambda h, W_hh: W_hh, "The slope of tanh is missing."),
        Slip(lambda h, W_hh: W_hh.T * (1 - h**2),
             "W_hh is transposed: row i belongs to the unit before the step."),
        Slip(lambda h, W_hh: (W_hh * (1 - h**2)).T,
             "J is transposed: its row is the unit before the step, its column the one after."),
        Slip(lambda h, W_hh: np.diag(1 - h**2), "These are the slopes alone: W_hh is missing."),
        Slip(lambda h, W_hh: W_hh * (1 - h),
             "The slope of tanh is 1 − h², with a square."),
        Slip(lambda h, W_hh: W_hh * (1 - np.tanh(h) ** 2),
             "h is already the output of tanh: the slope is 1 − h², without another tanh."),
        Slip(lambda h, W_hh: W_hh * h * (1 - h),
             "h(1 − h) is the slope of the logistic function."),
        Slip(lambda h, W_hh: (1 - h**2) @ W_hh,
             "This adds the rows up. Multiply entry by entry, W_hh * (1 - h**2)."),
    ],
)
def jacobian(h, W_hh):
    return W_hh * (1 - h**2)


def _without_last(h, W_hh):
    return jacobian_product.answer(h[:-1], W_hh)


def _rows(h, W_hh):
    P = np.eye(len(W_hh))
    for h_t in h:
        P = P @ ((1 - h_t**2)[:, None] * W_hh)
    return P


def _entrywise(h, W_hh):
    P = np.ones_like(W_hh)
    for h_t in h:
        P = P * (W_hh * (1 - h_t**2))
    return P


def _left(h, W_hh):
    P = np.eye(len(W_hh))
    for h_t in h:
        P = W_hh * (1 - h_t**2) @ P
    return P


@exercise(
    "5.3",
    inputs=lambda rng: {"h": np.tanh(rng.normal(size=(T, H)) / 2), "W_hh": _square(rng)},
    result=("P",),
    hints=[
        "Start with P = np.eye(H), the lag of 0 steps, and let each step multiply it.",
        "In row form a change passes the steps from left to right: P @ J_1 @ J_2 @ …",
    ],
    slips=[
        Slip(_left, "The order is turned round: in row form the first step stands on the left."),
        Slip(_without_last, "The last step is missing."),
        Slip(lambda h, W_hh: jacobian_product.answer(h[1:], W_hh),
             "The first step is missing: h[0] is the state after it, and has a Jacobian, too."),
        Slip(_rows, "The slopes stand at the rows of W_hh: they belong to its columns, as in 5.2."),
        Slip(_entrywise, "Jacobians are multiplied as matrices, with @."),
        Slip(lambda h, W_hh: np.linalg.matrix_power(W_hh, len(h)),
             "The slopes are missing: this is the power of W_hh, without tanh."),
    ],
)
def jacobian_product(h, W_hh):
    P = np.eye(len(W_hh))
    for h_t in h:
        P = P @ (W_hh * (1 - h_t**2))
    return P


@exercise(
    "5.4",
    inputs=lambda rng: {"W_hh": _square(rng), "gamma": 0.25, "lag": 4},
    result=("bound",),
    hints=[
        "np.linalg.norm(W_hh, 2) is the largest singular value: how much W_hh stretches at most.",
        "Every step multiplies by at most gamma times that: raise the product to the power lag.",
    ],
    slips=[
        Slip(lambda W_hh, gamma, lag: np.linalg.norm(W_hh) ** lag * gamma**lag,
             "np.linalg.norm(W_hh) is the root of the sum of squares. It is a bound, too, but a "
             "larger one: ask for the norm 2."),
        Slip(lambda W_hh, gamma, lag: (gamma * np.abs(np.linalg.eigvals(W_hh)).max()) ** lag,
             "This is the spectral radius. A matrix can stretch by more than its eigenvalues say."),
        Slip(lambda W_hh, gamma, lag: gamma * np.linalg.norm(W_hh, 2) ** lag,
             "gamma enters at every step: raise it to the power lag, too."),
        Slip(lambda W_hh, gamma, lag: gamma * np.linalg.norm(W_hh, 2) * lag,
             "Steps multiply, they do not add: ** lag instead of * lag."),
        Slip(lambda W_hh, gamma, lag: np.linalg.norm(W_hh, 2) ** lag, "gamma is missing."),
        Slip(lambda W_hh, gamma, lag:
             gamma**lag * np.linalg.norm(np.linalg.matrix_power(W_hh, lag), 2),
             "This is the norm of the power. The bound takes the power of the norm, ‖W_hh‖^lag."),
        Slip(lambda W_hh, gamma, lag: (gamma * np.linalg.norm(W_hh, 1)) ** lag,
             "The norm 1 is the largest sum of a column: ask for the norm 2."),
    ],
)
def bound(W_hh, gamma, lag):
    return (gamma * np.linalg.norm(W_hh, 2)) ** lag


def _gradients(rng):
    return rng.normal(size=(4, 6)) * np.array([[0.1], [1.0], [5.0], [0.3]])


@exercise(
    "5.5",
    inputs=lambda rng: {"G": _gradients(rng), "limit": 1.5},
    result=("G",),
    hints=[
        "np.linalg.norm(G, axis=1, keepdims=True) has one norm for each row.",
        "The factor of a row is limit / norm, but never more than 1: np.minimum(1, limit / norm).",
    ],
    slips=[
        Slip(lambda G, limit: G * limit / np.linalg.norm(G, axis=1, keepdims=True),
             "Short gradients were made longer. Clipping leaves them as they are."),
        Slip(lambda G, limit: G * min(1, limit / np.linalg.norm(G)),
             "This is one norm of all rows together: each row is a gradient of its own, axis=1."),
        Slip(lambda G, limit: np.clip(G, -limit, limit),
             "This clips each element by value, and turns the gradient. Shorten it as a whole."),
        Slip(lambda G, limit: G * np.minimum(1, limit / np.linalg.norm(G, axis=0)),
             "axis=0 is one norm for each column: a gradient is a row, axis=1."),
        Slip(lambda G, limit: G * np.minimum(1, limit / (G**2).sum(axis=1, keepdims=True)),
             "The norm is the root of the sum of squares: the root is missing."),
        Slip(lambda G, limit: G * np.maximum(1, limit / np.linalg.norm(G, axis=1, keepdims=True)),
             "Long gradients were left, short ones made longer: a minimum, not a maximum."),
        Slip(lambda G, limit: G / np.linalg.norm(G, axis=1, keepdims=True),
             "All rows have the length 1 now: the limit is missing."),
        Slip(lambda G, limit: np.where(np.linalg.norm(G, axis=1, keepdims=True) > limit, limit, G),
             "A long gradient keeps its direction: multiply it, do not replace it by the limit."),
    ],
)
def clip_by_norm(G, limit):
    return G * np.minimum(1, limit / np.linalg.norm(G, axis=1, keepdims=True))


@exercise(
    "5.6",
    inputs=lambda rng: {"G": _gradients(rng), "limit": 0.8},
    result=("G",),
    hints=[
        "Elements above limit become limit, elements below −limit become −limit.",
        "np.clip(G, low, high) does both.",
    ],
    slips=[
        Slip(lambda G, limit: np.minimum(G, limit),
             "Large negative elements were left: there are two sides to cut."),
        Slip(lambda G, limit: np.maximum(G, -limit),
             "Large positive elements were left: there are two sides to cut."),
        Slip(lambda G, limit: np.clip(G, 0, limit),
             "Negative elements became 0: the lower end is −limit."),
        Slip(lambda G, limit: limit * np.sign(G),
             "Small elements were made larger: only those beyond the limit change."),
        Slip(lambda G, limit: clip_by_norm.answer(G, limit),
             "This is clipping by norm. Here each element is cut by itself."),
        Slip(lambda G, limit: np.where(np.abs(G) > limit, 0, G),
             "Large elements became 0: they become limit, with their sign."),
        Slip(lambda G, limit: np.minimum(np.abs(G), limit),
             "The signs are lost."),
    ],
)
def clip_by_value(G, limit):
    return np.clip(G, -limit, limit)


@exercise(
    "5.7",
    inputs=lambda rng: {"W_hh": _square(rng), "radius": 0.95},
    result=("W_hh",),
    hints=[
        "The spectral radius is np.abs(np.linalg.eigvals(W_hh)).max().",
        "A matrix times a number has its eigenvalues times that number: multiply by "
        "radius / (spectral radius).",
    ],
    slips=[
        Slip(lambda W_hh, radius: W_hh * radius / np.linalg.norm(W_hh, 2),
             "You divided by the largest singular value, not by the largest eigenvalue's size."),
        Slip(lambda W_hh, radius: W_hh * radius / np.linalg.eigvals(W_hh).real.max(),
             "This is the largest real part. Eigenvalues are complex: take np.abs of them first."),
        Slip(lambda W_hh, radius: W_hh * radius / np.abs(W_hh).max(),
             "This is the largest entry of W_hh, not of its eigenvalues."),
        Slip(lambda W_hh, radius: W_hh / np.abs(np.linalg.eigvals(W_hh)).max(),
             "The radius is 1 now: the factor radius is missing."),
        Slip(lambda W_hh, radius: W_hh * radius,
             "The radius was multiplied by radius: divide by the old one, too."),
        Slip(lambda W_hh, radius: W_hh * radius / np.linalg.norm(W_hh),
             "You divided by the root of the sum of squares. Divide by the spectral radius."),
    ],
)
def to_radius(W_hh, radius):
    return W_hh * radius / np.abs(np.linalg.eigvals(W_hh)).max()


SKIP = 3


def _slope_at_source(slope, t, lag):
    return slope[t + lag]


def _skip_back(order=reversed, used=_slope_at_source, near=1, skip=1, transposed=True, extra=0):
    """Return the backward pass of a skip net, or one with a slip."""

    def skip_back(dh, slope, W_hh, w_skip, d):
        T, d = len(dh), d + extra
        later = np.zeros((d, *dh.shape[1:]))
        dh, slope = np.concatenate([dh, later]), np.concatenate([slope, later])
        for t in order(range(T)):
            back = (dh[t + 1] * used(slope, t, 1)) @ (W_hh.T if transposed else W_hh)
            dh[t] += near * back + skip * dh[t + d] * used(slope, t, d) * w_skip
        return dh[:T]

    return skip_back


def _slope_after(dh, slope, W_hh, w_skip, d):
    dh = dh.copy()
    for t in reversed(range(len(dh) - 1)):
        dh[t] += dh[t + 1] @ W_hh.T * slope[t]
        if t + d < len(dh):
            dh[t] += dh[t + d] * w_skip * slope[t]
    return dh


def _round_the_end(dh, slope, W_hh, w_skip, d):
    dh = dh.copy()
    for s in reversed(range(len(dh))):
        da = dh[s] * slope[s]
        dh[s - 1] += da @ W_hh.T
        dh[s - d] += da * w_skip
    return dh


@exercise(
    "5.8",
    inputs=lambda rng: {
        "dh": rng.normal(size=(T, B, H)), "slope": rng.uniform(0.2, 1, (T, B, H)),
        "W_hh": _square(rng), "w_skip": rng.normal(size=H), "d": SKIP,
    },
    result=("dh",),
    backwards=("dh",),
    hints=[
        "h_t is used twice: at step t + 1 through W_hh, at step t + d through w_skip. Both send "
        "something back, and both are added to dh[t]. Begin with dh = dh.copy().",
        "What step s sends back is da = dh[s] * slope[s], times its weights: da @ W_hh.T to s − 1, "
        "and da * w_skip to s − d. Go through s backwards, and skip places before the start.",
    ],
    slips=[
        Slip(_skip_back(skip=0),
             "What comes back through the skip connection, from step t + d, is missing."),
        Slip(_skip_back(near=0),
             "What comes back from the next step, through W_hh, is missing."),
        Slip(_skip_back(used=lambda slope, t, lag: slope[t + 1] if lag == 1 else 1),
             "The skip connection enters the sum, too: its path needs the slope at step t + d."),
        Slip(_skip_back(used=lambda slope, t, lag: 1),
             "The slopes are missing: multiply dh[s] by slope[s] before you send it back."),
        Slip(_skip_back(used=lambda slope, t, lag: slope[t]),
             "The slope is that of the step which sends back: slope[t + 1], slope[t + d]."),
        Slip(_slope_after,
             "You multiplied by the slope of step t, which receives: multiply dh[s] by slope[s], "
             "of the step that sends back, before W_hh.T."),
        Slip(_skip_back(transposed=False), "W_hh has to be transposed on the way back."),
        Slip(_skip_back(extra=1), "You went one step too far: the skip leads from t to t + d."),
        Slip(_skip_back(order=iter),
             "dh[t + 1] was not complete when it was sent back: begin at the last step, and send "
             "back what you have added up there."),
        Slip(_round_the_end,
             "In Python dh[-1] is the last step: what would go to before the start came in again "
             "at the end. Leave it out."),
    ],
)
def skip_back(dh, slope, W_hh, w_skip, d):
    dh = dh.copy()
    for s in reversed(range(len(dh))):
        da = dh[s] * slope[s]
        if s >= 1:
            dh[s - 1] += da @ W_hh.T
        if s >= d:
            dh[s - d] += da * w_skip
    return dh
