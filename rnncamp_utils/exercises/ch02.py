"""The exercises of chapter 02: backpropagation through time."""

import numpy as np

from .base import Slip, exercise

T, B, D, H, K = 5, 3, 4, 6, 2  # pairwise different, so that no transposed product fits by chance


def _states(rng, *shape):
    return np.tanh(rng.normal(size=shape))


def _logistic(a):
    return 1 / (1 + np.exp(-a))


@exercise(
    "2.1",
    inputs=lambda rng: {
        "h_tanh": _states(rng, B, H),
        "h_logistic": rng.uniform(0.05, 0.95, (B, H)),
    },
    result=("dtanh", "dlogistic"),
    hints=[
        "tanh' = 1 − tanh², and h_tanh already is the tanh.",
        "σ' = σ(1 − σ), and h_logistic already is the σ.",
    ],
    slips=[
        Slip(
            lambda h, s: (1 - np.tanh(h) ** 2, s * (1 - s)),
            "You took the tanh of h_tanh, which is a tanh already: 1 − h².",
        ),
        Slip(lambda h, s: (1 - h, s * (1 - s)), "The slope of tanh is 1 − h²: square h."),
        Slip(
            lambda h, s: (1 - h**2, _logistic(s) * (1 - _logistic(s))),
            "You took the σ of h_logistic, which is a σ already: h(1 − h).",
        ),
        Slip(
            lambda h, s: (1 - h**2, 1 - s**2),
            "This is the slope of tanh, taken twice: that of the logistic function is h(1 − h).",
        ),
        Slip(
            lambda h, s: (1 - h**2, 2 * s * (1 - s)),
            "Twice too large: that would be the slope of σ(2a).",
        ),
        Slip(
            lambda h, s: (s * (1 - s), 1 - h**2),
            "The two are exchanged: return the slope of tanh first.",
        ),
    ],
)
def slopes(h_tanh, h_logistic):
    return 1 - h_tanh**2, h_logistic * (1 - h_logistic)


def _softmax(y, axis=-1):
    return np.exp(y) / np.exp(y).sum(axis=axis, keepdims=True)


def _minus_one(p, came):
    return p - np.eye(p.shape[-1])[came]


def _only_what_came(y, came):
    return _minus_one(_softmax(y), came) * np.eye(y.shape[-1])[came] / came.size


@exercise(
    "2.2",
    inputs=lambda rng: {
        "y": rng.normal(size=(T, B, K + 2)),
        "came": rng.integers(0, K + 2, (T, B)),
    },
    result=("dy",),
    forwards=("dy",),
    hints=[
        "Three steps: p = softmax of y (sum over the last axis, keepdims=True); take 1 off at what "
        "came; divide.",
        "np.eye(K)[came] is what came as one-hot vectors, (T, B, K). came.size is T·B.",
    ],
    slips=[
        Slip(
            lambda y, came: _minus_one(_softmax(y), came),
            "This belongs to the sum of the surprises: the loss is their mean. Divide by T·B.",
        ),
        Slip(
            lambda y, came: _minus_one(_softmax(y), came) / len(came),
            "You divided by T: the mean is over T·B symbols, all steps of all sequences.",
        ),
        Slip(
            lambda y, came: _minus_one(_softmax(y), came) / came.shape[1],
            "You divided by B: the mean is over T·B symbols, all steps of all sequences.",
        ),
        Slip(
            lambda y, came: _minus_one(_softmax(y), came) / y.size,
            "You divided by T·B·K: each step of each sequence has one surprise, so the mean is "
            "over T·B: came.size, not y.size.",
        ),
        Slip(
            lambda y, came: -_minus_one(_softmax(y), came) / came.size,
            "The sign is wrong: a larger output at a wrong symbol makes the loss larger.",
        ),
        Slip(
            lambda y, came: _softmax(y) / came.size,
            "Only the softmax is there: take 1 off at the symbol that came.",
        ),
        Slip(
            lambda y, came: _minus_one(y, came) / came.size,
            "These are the outputs, not yet the probabilities: the softmax is missing.",
        ),
        Slip(
            lambda y, came: _minus_one(_softmax(y, axis=0), came) / came.size,
            "Your probabilities add up to 1 over time: sum over the last axis, axis=-1.",
        ),
        Slip(
            lambda y, came: _minus_one(_softmax(y, axis=None), came) / came.size,
            "Your probabilities add up to 1 over all steps and sequences together: sum over the "
            "last axis only, with axis=-1 and keepdims=True.",
        ),
        Slip(
            lambda y, came: (_softmax(y) - 1) / came.size,
            "You took 1 off at every symbol: only at the one that came.",
        ),
        Slip(
            _only_what_came,
            "All other symbols got 0: they had a probability too, and too much of it.",
        ),
    ],
)
def d_outputs(y, came):
    p = np.exp(y) / np.exp(y).sum(axis=-1, keepdims=True)
    return (p - np.eye(y.shape[-1])[came]) / came.size


