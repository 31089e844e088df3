"""One Elman training step, five ways: those who run in `training_step.py`.

Each is made from (network, θ, batches) and has

    data        the batches in the form it likes, made before the clock starts
    step(one)   trains on one of `data`, from the state the step before ended in; returns the loss
    theta       the parameters now, in the order of the package's flat vector
"""

from dataclasses import replace
from itertools import cycle

import numpy as np
from apart import Absent

from rnncamp_utils import training
from rnncamp_utils.optimizers import SGD

LR, CLIP = 0.1, 0.05  # the gradient is longer than that: everyone clips, in every step


class Package:
    """rnncamp_utils: what `training.train` does in each step."""

    def __init__(self, network, theta, batches):
        self.network, self.theta, self.data = network, theta, batches
        self.optimizer, self.carry = SGD(LR, CLIP), None
        self.memory = self.optimizer.memory(theta)

    def step(self, batch):
        objective = self.network.objective(batch, self.carry)
        self.theta, self.memory, loss, _ = self.optimizer.step(self.theta, objective, self.memory)
        self.carry = objective.end
        return loss


class Train:
    """The same step inside `training.train`, which checks, logs and yields a complete state."""

    def __init__(self, network, theta, batches):
        self.data, optimizer = batches, SGD(LR, CLIP)
        self.theta, turns = theta, cycle(batches)
        first = replace(training.start(network, optimizer), theta=theta)
        self.states = training.train(network, lambda rng, step: next(turns), optimizer, first)

    def step(self, batch):
        state = next(self.states)
        self.theta = state.theta
        return state.log[-1][0]


class Torch:
    """PyTorch: nn.RNN and nn.Linear. The one-hot input is made beforehand: it costs no time."""

    def __init__(self, network, theta, batches):
        import torch

        torch.set_num_threads(1)
        self.torch, self.outputs, self.carry = torch, network.outputs, None
        self.rnn = rnn = torch.nn.RNN(network.inputs, network.hidden)
        self.readout = torch.nn.Linear(network.hidden, network.outputs)
        # In the order of θ. nn.RNN has two biases where one does: the second stays 0, untrained,
        # which saves PyTorch a little.
        self.trained = [rnn.weight_ih_l0, rnn.weight_hh_l0, rnn.bias_ih_l0]
        self.trained += self.readout.parameters()
        rnn.bias_hh_l0.requires_grad_(False)
        rnn.bias_hh_l0.zero_()
        with torch.no_grad():
            for tensor, array in zip(self.trained, network.params(theta).values()):
                tensor.copy_(torch.from_numpy(array.T.copy()))
        self.sgd = torch.optim.SGD(self.trained, LR)
        self.data = [
            (torch.from_numpy(one_hot(b.x, network)), torch.from_numpy(b.y.ravel()))
            for b in batches
        ]

    def step(self, one):
        x, y = one
        self.sgd.zero_grad()
        h, end = self.rnn(x, self.carry)
        a = self.readout(h).view(-1, self.outputs)
        loss = self.torch.nn.functional.cross_entropy(a, y)
        loss.backward()
        self.torch.nn.utils.clip_grad_norm_(self.trained, CLIP)
        self.sgd.step()
        self.carry = end.detach()
        return loss.item()

    @property
    def theta(self):
        return np.concatenate([t.detach().numpy().T.ravel() for t in self.trained])


