"""Hessian-free optimization: Newton's method without the Hessian, for any `Objective`.

Each step minimizes a quadratic model of the loss, g·d + ½ d·(G + λI)d with the Gauss–Newton matrix
G, by conjugate gradients, which ask for products G·v only.
Sources: Martens (2010); Martens & Sutskever (2011, 2012), named M&S below.
"""

from math import ceil
from numbers import Integral

import numpy as np

from .line_search import backtrack
from .starts import scaled, sparse


def conjugate_gradient(product, b, x=None, preconditioner=None, limit=250, progress=5e-4):
    """Minimize ½ x·Ax − b·x, that is, solve Ax = b; return the iterates worth looking at again.

    `product` maps v to Av, A symmetric and positive definite; all vectors are float64. `x` is the
    start (None: zeros), `preconditioner` a diagonal that resembles A's (None: the identity).
    It stops after `limit` steps, or at step i when the last k = max(10, 0.1·i) of them brought
    less than k·`progress` of all progress. Returns a list of x: some on the way, each after about
    1.3 times as many steps as the one before, and the last.
    Sources: Hestenes & Stiefel (1952); Martens (2010), section 4.4.
    """
    m = 1.0 if preconditioner is None else preconditioner
    x = np.zeros_like(b) if x is None else x
    r = b - product(x) if x.any() else b
    z = r / m
    p, rz = z, r @ z
    values, iterates, keep = [-0.5 * (x @ (b + r))], [], 1
    for i in range(1, limit + 1):
        if rz <= 0:  # solved exactly
            break
        Ap = product(p)
        curvature = p @ Ap
        if not curvature > 0:  # so small a p that its square is no number above 0 any more
            break
        alpha = rz / curvature
        x = x + alpha * p
        r = r - alpha * Ap
        values.append(-0.5 * (x @ (b + r)))
        stop = i == limit or _little_progress(values, progress)
        if i >= keep or stop:
            iterates.append(x)
            keep = ceil(keep * 1.3)
        if stop:
            break
        z = r / m
        rz, old = r @ z, rz
        p = z + (rz / old) * p
    return iterates if iterates and iterates[-1] is x else [*iterates, x]


def _little_progress(values, progress):
    """Say whether the last steps hardly lowered the model. Source: Martens (2010), section 4.4."""
    i = len(values) - 1
    k = max(10, int(0.1 * i))
    return i > k and values[i] < 0 and (values[i] - values[i - k]) / values[i] < k * progress


