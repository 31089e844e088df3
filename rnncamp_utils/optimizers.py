"""First-order optimizers on the flat vector θ, in order of complexity.

Each is a few lines: `update(theta, g, memory)` returns the new θ and the new memory, a dict of
arrays, and changes neither of the old ones. So the last good state is never lost, and a state is
saved by saving its arrays. `lr` and the other numbers are plain attributes: they may be changed
while a network trains.
"""

import numpy as np


class Optimizer:
    """What all first-order optimizers share: pull a gradient, clip it, update.

    `clip` is the largest gradient norm let through, or None for no clipping.
    Raises ValueError unless `lr` > 0 and `clip` > 0 or None.
    """

    def __init__(self, lr, clip=None):
        if not lr > 0:
            raise ValueError(f"lr is {lr}, but a learning rate must be above 0")
        if clip is not None and not clip > 0:
            raise ValueError(f"clip is {clip}: give a norm above 0, or None for no clipping")
        self.lr, self.clip = lr, clip

    def __setattr__(self, name, value):
        # A float64 of NumPy's would turn float32 parameters into float64 ones; Python's does not.
        super().__setattr__(name, value.item() if isinstance(value, np.generic) else value)

    def memory(self, theta):
        """Return what the optimizer remembers before its first step: a dict of arrays."""
        return {}

    def step(self, theta, objective, memory):
        """Return (θ', memory', loss at θ, gradient norm before clipping)."""
        loss, g = objective.loss_and_grad(theta)
        norm = clip_by_norm(g, self.clip)
        return *self.update(theta, g, memory), loss, norm


class SGD(Optimizer):
    """θ ← θ − lr·g. Source: Robbins & Monro (1951)."""

    def __init__(self, lr=0.1, clip=None):
        super().__init__(lr, clip)

    def update(self, theta, g, memory):
        return theta - self.lr * g, memory


class DecayingSGD(Optimizer):
    """SGD whose rate falls in a straight line from `lr` to `last_lr` in `steps` steps, then stays.

    ε_k = (1−α)·ε₀ + α·ε_τ with α = min(1, k/τ). Source: Goodfellow, Bengio & Courville (2016),
    eq. 8.14. Raises ValueError unless `last_lr` ≥ 0 and `steps` ≥ 1.
    """

    def __init__(self, lr=0.1, last_lr=0.001, steps=1000, clip=None):
        super().__init__(lr, clip)
        if not (last_lr >= 0 and steps >= 1):
            raise ValueError(
                f"last_lr is {last_lr}, steps {steps}: a rate of at least 0, at least 1 step"
            )
        self.last_lr, self.steps = last_lr, steps

    def memory(self, theta):
        return {"k": np.zeros((), int)}

    def update(self, theta, g, memory):
        alpha = min(1.0, int(memory["k"]) / self.steps)
        rate = (1 - alpha) * self.lr + alpha * self.last_lr
        return theta - rate * g, {"k": memory["k"] + 1}


class Momentum(Optimizer):
    """v ← μ·v − lr·g;  θ ← θ + v. Source: Polyak (1964)."""

    def __init__(self, lr=0.1, momentum=0.9, clip=None):
        super().__init__(lr, clip)
        self.momentum = momentum

    def memory(self, theta):
        return {"v": np.zeros_like(theta)}

    def update(self, theta, g, memory):
        v = self.momentum * memory["v"] - self.lr * g
        return theta + v, {"v": v}


class Nesterov(Momentum):
    """v ← μ·v − lr·g;  θ ← θ + μ·v − lr·g. Source: Nesterov (1983).

    θ stands one look ahead: it is the point θ̂ + μ·v of Sutskever, Martens, Dahl & Hinton (2013),
    where they take the gradient. So the gradient is needed at θ only, as everywhere else (Bengio,
    Boulanger-Lewandowski & Pascanu 2013, arXiv:1212.0901).
    """

    def update(self, theta, g, memory):
        v = self.momentum * memory["v"] - self.lr * g
        return theta + self.momentum * v - self.lr * g, {"v": v}


class Adagrad(Optimizer):
    """r ← r + g²;  θ ← θ − lr·g / (√r + ε). Source: Duchi, Hazan & Singer (2011)."""

    def __init__(self, lr=0.1, eps=1e-8, clip=None):
        super().__init__(lr, clip)
        self.eps = eps

    def memory(self, theta):
        return {"r": np.zeros_like(theta)}

    def update(self, theta, g, memory):
        r = memory["r"] + g * g
        return theta - self.lr * g / (np.sqrt(r) + self.eps), {"r": r}


class RMSprop(Optimizer):
    """r ← ρ·r + (1−ρ)·g²;  θ ← θ − lr·g / (√r + ε). Source: Tieleman & Hinton (2012)."""

    def __init__(self, lr=0.001, rho=0.9, eps=1e-8, clip=None):
        super().__init__(lr, clip)
        self.rho, self.eps = rho, eps

    def memory(self, theta):
        return {"r": np.zeros_like(theta)}

    def update(self, theta, g, memory):
        r = self.rho * memory["r"] + (1 - self.rho) * g * g
        return theta - self.lr * g / (np.sqrt(r) + self.eps), {"r": r}