def _weights(rng):
    return {"W_hy": rng.normal(size=(H, K)), "W_hh": rng.normal(size=(H, H)) / 2}


def _step(slope, dy, da_next, W_hy, W_back):
    dh = dy @ W_hy.T + da_next @ W_back
    return dh, dh * slope


@exercise(
    "2.3",
    inputs=lambda rng: {
        "dy": rng.normal(size=(B, K)),
        "da_next": rng.normal(size=(B, H)),
        "h": _states(rng, B, H),
        **_weights(rng),
    },
    result=("dh", "da"),
    hints=[
        "dh is a sum of two: what comes from the output at t, and what comes back from t + 1.",
        "Shapes help: dy (B, K) times W_hy.T (K, H), and da_next (B, H) times W_hh.T (H, H).",
    ],
    slips=[
        Slip(
            lambda dy, da_next, h, W_hy, W_hh: _step(1 - h**2, dy, 0 * da_next, W_hy, W_hh),
            "dh lacks the part that comes back from t + 1: da_next @ W_hh.T.",
        ),
        Slip(
            lambda dy, da_next, h, W_hy, W_hh: _step(1 - h**2, 0 * dy, da_next, W_hy, W_hh.T),
            "dh lacks the part from its own output: dy @ W_hy.T.",
        ),
        Slip(
            lambda dy, da_next, h, W_hy, W_hh: _step(1 - h**2, dy, da_next, W_hy, W_hh),
            "W_hh has to be transposed: the way back goes against the arrows.",
        ),
        Slip(
            lambda dy, da_next, h, W_hy, W_hh: _step(1, dy, da_next, W_hy, W_hh.T),
            "dh is right, but da lacks the slope of tanh, 1 − h².",
        ),
        Slip(
            lambda dy, da_next, h, W_hy, W_hh: _step(h * (1 - h), dy, da_next, W_hy, W_hh.T),
            "dh is right, but da has the slope of the logistic function: the units are tanh.",
        ),
        Slip(
            lambda dy, da_next, h, W_hy, W_hh: _step(
                1 - np.tanh(h) ** 2, dy, da_next, W_hy, W_hh.T
            ),
            "dh is right, but for da you took the tanh of h, which is a tanh already: 1 − h².",
        ),
        Slip(
            lambda dy, da_next, h, W_hy, W_hh: _step(1 - h**2, dy, da_next, W_hy, W_hh.T)[::-1],
            "The two are exchanged: return dh first, then da.",
        ),
    ],
)
def step_back(dy, da_next, h, W_hy, W_hh):
    dh = dy @ W_hy.T + da_next @ W_hh.T
    da = dh * (1 - h**2)
    return dh, da


def _pass(dy, h, W_hy, W_back, keep=lambda t: True, carried=lambda dh, da: da):
    """A pass whose carry out of step t survives where `keep(t)`."""
    dh, da, carry = np.empty_like(h), np.empty_like(h), 0
    for t in reversed(range(len(h))):
        dh[t] = dy[t] @ W_hy.T + carry
        da[t] = dh[t] * (1 - h[t] ** 2)
        carry = carried(dh[t], da[t]) @ W_back if keep(t) else 0
    return dh, da


def _without_last(dy, h, W_hy, W_hh):
    dh, da = _pass(dy[:-1], h[:-1], W_hy, W_hh.T)
    last = np.zeros_like(h[:1])
    return np.concatenate([dh, last]), np.concatenate([da, last])


