"""How fast is a training step of each cell beside PyTorch, autograd and JAX, and beside its floor?

    python benchmarks/cell_steps.py [--rounds 75] [--native] [--json FILE]

A step is that of `training_step.py`, whose settings for threads and instructions hold here too.
nn.RNN, nn.LSTM and nn.GRU race for PyTorch; the multiplicative cells, which nn has not, in a loop
written in it. autograd and JAX (compiled) differentiate the equations as `Equations` writes them.
`floor` makes the matrix products of the step and nothing else. Who is missing is named.
"""

# ruff: noqa: I001 (training_step comes first: it sets the environment for the libraries)
from functools import partial

import training_step
import numpy as np
from apart import field
from equations import Autograd, Jax
from peers import CLIP, LR, Package, one_hot
from peers import Torch as TorchRNN

CELLS = {  # name in the table: cell, recurrent map
    "Elman": ("tanh", "plain"),
    "GRU": ("gru", "plain"),
    "LSTM": ("lstm", "plain"),
    "mRNN": ("tanh", "multiplicative"),
    "mLSTM": ("lstm", "multiplicative"),
}
# Where PyTorch's blocks of gates stand among ours.
ORDER = {"elman": [0], "gru": [0, 1, 2], "lstm": [1, 2, 3, 0]}


class Torch:
    """What the PyTorch peers share: the readout, the loss, clipping and SGD."""

    def __init__(self, network, theta, batches):
        import torch

        torch.set_num_threads(1)
        self.torch, self.network, self.carry = torch, network, None
        self.order = ORDER[network.cell.name]
        self.p = {name: torch.from_numpy(a.copy()) for name, a in network.params(theta).items()}
        self.readout = torch.nn.Linear(network.hidden, network.outputs)
        with torch.no_grad():
            self.readout.weight.copy_(self.p["W_hy"].T)
            self.readout.bias.copy_(self.p["b_y"])
        self.trained = [*self.recurrent(), *self.readout.parameters()]
        self.sgd = torch.optim.SGD(self.trained, LR)
        self.data = [
            (torch.from_numpy(one_hot(b.x, network)), torch.from_numpy(b.y.ravel()))
            for b in batches
        ]

    def gates(self, a):
        """Return the transpose of `a`, with the blocks in PyTorch's order."""
        blocks = a.chunk(len(self.order), dim=-1)
        joined = self.torch.cat([blocks[k] for k in self.order], dim=-1)
        return joined.T if a.ndim == 2 else joined

    def step(self, one):
        x, y = one
        self.sgd.zero_grad()
        a = self.readout(self.run(x)).view(-1, self.network.outputs)
        loss = self.torch.nn.functional.cross_entropy(a, y)
        loss.backward()
        self.torch.nn.utils.clip_grad_norm_(self.trained, CLIP)
        self.sgd.step()
        return loss.item()


class Module(Torch):
    """nn.LSTM or nn.GRU. Of the two biases the second is not trained, where one does."""

    def recurrent(self):
        torch, net = self.torch, self.network
        self.rnn = rnn = getattr(torch.nn, net.cell.name.upper())(net.inputs, net.hidden)
        with torch.no_grad():
            rnn.weight_ih_l0.copy_(self.gates(self.p["W_xh"]))
            rnn.weight_hh_l0.copy_(self.gates(self.p["W_hh"]))
            rnn.bias_ih_l0.copy_(self.gates(self.p["b_h"]))
            rnn.bias_hh_l0.zero_()
        if "b_hn" in self.p:
            used = torch.arange(3 * net.hidden) >= 2 * net.hidden
            rnn.bias_hh_l0.register_hook(lambda grad: grad * used)
        else:
            rnn.bias_hh_l0.requires_grad_(False)
        return [tensor for tensor in rnn.parameters() if tensor.requires_grad]

    def run(self, x):
        h, end = self.rnn(x, self.carry)
        self.carry = tuple(s.detach() for s in end) if isinstance(end, tuple) else end.detach()
        return h


