"""Matrix products: those of the two recurrent maps, and x W for inputs of both kinds.

A recurrent map turns h_{t-1} into the pre-activations ah, (B, blocks·H), and owns the weights for
that. Its factors are arrays (T, B, H) that stay from the forward pass for the backward pass.
"""

import numpy as np
from scipy import sparse

SMALL = 2**14  # elements of a one-hot matrix up to which it need not be sparse


def new_array(name, shape, dtype):
    """Return an uninitialized array: what `Workspace.empty` does, without remembering."""
    return np.empty(shape, dtype)


def by_block(a, n):
    """View (…, B, n·H) as blocks (…, n, B, H), with n = 1 as it is."""
    return a if n == 1 else a.reshape(*a.shape[:-1], n, -1).swapaxes(-3, -2)


class Plain:
    """The recurrent map ah = h W_hh."""

    name = "plain"

    def shapes(self, inputs, hidden, blocks):
        """Return the shapes of the map's own weights by name."""
        return {"W_hh": (hidden, blocks * hidden)}

    def factors(self, p, x, empty=new_array):
        """Return what the map computes of the inputs before the loop, and keeps: nothing."""
        return ()

    def forward(self, p, h, factors, out):
        h.dot(p["W_hh"], out=out)  # the method starts a third faster than the function np.dot

    def transposed(self, p):
        """Return what `back` multiplies by: laid out anew once, so that no step has to."""
        return p["W_hh"].T.copy()

    def back(self, transposed, factors, dah):
        return dah.dot(transposed)

    def push(self, p, v, h, dh, factors, dfactors):
        return h @ v["W_hh"] + dh @ p["W_hh"]

    def grad(self, g, x, h, factors, dah):
        np.matmul(_rows(h).T, _rows(dah), out=g["W_hh"])

    def input_grad(self, p, factors):
        """Return the derivative of the loss by x through the map, (T, B, D)."""
        return 0


class Multiplicative:
    """The recurrent map ah = ((x W_xf) ∘ (h W_hf)) W_fh: each input has a recurrence of its own.

    With an Elman cell it makes the mRNN of Sutskever, Martens & Hinton (2011), there with any
    number of factors, here with H; with an LSTM the mLSTM of Krause, Lu, Murray & Renals (2016),
    here with h = o ∘ tanh(c) as in every LSTM of this package and in one program of Krause's; in
    another of his g is not squashed and h = tanh(c ∘ o + b). Names read from left to right: W_hf
    leads from h to the factors.
    """

    name = "multiplicative"

    def shapes(self, inputs, hidden, blocks):
        return {
            "W_xf": (inputs, hidden),
            "W_hf": (hidden, hidden),
            "W_fh": (hidden, blocks * hidden),
        }

    def factors(self, p, x, empty=new_array):
        """Return x W_xf, and memory for h W_hf and, in `back`, for the slope of their product."""
        shape, dtype = (*x.shape[:2], p["W_xf"].shape[1]), p["W_xf"].dtype
        fx, fh, df = (empty(name, shape, dtype) for name in ("fx", "fh", "df"))
        return project(x, p["W_xf"], out=fx), fh, df

    def forward(self, p, h, factors, out):
        fx, fh, _ = factors
        h.dot(p["W_hf"], out=fh)
        (fx * fh).dot(p["W_fh"], out=out)

    def transposed(self, p):
        return p["W_hf"].T.copy(), p["W_fh"].T.copy()

    def back(self, transposed, factors, dah):
        (fx, _, df), (W_hf, W_fh) = factors, transposed
        dah.dot(W_fh, out=df)
        return (df * fx).dot(W_hf)

    def push(self, p, v, h, dh, factors, dfactors):
        (fx, fh, _), (dfx, *_) = factors, dfactors
        df = dfx * fh + fx * (h @ v["W_hf"] + dh @ p["W_hf"])
        return (fx * fh) @ v["W_fh"] + df @ p["W_fh"]

    def grad(self, g, x, h, factors, dah):
        fx, fh, df = factors
        np.matmul(_rows(fx * fh).T, _rows(dah), out=g["W_fh"])
        np.matmul(_rows(h).T, _rows(df * fx), out=g["W_hf"])
        project_grad(g["W_xf"], x, df * fh)

    def input_grad(self, p, factors):
        _, fh, df = factors
        return project(df * fh, p["W_xf"].T)


MAPS = {m.name: m for m in (Plain(), Multiplicative())}


def get(name):
    """Return the map called `name`; ValueError, listing the known names, for any other."""
    if name not in MAPS:
        raise ValueError(f"unknown recurrent map {name!r}: the known ones are {', '.join(MAPS)}")
    return MAPS[name]


def are_symbols(x):
    """Say whether `x` holds symbols, integers, and not vectors."""
    return x.dtype.kind in "iu"  # np.issubdtype takes ten times as long


def project(x, W, b=None, out=None):
    """Return x W + b for all steps: a gather of rows where x holds symbols, else one product.

    Symbols must lie below the number of W's rows. `out`, (T, B, columns of W), is filled if given.
    """
    if out is None:
        out = np.empty((*x.shape[:2], W.shape[1]), W.dtype)
    if are_symbols(x):
        rows = W if b is None else W + b  # there are fewer symbols than steps
        return np.take(rows, x, axis=0, out=out, mode="clip")  # "raise" would go through a copy
    np.matmul(_rows(x), W, out=_rows(out))
    if b is not None:
        out += b
    return out


def project_blocks(x, W, b, out):
    """Fill `out`, (T, n, B, H), with x W + b, block by block, and return it."""
    n, hidden = out.shape[1], out.shape[-1]
    if are_symbols(x):
        # Each block of a row of W is taken as a row of its own, so that `out` fills from its start.
        rows, block = (W + b).reshape(-1, hidden), np.arange(n)[:, None]
        x = x[:, None].astype(np.intp, copy=False)  # n times a symbol may not fit a small integer
        np.take(rows, x * n + block, axis=0, out=out, mode="clip")
    else:
        np.add(by_block(project(x, W), n), b.reshape(n, 1, hidden), out=out)
    return out


def project_grad(dW, x, da):
    """Fill `dW` with the derivative of the loss by W, for a = x W and the loss's slope `da`."""
    if not are_symbols(x):
        np.matmul(_rows(x).T, _rows(da), out=dW)
        return
    # xᵀ as a matrix of one-hot columns adds each row of `da` to its symbol's row of dW, many times
    # as fast as `np.add.at`. A sparse one is spared the zeros, but dearer than a small product.
    symbols, each, shape = x.ravel(), np.arange(x.size + 1), (len(dW), x.size)
    if len(dW) * x.size > SMALL:
        dW[...] = sparse.csc_array((np.ones(x.size, da.dtype), symbols, each), shape) @ _rows(da)
    else:
        one_hot = np.zeros(shape, da.dtype)
        one_hot[symbols, each[:-1]] = 1
        np.matmul(one_hot, _rows(da), out=dW)


def sum_steps(a, out):
    """Fill `out` with the sum of `a` (T, B, n) over all steps of all sequences."""
    rows = _rows(a)
    np.dot(np.ones(len(rows), a.dtype), rows, out=out)  # four times as fast as np.sum


def _rows(a):
    """Time and batch as one axis: (T, B, n) -> (T·B, n)."""
    return a.reshape(-1, a.shape[-1])