class StepByStep:
    """The algorithm of min-char-rnn (Karpathy 2015), written anew: a single sequence, column
    vectors, one step at a time; each step adds its outer products to the weight gradients."""

    def __init__(self, network, theta, batches):
        if batches[0].x.shape[1] != 1:
            raise Absent("min-char-rnn trains on one sequence only")
        p = network.params(theta)
        self.p = {name: np.atleast_2d(array).T.copy() for name, array in p.items()}
        self.carry, self.inputs = np.zeros((network.hidden, 1), theta.dtype), network.inputs
        self.data = [(b.x.ravel(), b.y.ravel()) for b in batches]

    def step(self, one):
        symbols, targets = one
        p, xs, hs, probabilities, loss = self.p, [], [self.carry], [], 0.0
        for symbol, target in zip(symbols, targets):
            x = np.zeros((self.inputs, 1), self.carry.dtype)
            x[symbol] = 1
            h = np.tanh(p["W_xh"] @ x + p["W_hh"] @ hs[-1] + p["b_h"])
            e = np.exp(p["W_hy"] @ h + p["b_y"])
            xs.append(x)
            hs.append(h)
            probabilities.append(e / e.sum())
            loss -= np.log(probabilities[-1][target, 0])
        self.carry = hs[-1]
        self._descend(self._gradient(xs, hs, probabilities, targets))
        return loss / len(xs)

    def _gradient(self, xs, hs, probabilities, targets):
        p, g = self.p, {name: np.zeros_like(array) for name, array in self.p.items()}
        back = np.zeros_like(self.carry)
        for t in reversed(range(len(xs))):
            dy = probabilities[t]
            dy[targets[t]] -= 1
            g["W_hy"] += dy @ hs[t + 1].T
            g["b_y"] += dy
            da = (1 - hs[t + 1] * hs[t + 1]) * (p["W_hy"].T @ dy + back)
            g["b_h"] += da
            g["W_xh"] += da @ xs[t].T
            g["W_hh"] += da @ hs[t].T
            back = p["W_hh"].T @ da
        return {name: array / len(xs) for name, array in g.items()}

    def _descend(self, g):
        rate = LR * min(1.0, CLIP / norm(g))
        for name, array in g.items():
            self.p[name] -= rate * array

    @property
    def theta(self):
        return np.concatenate([array.T.ravel() for array in self.p.values()])


class Autograd:
    """autograd (HIPS) on the forward pass written as a plain loop of h @ W. One-hot input, made
    beforehand: autograd differentiates a product faster than a gather of rows."""

    def __init__(self, network, theta, batches):
        import autograd
        import autograd.numpy as anp
        from autograd.tracer import getval

        self.np, self.getval = anp, getval
        self.loss_and_grad = autograd.value_and_grad(self._loss)
        self.p = dict(network.params(theta))
        self.carry = np.zeros((batches[0].x.shape[1], network.hidden), theta.dtype)
        self.data = [(one_hot(b.x, network), b.y.ravel()) for b in batches]

    def _loss(self, p, x, y):
        anp, h, hs = self.np, self.carry, []
        for x_t in x:
            h = anp.tanh(x_t @ p["W_xh"] + h @ p["W_hh"] + p["b_h"])
            hs.append(h)
        self.end = self.getval(h)
        a = anp.concatenate(hs) @ p["W_hy"] + p["b_y"]
        a = a - self.getval(a).max(axis=1, keepdims=True)  # a constant for each row: no gradient
        return anp.mean(anp.log(anp.sum(anp.exp(a), axis=1)) - a[np.arange(len(y)), y])

    def step(self, one):
        loss, g = self.loss_and_grad(self.p, *one)
        rate = LR * min(1.0, CLIP / norm(g))
        self.p = {name: array - rate * g[name] for name, array in self.p.items()}
        self.carry = self.end
        return loss

    @property
    def theta(self):
        return np.concatenate([array.ravel() for array in self.p.values()])


PEERS = {
    "rnncamp": Package,
    "train": Train,
    "torch": Torch,
    "min-char-rnn": StepByStep,
    "autograd": Autograd,
}


def one_hot(x, network):
    """Return symbols as vectors with a single 1, in the network's precision."""
    return np.eye(network.inputs, dtype=network.dtype)[x]


def norm(g):
    """Return the length of a gradient given as named arrays."""
    return float(np.sqrt(sum(np.vdot(array, array) for array in g.values())))
