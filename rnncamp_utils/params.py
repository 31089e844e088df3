"""Parameters: named arrays that are views of one flat vector θ, and how to start them."""

from collections.abc import Mapping
from math import prod

import numpy as np


class Params(Mapping):
    """Named arrays, each a view of the flat vector `theta`.

    `shapes` maps names to shapes, in the order in which they lie in θ. Without `theta` a vector
    of zeros is made. Writing to `p["W_hh"][...]` changes `p.theta`, and the other way round.
    Raises ValueError when `theta` has not as many elements as the shapes need.
    """

    def __init__(self, shapes, theta=None, dtype=np.float64):
        total = count(shapes)
        self.theta = np.zeros(total, dtype) if theta is None else theta
        if self.theta.shape != (total,):
            raise ValueError(
                f"theta has shape {self.theta.shape}, but these parameters need ({total},)"
            )
        self._views, start = {}, 0
        for name, shape in shapes.items():
            stop = start + prod(shape)
            self._views[name] = self.theta[start:stop].reshape(shape)
            start = stop

    def __getitem__(self, name):
        return self._views[name]

    def __iter__(self):
        return iter(self._views)

    def __len__(self):
        return len(self._views)


def count(shapes):
    """Return how many numbers arrays of these shapes (a dict by name) hold together."""
    return sum(prod(shape) for shape in shapes.values())


def glorot(rng, shape):
    """Return normal weights of variance 2 / (rows + columns).

    Source: Glorot & Bengio (2010), eq. 12 (there uniform, with the same variance).
    """
    return rng.normal(0.0, np.sqrt(2 / sum(shape)), shape)


def orthogonal(rng, shape):
    """Return a random matrix with orthonormal rows or columns, whichever are fewer.

    Source: Saxe, McClelland & Ganguli (2014). The signs of R's diagonal make the draw uniform
    (Mezzadri 2007).
    """
    rows, columns = shape
    q, r = np.linalg.qr(rng.normal(size=(max(shape), min(shape))))
    q *= np.sign(np.diag(r))
    return q if rows >= columns else q.T