def _forwards(dy, h, W_hy, W_hh):
    dh, da = _pass(dy[::-1], h[::-1], W_hy, W_hh.T)
    return dh[::-1], da[::-1]


def _not_turned(dy, h, W_hy, W_hh):
    dh, da = _pass(dy, h, W_hy, W_hh.T)
    return dh[::-1], da[::-1]


def _without_first(dy, h, W_hy, W_hh):
    dh, da = _pass(dy, h, W_hy, W_hh.T)
    dh[0] = da[0] = 0
    return dh, da


def _slope_of_before(dy, h, W_hy, W_hh):
    dh, da, carry = np.empty_like(h), np.empty_like(h), 0
    for t in reversed(range(len(h))):
        dh[t] = dy[t] @ W_hy.T + carry
        da[t] = dh[t] * (1 - h[t - 1] ** 2)
        carry = da[t] @ W_hh.T
    return dh, da


def _one_array_for_both(dy, h, W_hy, W_hh):
    da = _pass(dy, h, W_hy, W_hh.T)[1]
    return da, da


def _all_carries(dy, h, W_hy, W_hh):
    dh, da, carry = np.empty_like(h), np.empty_like(h), 0
    for t in reversed(range(len(h))):
        dh[t] = dy[t] @ W_hy.T + carry
        da[t] = dh[t] * (1 - h[t] ** 2)
        carry = carry + da[t] @ W_hh.T
    return dh, da


@exercise(
    "2.4",
    inputs=lambda rng: {
        "dy": rng.normal(size=(T, B, K)), "h": _states(rng, T, B, H), **_weights(rng)
    },
    result=("dh", "da"),
    backwards=("dh", "da"),
    hints=[
        "Make dh and da with np.empty_like(h), set carry = 0, then for t in reversed(range(T)).",
        "At the end of each round: carry = da[t] @ W_hh.T. The next round, t − 1, adds it.",
        "If you call step_back: it wants da[t + 1], and multiplies by W_hh.T itself. Begin with "
        "np.zeros_like(h[0]), for there is no step after the last.",
    ],
    slips=[
        Slip(
            lambda dy, h, W_hy, W_hh: _pass(dy, h, W_hy, W_hh.T, keep=lambda t: False),
            "The part that comes back from t + 1 is missing: did you add the carry?",
        ),
        Slip(_without_last, "The last step was left out: begin at t = T − 1."),
        Slip(_forwards, "Your loop runs forwards in time: t has to fall, from T − 1 to 0."),
        Slip(
            lambda dy, h, W_hy, W_hh: _pass(dy, h, W_hy, W_hh),
            "W_hh has to be transposed: the way back goes against the arrows.",
        ),
        Slip(
            lambda dy, h, W_hy, W_hh: _pass(dy, h, W_hy, W_hh.T, carried=lambda dh, da: dh),
            "You carried dh: what comes back has to pass the slope first. Carry da.",
        ),
        Slip(
            _all_carries,
            "Your carry grows from step to step: it comes from step t + 1 alone, which already "
            "holds what came from later.",
        ),
        Slip(
            _not_turned,
            "The numbers are right, but in the order of your loop, the last step first: turn them "
            "round with [::-1].",
        ),
        Slip(
            _without_first,
            "The step t = 0 was left out: range(T - 1, 0, -1) ends at t = 1. Write "
            "reversed(range(T)).",
        ),
        Slip(
            lambda dy, h, W_hy, W_hh: _pass(dy, h, W_hy, W_hh.T @ W_hh.T),
            "What comes back went through W_hh.T twice: step_back does that itself, so hand it "
            "da[t + 1] as it is.",
        ),
        Slip(
            _one_array_for_both,
            "dh and da are one and the same array: dh = da = np.empty_like(h) makes only one. Make "
            "two.",
        ),
        Slip(_slope_of_before, "da[t] passes the slope at its own step: 1 − h[t]², not h[t − 1]."),
        Slip(
            lambda dy, h, W_hy, W_hh: _pass(dy, h, W_hy, W_hh.T)[::-1],
            "The two are exchanged: return dh first, then da.",
        ),
    ],
)
def way_back(dy, h, W_hy, W_hh):
    dh, da, carry = np.empty_like(h), np.empty_like(h), 0
    for t in reversed(range(len(h))):
        dh[t] = dy[t] @ W_hy.T + carry
        da[t] = dh[t] * (1 - h[t] ** 2)
        carry = da[t] @ W_hh.T
    return dh, da


