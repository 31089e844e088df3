"""Toy objectives with two or a few parameters: a bowl, a valley, a saddle, a cliff.

Each has `loss(theta)` and `loss_and_grad(theta)`, as the `Objective` of a network has, so every
optimizer of the course runs on it. `loss` also takes many points at once, (n, …), for a picture.
`minimum` is the best point, (n,), or None where the loss falls forever.
"""

import numpy as np


class Quadratic:
    """½ Σ cᵢ θᵢ²: a bowl whose curvatures cᵢ go from 1 / `condition` to 1 in equal ratios.

    Raises ValueError unless `condition` ≥ 1 and `size` ≥ 1.
    """

    def __init__(self, condition=10.0, size=2):
        if not (condition >= 1 and size >= 1):
            raise ValueError(f"condition is {condition}, size {size}: both must be at least 1")
        self.curvatures = np.geomspace(1 / condition, 1, size) if size > 1 else np.ones(1)
        self.minimum = np.zeros(size)

    def loss(self, theta):
        return 0.5 * np.tensordot(self.curvatures, np.square(theta), 1)

    def loss_and_grad(self, theta):
        return self.loss(theta), self.curvatures * theta

    def gauss_newton_product(self, theta):
        """Return the function v -> H v: a sum of squares is its own Gauss–Newton model."""
        return lambda v: self.curvatures * v


class Valley:
    """(1 − a)² + steepness · (b − a²)²: a bent valley with a flat floor. Source: Rosenbrock (1960).

    The minimum is at (1, 1).
    """

    def __init__(self, steepness=100.0):
        self.steepness, self.minimum = steepness, np.ones(2)

    def loss(self, theta):
        a, b = theta
        return (1 - a) ** 2 + self.steepness * (b - a * a) ** 2

    def loss_and_grad(self, theta):
        a, b = theta
        off = 2 * self.steepness * (b - a * a)
        return self.loss(theta), np.array([-2 * (1 - a) - 2 * a * off, off])


class Saddle:
    """½a² − ½b² + ¼b⁴: a saddle at (0, 0) between two minima at (0, ±1), where the loss is −¼."""

    minimum = np.array([0.0, 1.0])

    def loss(self, theta):
        a, b = theta
        return a * a / 2 - b * b / 2 + b**4 / 4

    def loss_and_grad(self, theta):
        a, b = theta
        return self.loss(theta), np.array([a, b**3 - b])


class Cliff:
    """A net of one unit run for `steps` steps, h ← σ(w·h + b), with the loss (h_T − target)².

    θ is (w, b), h_0 is ½. Where the unit starts to latch, the loss goes up a wall.
    Source: Pascanu, Mikolov & Bengio (2013), figure 6.
    """

    minimum = None  # a curve of points, not one

    def __init__(self, steps=50, target=0.7):
        self.steps, self.target = steps, target

    def _run(self, theta):
        w, b = theta
        h = [np.full(np.shape(w), 0.5)]
        for _ in range(self.steps):
            h.append((1 + np.tanh((w * h[-1] + b) / 2)) / 2)
        return h

    def loss(self, theta):
        return (self._run(theta)[-1] - self.target) ** 2

    def loss_and_grad(self, theta):
        h, g = self._run(theta), np.zeros(2)
        dh = 2 * (h[-1] - self.target)
        for old, new in zip(h[-2::-1], h[:0:-1]):
            dz = dh * new * (1 - new)
            g += dz * old, dz
            dh = dz * theta[0]
        return (h[-1] - self.target) ** 2, g


def descend(objective, optimizer, theta, steps):
    """Return the points that `optimizer` visits from `theta` (n,) on, (steps + 1, n)."""
    theta = np.array(theta, dtype=float)
    memory, path = optimizer.memory(theta), [theta]
    for _ in range(steps):
        theta, memory = optimizer.step(theta, objective, memory)[:2]
        path.append(theta)
    return np.array(path)