class Adadelta(Optimizer):
    """Δ = √(s+ε) / √(r+ε) · g;  θ ← θ − lr·Δ: a step has the unit of θ. Source: Zeiler (2012).

    r, s: running means of g² and Δ². With `lr` 1 it is Algorithm 1 of the paper.
    """

    def __init__(self, lr=1.0, rho=0.95, eps=1e-6, clip=None):
        super().__init__(lr, clip)
        self.rho, self.eps = rho, eps

    def memory(self, theta):
        return {"r": np.zeros_like(theta), "s": np.zeros_like(theta)}

    def update(self, theta, g, memory):
        r = self.rho * memory["r"] + (1 - self.rho) * g * g
        delta = np.sqrt(memory["s"] + self.eps) / np.sqrt(r + self.eps) * g
        s = self.rho * memory["s"] + (1 - self.rho) * delta * delta
        return theta - self.lr * delta, {"r": r, "s": s}


class Adam(Optimizer):
    """m, r: running means of g and g², freed of their start at 0. Source: Kingma & Ba (2015).

    m ← β₁m + (1−β₁)g;  r ← β₂r + (1−β₂)g²;  θ ← θ − lr · m/(1−β₁ᵗ) / (√(r/(1−β₂ᵗ)) + ε).
    """

    def __init__(self, lr=0.001, beta1=0.9, beta2=0.999, eps=1e-8, clip=None):
        super().__init__(lr, clip)
        self.beta1, self.beta2, self.eps = beta1, beta2, eps

    def memory(self, theta):
        return {"m": np.zeros_like(theta), "r": np.zeros_like(theta), "t": np.zeros((), int)}

    def update(self, theta, g, memory):
        t = memory["t"] + 1
        m = self.beta1 * memory["m"] + (1 - self.beta1) * g
        r = self.beta2 * memory["r"] + (1 - self.beta2) * g * g
        # Both corrections are scalars: put them into the rate, not into arrays of their own.
        root = np.sqrt(r / float(1 - self.beta2**t)) + self.eps
        return theta - float(self.lr / (1 - self.beta1**t)) * m / root, {"m": m, "r": r, "t": t}


class Wrapper(Optimizer):
    """Adds a step to another optimizer, `inner`, and shares its `lr` and `clip`."""

    def __init__(self, inner):
        self.inner = inner

    @property
    def lr(self):
        return self.inner.lr

    @lr.setter
    def lr(self, value):
        self.inner.lr = value

    @property
    def clip(self):
        return self.inner.clip

    @clip.setter
    def clip(self, value):
        self.inner.clip = value

    def memory(self, theta):
        return self.inner.memory(theta)


class ClippedByValue(Wrapper):
    """Cut every element of the gradient to −limit … limit before `inner` sees it.

    Unlike clipping by norm, it turns the gradient. After Mikolov (2012), thesis, who cut the errors
    that reach the hidden units, to −15 … 15.
    Raises ValueError unless `limit` > 0, and for an `inner` without `update`.
    """

    def __init__(self, inner, limit):
        super().__init__(_with_update(inner))
        if not limit > 0:
            raise ValueError(f"limit is {limit}, but a limit must be above 0")
        self.limit = limit

    def update(self, theta, g, memory):
        return self.inner.update(theta, np.clip(g, -self.limit, self.limit), memory)


class Averaged(Wrapper):
    """Keep the mean of all θ on the way, in `memory["mean"]`; `inner` is not disturbed.

    With `decay` 0.99, say, a mean that forgets: mean ← 0.99·mean + 0.01·θ, freed of its start.
    None, the plain mean of all steps. Source: Polyak & Juditsky (1992).
    Raises ValueError unless 0 ≤ `decay` < 1 or None, and for an `inner` without `update`.
    """

    def __init__(self, inner, decay=None):
        super().__init__(_with_update(inner))
        if decay is not None and not 0 <= decay < 1:
            raise ValueError(f"decay is {decay}: give a number from 0 to below 1, or None")
        self.decay = decay

    def memory(self, theta):
        return {**super().memory(theta), "mean": theta.copy(), "steps": np.zeros((), int)}

    def update(self, theta, g, memory):
        theta, inner = self.inner.update(theta, g, memory)
        steps = memory["steps"] + 1
        # The weight of the newest: 1/t for a plain mean, else (1−d)/(1−dᵗ), as in Adam.
        d = self.decay
        share = 1 / steps if d is None else (1 - d) / (1 - d**steps)
        mean = memory["mean"] + float(share) * (theta - memory["mean"])
        return theta, {**inner, "mean": mean, "steps": steps}


def clip_by_norm(g, limit):
    """Scale `g` in place so that its norm is at most `limit` (None: no limit).

    Returns the norm before. Source: Pascanu, Mikolov & Bengio (2013).
    """
    norm = float(np.sqrt(np.dot(g, g)))
    if limit is not None and norm > limit:
        g *= limit / norm
    return norm


def _with_update(inner):
    """Return `inner`; ValueError unless it is an optimizer whose `update` can be called."""
    if not (isinstance(inner, Optimizer) and hasattr(inner, "update")):
        raise ValueError(
            f"the optimizer inside must be a first-order one, such as SGD(0.1), not {inner!r}"
        )
    return inner