class HessianFree:
    """θ ← θ + t·d, where d minimizes the damped Gauss–Newton model of the loss.

    `damping` is the first λ. The ratio ρ of the loss's fall to the damped model's adapts it, after
    Levenberg and Marquardt: ρ < ¼: λ ← 3/2 λ; ρ > ¾: λ ← 2/3 λ. (Of the authors' programs
    Sutskever's damps the model in ρ, too, and Martens's does not.) `structural` is μ: besides
    ½λ‖d‖² the model pays λ·μ for changes of hidden states; 0 turns it off. `curvature` is the
    number of sequences of the batch that G is computed from (None: all). `limit` is the most CG
    steps.
    Raises ValueError for a damping that is not above 0, a structural below 0, and for the others
    unless they are whole numbers above 0.
    """

    warm = 0.95  # how much of the last d the next CG starts from. Source: M&S (2012)

    def __init__(self, damping=0.1, structural=0.0, curvature=None, limit=100):
        if not damping > 0:
            raise ValueError(f"damping is {damping}, but it must be above 0")
        whole = [limit] if curvature is None else [limit, curvature]
        if not (structural >= 0 and all(isinstance(n, Integral) and n >= 1 for n in whole)):
            raise ValueError(
                f"structural is {structural}, limit {limit}, curvature {curvature}: structural "
                "must be at least 0, the others whole numbers, at least 1 (curvature: or None)"
            )
        self.damping, self.structural = damping, structural
        self.curvature, self.limit = curvature, limit

    def memory(self, theta):
        return {"d": np.zeros(theta.shape), "lambda": np.array(float(self.damping))}

    def step(self, theta, objective, memory):
        """Return (θ', memory', loss at θ, gradient norm)."""
        damping = float(memory["lambda"])
        loss, g = objective.loss_and_grad(theta)
        loss, g = float(loss), g.astype(float)
        product = self._product(theta, objective, damping)
        iterates = conjugate_gradient(
            lambda v: product(v) + damping * v, -g, self.warm * memory["d"], limit=self.limit
        )

        def f(point):
            return float(objective.loss(point.astype(theta.dtype)))

        d, lowest = _best(iterates, lambda d: f(theta + d))
        model = g @ d + 0.5 * (d @ product(d) + damping * (d @ d))
        rho = (lowest - loss) / model if model < 0 else 0.0
        t, _ = backtrack(f, theta, d, loss, min(g @ d, 0.0))
        moved = (theta + t * d).astype(theta.dtype)
        after = {"d": iterates[-1], "lambda": np.array(_adapted(damping, rho))}
        return moved, after, loss, float(np.linalg.norm(g))

    def _product(self, theta, objective, damping):
        """Return v -> Gv in float64, structural damping included."""
        if self.curvature is not None:
            objective = first_sequences(objective, self.curvature)
        strength = {"structural": damping * self.structural} if self.structural else {}
        product = objective.gauss_newton_product(theta, **strength)
        return lambda v: product(v.astype(theta.dtype)).astype(float)


def _best(iterates, f):
    """Walk from the last iterate back while f falls; return the best one and its f.

    CG minimizes a model of the loss; an earlier iterate may suit the loss itself better.
    Source: Martens (2010), section 4.6.
    """
    best, lowest = iterates[-1], f(iterates[-1])
    for d in iterates[-2::-1]:
        value = f(d)
        if value >= lowest:
            break
        best, lowest = d, value
    return best, lowest


def _adapted(damping, rho):
    """Return the next λ. Source: Martens (2010), section 4.1."""
    if rho > 0.75:
        return damping * 2 / 3
    return damping if rho >= 0.25 else damping * 3 / 2  # a NaN raises it, too


def first_sequences(objective, n):
    """Return the `Objective` of the first `n` sequences of its batch, with their noise."""
    batch, start = objective.batch, objective.start
    parts = {name: getattr(batch, name) for name in ("x", "y", "weights")}
    part = batch._replace(**{k: None if a is None else a[:, :n] for k, a in parts.items()})
    first = objective.network.objective(part, start and tuple(s[:n] for s in start))
    first.noise = _of_first(n, objective.noise)
    return first


def _of_first(n, noise):
    """Return the noise of the first `n` sequences: cut are arrays (T, B, H), however nested."""
    if isinstance(noise, np.ndarray):
        return noise[:, :n]
    return [_of_first(n, part) for part in noise]


def sparse_initial(network, rng, radius=1.1, scale=1.0, connections=15):
    """Return a first θ with `sparse` weights: W_hh of spectral `radius`, W_xh times `scale`.

    A unit hears few others, loudly, whatever their number. Each layer's and gate's weights are
    drawn on their own; all other parameters start as in `network.initial`.
    Sources: Martens (2010), section 5; for the radius Sutskever et al. (2013).
    """
    theta = network.initial(rng)
    for name, W in network.params(theta).items():
        if name.endswith(("W_xh", "W_hh")):
            for gate in np.split(W, W.shape[1] // network.hidden, axis=1):
                drawn = sparse(rng, gate.shape, connections)
                if name.endswith("W_hh"):
                    gate[...] = scaled(drawn, radius)
                else:  # of the variance scale², however few the inputs are
                    gate[...] = scale * np.sqrt(min(connections, len(gate))) * drawn
    return theta
