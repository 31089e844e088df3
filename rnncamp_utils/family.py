"""The rest of the family: cells with diagonal weights of their own, and every cell by its name."""

import numpy as np

from . import activations
from .cells import GRU, LSTM, Cell, Elman, squash

logistic = activations.get("logistic").f


class PeepholeLSTM(LSTM):
    """The LSTM whose gates see the cell: i and f see c_{t-1} through w_ci and w_cf, o sees c_t
    through w_co, all diagonal. Source: Gers, Schraudolph & Schmidhuber (2002).
    """

    name = "peephole-lstm"

    def own(self, hidden):
        return {"w_ci": (hidden,), "w_cf": (hidden,), "w_co": (hidden,)}

    def forward(self, p, ax, ah, old, new):
        (_, c_old), (h, c, tanh_c) = old, new
        ax += ah
        o, i, f, g = ax
        i += p["w_ci"] * c_old
        f += p["w_cf"] * c_old
        squash(ax[1:], gates=2)
        np.multiply(f, c_old, out=c)
        c += i * g
        o += p["w_co"] * c  # o looks at the new c, so it comes last
        squash(ax[:1], gates=1)
        np.tanh(c, out=tanh_c)
        np.multiply(o, tanh_c, out=h)

    def slopes(self, p, ax, ah, old, new, out=None):
        da, dh_dc, f = super().slopes(p, ax, ah, old, new, out)
        dh_dc += da[0] * p["w_co"]
        dc_dc = f + da[1] * p["w_ci"] + da[2] * p["w_cf"]
        return da, dh_dc, dc_dc, old[1], new[1]

    def back(self, slopes, dnew, dax, dah):
        return super().back(slopes[:3], dnew, dax, dah)

    def grad(self, g, slopes, old, new, dax, dah):
        do, di, df, _ = dax
        for name, da, c in (("w_ci", di, old[1]), ("w_cf", df, old[1]), ("w_co", do, new[1])):
            g[name][...] += np.einsum("tbh,tbh->h", da, c)

    def push(self, v, slopes, dax, dah, dold):
        *slopes, c_old, c = slopes
        # A moving peephole moves what its gate sees.
        seen = [v["w_co"] * c, v["w_ci"] * c_old, v["w_cf"] * c_old, np.zeros_like(c)]
        return super().push(v, slopes, dax + np.stack(seen), dah, dold)


class DeltaRNN(Cell):
    """z = tanh(α∘wx∘vh + β1∘vh + β2∘wx + b_z);  r = σ(wx + b_r);  h_t = Φ((1 − r)∘z + r∘h_{t-1}).

    wx = x_t W_xh, vh = ah; gate and candidate share both products, so it has hardly more parameters
    than an Elman net. `activation` is the name of Φ. α starts at 2, β1 and β2 at 1,
    as in the program of A. Mali, where Φ is relu by default.
    Source: Ororbia, Mikolov & Reitter (2017), the differential state framework.
    """

    name = "delta-rnn"
    extras = ("z", "r")
    keeps = ("ax", "ah")
    biased = False  # the two biases stand behind the products that x and h share

    def __init__(self, activation="tanh"):
        self.activation = activations.get(activation)

    def own(self, hidden):
        return {name: (hidden,) for name in ("alpha", "beta1", "beta2", "b_z", "b_r")}

    def start(self, p):
        p["alpha"][...] = 2
        p["beta1"][...] = p["beta2"][...] = 1

    def forward(self, p, ax, ah, old, new):
        (h_old,), (h, z, r) = old, new
        np.multiply(p["alpha"] * ax, ah, out=z)
        z += p["beta1"] * ah + p["beta2"] * ax + p["b_z"]
        np.tanh(z, out=z)
        logistic(np.add(ax, p["b_r"], out=r), out=r)
        np.subtract(h_old, z, out=h)  # (1 − r)∘z + r∘h_old = z + r∘(h_old − z)
        h *= r
        h += z
        self.activation.f(h, out=h)

    def slopes(self, p, ax, ah, old, new, out=None):
        (h_old,), (h, z, r) = old, new
        outer = self.activation.slope(h)
        by_z = outer * (1 - r) * (1 - z * z)
        by_r = outer * (h_old - z) * r * (1 - r)
        by_x = np.multiply(by_z, p["alpha"] * ah + p["beta2"], out=out)
        by_x += by_r
        by_h = by_z * (p["alpha"] * ax + p["beta1"])
        return by_x, by_h, outer * r, by_z, by_r, ax, ah

    def back(self, slopes, dnew, dax, dah):
        (by_x, by_h, by_old, by_z, by_r, _, _), (dh,) = slopes, dnew
        np.multiply(by_x, dh, out=dax)
        np.multiply(by_h, dh, out=dah)
        by_z *= dh  # for `grad`
        by_r *= dh
        return (by_old * dh,)

    def grad(self, g, slopes, old, new, dax, dah):
        *_, dz, dr, wx, vh = slopes
        g["alpha"][...] += np.einsum("tbh,tbh,tbh->h", dz, wx, vh)
        g["beta1"][...] += np.einsum("tbh,tbh->h", dz, vh)
        g["beta2"][...] += np.einsum("tbh,tbh->h", dz, wx)
        g["b_z"][...] += dz.sum(axis=(0, 1))
        g["b_r"][...] += dr.sum(axis=(0, 1))

    def push(self, v, slopes, dax, dah, dold):
        (by_x, by_h, by_old, by_z, by_r, wx, vh), (dh_old,) = slopes, dold
        dz = v["alpha"] * wx * vh + v["beta1"] * vh + v["beta2"] * wx + v["b_z"]
        moved = by_x * dax + by_h * dah + by_old * dh_old
        return (moved + by_z * dz + by_r * v["b_r"],)


CELLS = {cell.name: cell for cell in (LSTM, PeepholeLSTM, GRU, DeltaRNN)}


def get(cell):
    """Return a cell as it is; for a name, one of `CELLS` or an Elman cell with that activation.

    Raises ValueError, listing the known names, for anything else.
    """
    if isinstance(cell, Cell):
        return cell
    if isinstance(cell, str) and cell in CELLS:
        return CELLS[cell]()
    if isinstance(cell, str) and cell in activations.ACTIVATIONS:
        return Elman(cell)
    known = ", ".join([*CELLS, *activations.ACTIVATIONS])
    raise ValueError(
        f"unknown cell {cell!r}: the known ones are {known}, and objects such as LSTM()"
    )