def _sums(x, old, da):
    steps = range(len(da))
    return (
        sum(x[t].T @ da[t] for t in steps),
        sum(old[t].T @ da[t] for t in steps),
        da.sum(axis=(0, 1)),
    )


def _old(h):
    return np.concatenate([np.zeros_like(h[:1]), h[:-1]])


@exercise(
    "2.5",
    inputs=lambda rng: {
        "x": rng.normal(size=(T, B, D)),
        "h": _states(rng, T, B, H),
        "da": rng.normal(size=(T, B, H)),
    },
    result=("dW_xh", "dW_hh", "db_h"),
    hints=[
        "For one step: x[t].T @ da[t] has the shape (D, H) of W_xh. Add up all steps.",
        "W_hh met the state before the step: zeros at t = 0, then h[t - 1].",
        "da.sum(axis=(0, 1)) adds up over time and over the sequences.",
    ],
    slips=[
        Slip(
            lambda x, h, da: _sums(x, h, da),
            "W_hh was multiplied by the state before the step, h[t − 1], not by h[t].",
        ),
        Slip(
            lambda x, h, da: _sums(x[-1:], _old(h)[-1:], da[-1:]),
            "This is the share of the last step alone: add up all steps.",
        ),
        Slip(
            lambda x, h, da: _sums(x[:1], _old(h)[:1], da[:1]),
            "This is the share of the first step alone: write += where you write =.",
        ),
        Slip(
            lambda x, h, da: tuple(g / len(da) for g in _sums(x, _old(h), da)),
            "This is the mean over time: the weight served in every step, so its shares add up.",
        ),
        Slip(
            lambda x, h, da: (*_sums(x, _old(h), da)[:2], da.sum(axis=0)),
            "db_h still has an axis for the sequences: sum over time and sequences, axis=(0, 1).",
        ),
        Slip(
            lambda x, h, da: (*_sums(x, _old(h), da)[:2], da.mean(axis=(0, 1))),
            "db_h is a mean here: the bias served at every step of every sequence, so add up.",
        ),
        Slip(
            lambda x, h, da: _sums(x, np.roll(h, 1, axis=0), da),
            "At t = 0 you took the last state: h[t - 1] is h[-1] there, which Python counts from "
            "the end (np.roll does the same). Before the first step the state is 0.",
        ),
        Slip(
            lambda x, h, da: _sums(x, np.concatenate([h[1:], np.zeros_like(h[:1])]), da),
            "W_hh was multiplied by the state before the step, h[t − 1]: you took h[t + 1].",
        ),
        Slip(
            lambda x, h, da: (
                _sums(x, _old(h), da)[0], _sums(x, _old(h), da)[1].T, da.sum(axis=(0, 1))
            ),
            "dW_hh is transposed: its rows belong to the old state, old.T @ da.",
        ),
    ],
)
def weight_gradients(x, h, da):
    old = np.concatenate([np.zeros_like(h[:1]), h[:-1]])  # old[t] is h[t - 1]
    dW_xh = sum(x[t].T @ da[t] for t in range(len(da)))
    dW_hh = sum(old[t].T @ da[t] for t in range(len(da)))
    return dW_xh, dW_hh, da.sum(axis=(0, 1))


def _wave(z):
    """The function of exercise 2.6; it works on complex numbers."""
    return np.exp(0.5 * z) * np.sin(z)


