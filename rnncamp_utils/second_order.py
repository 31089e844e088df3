"""Optimizers that use curvature: nonlinear conjugate gradients, BFGS, L-BFGS, Newton.

They pull more from the objective than one gradient: line searches ask for the loss and gradient
at several points, Newton for 2n gradients. Like the first-order optimizers they are pure:
`step(theta, objective, memory)` returns the new θ and the new memory, a dict of arrays.
All that is learnt in a step about the loss is learnt from one objective, so that a change of the
batch between two steps does not pass for curvature.
"""

from numbers import Integral

import numpy as np

from .line_search import strong_wolfe


class NonlinearCG:
    """d ← −g' + β·d with β = max(0, g'·(g'−g) / g·g). Source: Polak & Ribière (1969).

    "PR+": where β would be below 0 it starts anew from −g'. Nocedal & Wright (2006), eq. 5.45.
    """

    def memory(self, theta):
        return {"d": np.zeros_like(theta), "drop": np.zeros(())}

    def step(self, theta, objective, memory):
        """Return (θ', memory', loss at θ, gradient norm)."""
        loss, g = objective.loss_and_grad(theta)
        d, norm = memory["d"], float(np.linalg.norm(g))
        slope, drop = float(g @ d), float(memory["drop"])
        # The first try promises the descent of the step before; the very first moves by 1.
        first = drop / slope if slope < 0 else 1 / max(norm, 1e-300)
        if slope >= 0:  # at the start, or uphill on a new batch: steepest descent
            d, slope = -g, -norm * norm
        t, _, g_new = _search(objective, theta, d, loss, slope, first, c2=0.1)
        if t == 0:
            return theta.copy(), self.memory(theta), loss, norm
        beta = max(0.0, float(g_new @ (g_new - g)) / float(g @ g))
        after = {"d": beta * d - g_new, "drop": np.array(t * slope)}
        return theta + t * d, after, loss, norm


class BFGS:
    """d = −B g, where B, (n, n), is an inverse Hessian built from steps s and changes y of g.

    B ← (I − ρ s yᵀ) B (I − ρ y sᵀ) + ρ s sᵀ with ρ = 1 / y·s.
    Sources: Broyden; Fletcher; Goldfarb; Shanno, four papers of 1970.
    """

    def memory(self, theta):
        return {"B": np.eye(theta.size, dtype=theta.dtype), "steps": np.zeros((), int)}

    def step(self, theta, objective, memory):
        """Return (θ', memory', loss at θ, gradient norm)."""
        B, steps = memory["B"], memory["steps"]
        loss, g = objective.loss_and_grad(theta)
        norm = float(np.linalg.norm(g))
        d = -(B @ g)
        first = 1.0 if steps else 1 / max(norm, 1e-300)
        t, _, g_new = _search(objective, theta, d, loss, float(g @ d), first)
        if t == 0:
            return theta.copy(), self.memory(theta), loss, norm
        s, y = t * d, g_new - g
        if not _curved(s, y):
            return theta + s, memory, loss, norm
        if not steps:  # before the first update B has no scale. Nocedal & Wright (2006), eq. 6.20
            B = B * float(y @ s / (y @ y))
        return theta + s, {"B": bfgs_update(B, s, y), "steps": steps + 1}, loss, norm


def bfgs_update(B, s, y):
    """Return the inverse Hessian nearest to B, (n, n), that takes y to s and is symmetric."""
    rho, By = 1 / float(y @ s), B @ y
    # The product of the three matrices, multiplied out: n² operations instead of n³.
    cross = np.outer(By, s)
    return B + rho * ((1 + rho * float(y @ By)) * np.outer(s, s) - cross - cross.T)