class Loop(Torch):
    """The mRNN or the mLSTM as a loop over time; what reads x alone is done before it."""

    def recurrent(self):
        self.p = {n: self.torch.nn.Parameter(a) for n, a in self.p.items() if not n.endswith("y")}
        return self.p.values()

    def run(self, x):
        torch, p, hs = self.torch, self.p, []
        shape = x.shape[1], self.network.hidden
        h, c = self.carry or (torch.zeros(shape), torch.zeros(shape))
        ax, fx = x @ p["W_xh"] + p["b_h"], x @ p["W_xf"]
        for t in range(len(x)):
            a = ax[t] + (fx[t] * (h @ p["W_hf"])) @ p["W_fh"]
            if len(self.order) == 1:
                h = torch.tanh(a)
            else:
                o, i, f, g = a.chunk(4, dim=1)
                c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
                h = torch.sigmoid(o) * torch.tanh(c)
            hs.append(h)
        self.carry = h.detach(), c.detach()
        return torch.stack(hs)


class Floor:
    """The matrix products of the step; symbols need none."""

    def __init__(self, network, theta, batches):
        self.data, self.steps, B = [None], len(batches[0].x), batches[0].x.shape[1]
        H, K, wide = network.hidden, network.outputs, network.cell.blocks * network.hidden
        rng = np.random.default_rng(0)

        def draw(*shape):
            return rng.normal(size=shape).astype(network.dtype)

        rows = self.steps * B
        sizes = [(H, wide)] + [(H, H)] * (network.map.name == "multiplicative")
        self.each = [(draw(B, m), draw(m, n), np.empty((B, n), network.dtype))
                     for a, b in sizes for m, n in ((a, b), (b, a))]
        self.once = [(draw(m, rows), draw(rows, n)) for m, n in (*sizes, (H, K))]
        self.once += [(draw(rows, H), draw(H, K)), (draw(rows, K), draw(K, H))]

    def step(self, one):
        for _ in range(self.steps):
            for a, b, out in self.each:
                np.dot(a, b, out=out)
        for a, b in self.once:
            np.dot(a, b)


def make(cell, recurrent_map, size, name):
    """Return the peer `name` for a cell and a size: all have the same start and batches."""
    torch = TorchRNN if (cell, recurrent_map) == ("tanh", "plain") else Module
    torch = torch if recurrent_map == "plain" else Loop
    kinds = {"rnncamp": Package, "torch": torch, "autograd": Autograd, "jax": Jax, "floor": Floor}
    return kinds[name](*training_step.beginning(*size, cell, recurrent_map))


def check(peers, steps=8, tolerance=1e-4):
    """Raise AssertionError unless all have the same losses, step after step.

    They train meanwhile, so this compares gradients, clipping and the carried state, too.
    """
    for i in range(steps):
        losses = {name: peer.step(i) for name, peer in peers.items() if name != "floor"}
        if np.ptp(list(losses.values())) > tolerance * losses["rnncamp"]:
            raise AssertionError(f"the losses of step {i + 1} differ: {losses}")


def main():
    chosen = training_step.options(__doc__, "all times, in µs,")
    print("CPU time of one training step, µs (in brackets: how many times rnncamp's)\n")
    names = ("rnncamp", "torch", "autograd", "jax")
    print(f"{'cell':>6}{'H, B, T':>14}" + "".join(f"{n:>16}" for n in (*names, "over floor")))
    results, absent = {}, {}
    for cell, kind in CELLS.items():
        for size in training_step.SIZES:
            peers, missing = field((*names, "floor"), partial(make, *kind, size))
            absent |= missing
            check(peers)
            times = training_step.race(peers, chosen.rounds)
            ours = times["rnncamp"]
            row = [f"{times[n]:.0f} ({times[n] / ours:.2f})" if n in times else "–" for n in names]
            print(f"{cell:>6}{'{}, {}, {}'.format(*size):>14}" + "".join(f"{c:>16}" for c in row)
                  + f"{ours / times['floor']:>16.2f}", flush=True)
            results["{} {},{},{}".format(cell, *size)] = {n: round(t) for n, t in times.items()}
    training_step.close(chosen.json, results, absent)


if __name__ == "__main__":
    main()