@exercise(
    "2.6",
    inputs=lambda rng: {"f": _wave, "x": rng.normal(size=6), "s": 0.01},
    result=("slope",),
    hints=[
        "1j is Python's imaginary unit. Go a step of s in that direction: f(x + 1j * s).",
        "The imaginary part of an array z is z.imag. Divide it by s.",
    ],
    slips=[
        Slip(
            lambda f, x, s: (f(x + s) - f(x)) / s,
            "This is the one-sided difference. Step along the imaginary axis instead: x + 1j * s.",
        ),
        Slip(
            lambda f, x, s: (f(x + s) - f(x - s)) / (2 * s),
            "This is the central difference. Step along the imaginary axis instead: x + 1j * s.",
        ),
        Slip(lambda f, x, s: f(x + 1j * s).imag, "Divide by the step s."),
        Slip(
            lambda f, x, s: f(x + 1j * s).real / s,
            "You took the real part, which is f(x) itself: the slope is in the imaginary part.",
        ),
        Slip(
            lambda f, x, s: f(x + 1j * s).imag / (2 * s),
            "Half of the slope: the step is s here, not 2s.",
        ),
        Slip(
            lambda f, x, s: f(x + 1e-30j).imag / 1e-30,
            "That is the slope itself. Take the step s that was given, so that we can try others.",
        ),
        Slip(
            lambda f, x, s: f(x + 1j).imag,
            "You went a step of 1 along the imaginary axis: go a step of s, x + 1j * s.",
        ),
    ],
)
def complex_slope(f, x, s):
    return f(x + 1j * s).imag / s


LONG = 10  # with windows of 4 every way to count them cuts elsewhere


def _whole_windows_only(dy, h, W_hy, W_hh, window):
    dh, da, whole = np.zeros_like(h), np.zeros_like(h), len(h) // window * window
    dh[:whole], da[:whole] = _pass(
        dy[:whole], h[:whole], W_hy, W_hh.T, keep=lambda t: t % window
    )
    return dh, da


@exercise(
    "2.7",
    inputs=lambda rng: {
        "dy": rng.normal(size=(LONG, B, K)), "h": _states(rng, LONG, B, H), **_weights(rng),
        "window": 4,
    },
    result=("dh", "da"),
    backwards=("dh", "da"),
    hints=[
        "Take your answer to 2.4. Only one thing changes: at the border the carry becomes 0.",
        "Nothing may cross from t to t − 1 where t begins a window: t % window == 0.",
    ],
    slips=[
        Slip(
            lambda dy, h, W_hy, W_hh, window: _pass(dy, h, W_hy, W_hh.T),
            "Nothing is cut: this is the whole way back, as in exercise 2.4.",
        ),
        Slip(
            lambda dy, h, W_hy, W_hh, window: _pass(
                dy, h, W_hy, W_hh.T, keep=lambda t: (t + 1) % window
            ),
            "You cut one step too early: windows begin at t = 0, 4, 8, so the carry is lost on its "
            "way from t = 4 to t = 3, and from t = 8 to t = 7.",
        ),
        Slip(
            lambda dy, h, W_hy, W_hh, window: _pass(
                dy, h, W_hy, W_hh.T, keep=lambda t: (t - 1) % window
            ),
            "You cut one step too late: t = 4 begins a window, and still gets what comes back from "
            "t = 5. Set the carry to 0 after that step, not before.",
        ),
        Slip(
            _whole_windows_only,
            "The last window, which is shorter here, was left out: t = 8 and 9 belong to it.",
        ),
        Slip(
            lambda dy, h, W_hy, W_hh, window: _pass(
                dy, h, W_hy, W_hh.T, keep=lambda t: (len(h) - t) % window
            ),
            "Your windows are counted from the end: the first one begins at t = 0.",
        ),
        Slip(
            lambda dy, h, W_hy, W_hh, window: _pass(dy, h, W_hy, W_hh.T, keep=lambda t: False),
            "The carry is always 0: that is a window of one step.",
        ),
        Slip(
            lambda dy, h, W_hy, W_hh, window: _pass(
                dy, h, W_hy, W_hh.T, keep=lambda t: t >= len(h) - window
            ),
            "Only the last window has a way back: begin anew in each window.",
        ),
    ],
)
def truncated(dy, h, W_hy, W_hh, window):
    dh, da, carry = np.empty_like(h), np.empty_like(h), 0
    for t in reversed(range(len(h))):
        dh[t] = dy[t] @ W_hy.T + carry
        da[t] = dh[t] * (1 - h[t] ** 2)
        carry = da[t] @ W_hh.T if t % window else 0
    return dh, da