class LBFGS:
    """BFGS that keeps only the last `pairs` of (s, y), never a matrix. Source: Nocedal (1980)."""

    def __init__(self, pairs=10):
        if not (isinstance(pairs, Integral) and pairs >= 1):
            raise ValueError(f"pairs is {pairs!r}, but it must be a whole number, at least 1")
        self.pairs = pairs

    def memory(self, theta):
        return {"s": np.zeros((0, theta.size), theta.dtype),
                "y": np.zeros((0, theta.size), theta.dtype)}

    def step(self, theta, objective, memory):
        """Return (θ', memory', loss at θ, gradient norm)."""
        loss, g = objective.loss_and_grad(theta)
        norm = float(np.linalg.norm(g))
        d = -two_loops(g, memory["s"], memory["y"])
        first = 1.0 if len(memory["s"]) else 1 / max(norm, 1e-300)
        t, _, g_new = _search(objective, theta, d, loss, float(g @ d), first)
        if t == 0:
            return theta.copy(), self.memory(theta), loss, norm
        pair, after = {"s": t * d, "y": g_new - g}, memory
        if _curved(**pair):
            after = {name: np.vstack([memory[name], pair[name]])[-self.pairs :] for name in pair}
        return theta + t * d, after, loss, norm


def two_loops(g, s, y):
    """Return B g, where B is BFGS's matrix after the pairs `s`, `y`, (m, n), the oldest first.

    BFGS starts here from the identity, scaled by the newest pair. Source: Nocedal & Wright (2006),
    algorithm 7.4.
    """
    q, weights = g, []
    for s_i, y_i in zip(s[::-1], y[::-1]):
        weights.append(float(s_i @ q) / float(y_i @ s_i))
        q = q - weights[-1] * y_i
    if len(s):
        q = float(s[-1] @ y[-1] / (y[-1] @ y[-1])) * q
    for s_i, y_i, weight in zip(s, y, weights[::-1]):
        q = q + (weight - float(y_i @ q) / float(y_i @ s_i)) * s_i
    return q


class Newton:
    """θ ← θ − (H + α·I)⁻¹ g with the damping α: for small problems, as H takes 2n gradients.

    Without damping (α = 0) it goes to the nearest point where g is 0: a saddle as well.
    Raises ValueError unless `damping` ≥ 0, and `step` LinAlgError where there is no inverse.
    """

    def __init__(self, damping=0.0):
        if not damping >= 0:
            raise ValueError(f"damping is {damping}, but it must be at least 0")
        self.damping = damping

    def memory(self, theta):
        return {}

    def step(self, theta, objective, memory):
        """Return (θ', memory', loss at θ, gradient norm)."""
        loss, g = objective.loss_and_grad(theta)
        damped = hessian(objective, theta) + self.damping * np.eye(theta.size)
        try:
            d = -np.linalg.solve(damped, g)
        except np.linalg.LinAlgError:
            raise np.linalg.LinAlgError(
                f"H + {self.damping}·I has no inverse here: the loss is flat in some direction. A "
                "larger damping usually helps"
            ) from None
        return theta + d, memory, loss, float(np.linalg.norm(g))


def hessian(objective, theta, step=6e-6):
    """Return the Hessian of the loss at `theta`, (n, n), by central differences of the gradient.

    Raises ValueError unless θ is float64: in float32 the differences have hardly a right digit.
    """
    if theta.dtype != np.float64:
        raise ValueError(f"theta is {theta.dtype}, but a Hessian by differences needs float64")

    def column(e):
        ahead, behind = (objective.loss_and_grad(theta + s * e)[1] for s in (step, -step))
        return (ahead - behind) / (2 * step)

    H = np.stack([column(e) for e in np.eye(theta.size)])
    return (H + H.T) / 2


def _curved(s, y):
    """Say whether the loss curves upwards along s: else rounding, or a search cut short, spoke."""
    least = np.sqrt(np.finfo(s.dtype).tiny)  # below it 1 / y·s would soon overflow
    return float(y @ s) > max(1e-10 * np.linalg.norm(s) * np.linalg.norm(y), least)


def _search(objective, theta, d, loss, slope, first, c2=0.9):
    """Return `strong_wolfe` along `d`, or t = 0 where there is no way down."""
    if not slope < 0:
        return 0.0, loss, None
    return strong_wolfe(objective.loss_and_grad, theta, d, float(loss), slope, first, c2=c2)
