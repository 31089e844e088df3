"""A readout for many words: first the word's class, then the word among those of its class.

P(word) = P(class) · P(word | class), two small softmaxes for one large one. The likelihood is exact
and the probabilities of all words add up to 1; a training step touches √V + V/√V outputs, not V.
Source: Goodman (2001), "Classes for fast maximum entropy training"; Mikolov et al. (2011).
"""

import numpy as np

from .network import Network, Objective, _check_symbols
from .params import glorot
from .recurrence import new_array


def classes_by_frequency(counts):
    """Return the class of each word, (V,): about √V classes in which equally many words of the
    text fall. The commonest words have classes of their own, rare ones share a large class.

    `counts` (V,) says how often each word stands in the training text.
    """
    counts = np.asarray(counts) + 1.0  # words that were never seen have to be somewhere, too
    order = np.argsort(-counts, kind="stable")
    before = np.cumsum(counts[order]) - counts[order]
    classes = np.empty(len(counts), np.intp)
    classes[order] = before / counts.sum() * round(np.sqrt(len(counts)))
    return np.unique(classes, return_inverse=True)[1]  # without the classes that got no word


class ClassNetwork(Network):
    """A network that predicts words by their classes; all else is as in `Network`.

    `counts` (V,) are the words' counts in the training text. `forward` returns the logarithms of
    the words' probabilities, so what reads a network's outputs by softmax reads these; it takes all
    words' time. Training takes only that of the classes. Second-order products are not offered.
    """

    def __init__(self, counts, hidden, cell="tanh", dtype=np.float32):
        super().__init__(len(counts), hidden, len(counts), cell, dtype=dtype)
        self.classes = classes_by_frequency(counts)
        # The words of a class lie side by side among the outputs.
        self.words = np.argsort(self.classes, kind="stable")
        self.place = np.argsort(self.words)
        self.edges = np.searchsorted(self.classes[self.words], np.arange(self.classes.max() + 2))
        C = len(self.edges) - 1
        self.shapes = {**self.shapes, "W_hc": (self.body.width, C), "b_c": (C,)}

    def initial(self, rng):
        """Return a first θ, as `Network` does; the classes' weights are Glorot's, too."""
        theta = super().initial(rng)
        weights = self.params(theta)["W_hc"]
        weights[...] = glorot(rng, weights.shape)
        return theta

    def forward(self, theta, x, start=None, noise=None, empty=new_array):
        """Return (log P of all words (T, B, V), tape); arguments as in `Network.forward`."""
        a, tape = super().forward(theta, x, start, noise, empty)
        p = self.params(theta)
        log_class = _log_softmax(tape.h @ p["W_hc"] + p["b_c"])
        for c, (begin, end) in enumerate(zip(self.edges, self.edges[1:])):
            a[..., begin:end] = _log_softmax(a[..., begin:end]) + log_class[..., c : c + 1]
        return a[..., self.place], tape

    def objective(self, batch, start=None, rng=None):
        """Return the loss of `batch` as an `Objective` on θ."""
        return ClassObjective(self, batch, start, rng)

    def read(self, p, g, h, y, share):
        """Return (the words' losses (n,), the gradient by h (n, H)); fill the readout's of `g`.

        `h` (n, H) are the hidden states, `y` (n,) the words, `share` (n,) their parts of the loss.
        """
        # Sorted by class, so that a class's words are met with one product.
        order = np.argsort(self.classes[y], kind="stable")
        h, y, share = h[order], self.place[y[order]], share[order]
        classes = self.classes[self.words[y]]
        nats, dh = _layer(p["W_hc"], p["b_c"], g["W_hc"], g["b_c"], h, classes, share)
        g["W_hy"][...], g["b_y"][...] = 0, 0
        present, begins = np.unique(classes, return_index=True)
        for c, begin, end in zip(present, begins, [*begins[1:], len(y)]):
            steps, words = slice(begin, end), slice(self.edges[c], self.edges[c + 1])
            if words.stop - words.start == 1:  # its only word is certain
                continue
            weights = (a[..., words] for a in (p["W_hy"], p["b_y"], g["W_hy"], g["b_y"]))
            more = _layer(*weights, h[steps], y[steps] - words.start, share[steps])
            nats[steps] += more[0]
            dh[steps] += more[1]
        back = np.argsort(order)
        return nats[back], dh[back]


class ClassObjective(Objective):
    """The loss of one batch of a `ClassNetwork`."""

    def loss_and_grad(self, theta):
        """Return (loss, ∂loss/∂θ) at θ: equal to those of `forward`, but without it."""
        net, (x, y, weights, _) = self.network, self.batch
        _check_symbols("input", x, net.inputs)
        p, g, empty = net.params(theta), net.params(np.empty_like(theta)), net.workspace.empty
        start = net.zero_state(x.shape[1]) if self.start is None else self.start
        tape = net.body.forward(p, x, start, self.noise, empty)
        self.end = tape.end
        share = np.ones(y.size, theta.dtype) if weights is None else weights.ravel()
        share = (share / share.sum()).astype(theta.dtype)
        nats, dh = net.read(p, g, tape.h.reshape(y.size, -1), y.ravel(), share)
        net.body.backward(p, tape, dh.reshape(tape.h.shape), g, empty)
        return nats @ share, g.theta

    def gauss_newton_product(self, theta):
        raise NotImplementedError("a class-factored readout has no Gauss-Newton product here")


def _log_softmax(a):
    a = a - a.max(axis=-1, keepdims=True)
    return a - np.log(np.exp(a).sum(axis=-1, keepdims=True))


def _layer(W, b, dW, db, h, y, share):
    """Return (−log softmax(h W + b)[y] (n,), the loss's gradient by h); fill `dW` and `db`."""
    a, chosen = h @ W + b, (np.arange(len(y)), y)
    a -= a.max(axis=1, keepdims=True)
    nats = -a[chosen]
    np.exp(a, out=a)
    total = a.sum(axis=1)
    nats += np.log(total)
    a *= (share / total)[:, None]
    a[chosen] -= share
    dW[...], db[...] = h.T @ a, a.sum(axis=0)
    return nats, a @ W.T
