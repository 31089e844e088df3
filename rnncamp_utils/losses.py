"""Losses on the outputs of all time steps: value, gradient, Hessian-vector product.

`a` holds the outputs (T, B, K). `weights` (T, B) or None weighs each step: a task that asks for an
answer only at the end gives weight 1 to the last step and 0 to the others. Every loss is a mean
over the weighted steps.
"""

import numpy as np


class SoftmaxCrossEntropy:
    """Mean of −log softmax(a)[y], in nats per symbol; targets `y` are integers (T, B)."""

    name = "cross-entropy"

    def value(self, a, y, weights=None):
        nats = self.per_step(a, y)
        return nats.mean() if weights is None else (weights * nats).sum() / weights.sum()

    def per_step(self, a, y):
        """Return the loss of each step on its own, (T, B), in nats."""
        # Without the largest output exp cannot overflow; the softmax stays the same.
        shifted = a - a.max(axis=-1, keepdims=True)
        chosen = np.take_along_axis(shifted, y[..., None], axis=-1)[..., 0]
        return np.log(np.exp(shifted).sum(axis=-1)) - chosen

    def value_and_grad(self, a, y, weights=None):
        """Return (loss, ∂loss/∂a), the latter (T, B, K) and written over `a`."""
        rows, targets = a.reshape(-1, a.shape[-1]), y.ravel()
        chosen = np.arange(len(rows)), targets
        # Small outputs cannot overflow exp; for large ones the largest of a row is taken off.
        if not max(rows.max(), -rows.min()) < 50:
            rows -= rows.max(axis=1, keepdims=True)
        nats = -rows[chosen]
        np.exp(rows, out=rows)
        total = rows @ np.ones(rows.shape[1], rows.dtype)  # five times as fast as np.sum
        nats += np.log(total)
        share = _shares(weights, len(rows), a.dtype)
        rows *= (share / total)[:, None]
        rows[chosen] -= share
        return nats @ share, rows.reshape(a.shape)

    def hessian_product(self, a, y, v, weights=None):
        """Return H v for H = ∂²loss/∂a², (T, B, K): p ∘ (v − p·v) in each step."""
        p = softmax(a)
        product = p * (v - (p * v).sum(axis=-1, keepdims=True))
        return product * _shares(weights, y.size, a.dtype).reshape(*y.shape, 1)


class SquaredError:
    """Mean squared error over steps, sequences and outputs; targets `y` are (T, B, K)."""

    name = "squared-error"

    def value(self, a, y, weights=None):
        errors = self.per_step(a, y)
        return errors.mean() if weights is None else (weights * errors).sum() / weights.sum()

    def per_step(self, a, y):
        """Return the loss of each step on its own, (T, B)."""
        return ((a - y) ** 2).mean(axis=-1)

    def value_and_grad(self, a, y, weights=None):
        """Return (loss, ∂loss/∂a), the latter (T, B, K) and written over `a`."""
        a -= y
        share = _shares(weights, a[..., 0].size, a.dtype).reshape(*a.shape[:-1], 1)
        loss = (share * a**2).sum() / a.shape[-1]
        a *= share * (2 / a.shape[-1])
        return loss, a

    def hessian_product(self, a, y, v, weights=None):
        """Return H v for H = ∂²loss/∂a², (T, B, K): the loss is quadratic, H is diagonal."""
        share = _shares(weights, a[..., 0].size, a.dtype).reshape(*a.shape[:-1], 1)
        return v * share * (2 / a.shape[-1])


LOSSES = {loss.name: loss for loss in (SoftmaxCrossEntropy(), SquaredError())}


def get(name):
    """Return the loss called `name`; ValueError, listing the known names, for any other."""
    if name not in LOSSES:
        raise ValueError(f"unknown loss {name!r}: the known ones are {', '.join(LOSSES)}")
    return LOSSES[name]


def softmax(a):
    """Return exp(a) / Σ exp(a) over the last axis: probabilities that add up to 1."""
    e = np.exp(a - a.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


def _shares(weights, n, dtype):
    """What part of the mean each of the n steps has."""
    if weights is None:
        return np.full(n, 1 / n, dtype)
    return (weights / weights.sum()).ravel().astype(dtype)
