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


def clip_by_norm(g, limit):
    """Scale `g` in place so that its norm is at most `limit` (None: no limit).

    Returns the norm before. Source: Pascanu, Mikolov & Bengio (2013).
    """
    norm = float(np.sqrt(np.dot(g, g)))
    if limit is not None and norm > limit:
        g *= limit / norm
    return norm
