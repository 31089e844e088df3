"""Tasks: from a random generator to a batch whose right answers are known."""

import numpy as np

from .batches import Batch


def temporal_xor(rng, length, sequences):
    """Return next-bit prediction on random pairs of bits, each followed by their XOR.

    x, y: symbols 0 and 1, (length, sequences). Two bits of three are chance; every third target,
    y[1], y[4], …, follows from the two bits before it. Source: Elman (1990), section "XOR".
    """
    triples = length // 3 + 1
    bits = rng.integers(0, 2, (triples, 2, sequences))
    stream = np.concatenate([bits, bits[:, :1] ^ bits[:, 1:]], axis=1).reshape(-1, sequences)
    return Batch(stream[:length], stream[1 : length + 1])


def sine(rng, length, sequences, period=25.0):
    """Return next-value prediction on sine waves of `period` steps that start at random phases.

    x, y: (length, sequences, 1), values between −1 and 1.
    """
    phases = rng.uniform(0, 2 * np.pi, sequences)
    wave = np.sin(2 * np.pi * np.arange(length + 1)[:, None] / period + phases)[..., None]
    return Batch(wave[:-1], wave[1:])


def noisy_sine(rng, length, sequences, noise=0.1, period=25.0):
    """Return `sine` whose inputs carry normal noise of this standard deviation; targets carry none.

    x, y: (length, sequences, 1). The best answer undoes the noise.
    """
    clean = sine(rng, length, sequences, period)
    return clean._replace(x=clean.x + rng.normal(0, noise, clean.x.shape))


def mackey_glass(rng, length, sequences, delay=17):
    """Return next-value prediction on the chaotic Mackey–Glass series, one value per unit of time.

    dx/dt = 0.2·x(t − delay) / (1 + x(t − delay)¹⁰) − 0.1·x(t). x, y: (length, sequences, 1), from
    about 0.2 to 1.4. Each sequence starts from random values and is read when it has settled.
    Source: Mackey & Glass (1977); step 0.1 by Euler's rule, as in Jaeger (2001), "The 'echo state'
    approach to analysing and training recurrent neural networks", eq. 23.
    """
    per_unit, settle = 10, 300
    past = delay * per_unit
    x = np.empty((past + 1 + (settle + length) * per_unit, sequences))
    x[: past + 1] = 1.2 + rng.uniform(-0.2, 0.2, (past + 1, sequences))
    for t in range(past, len(x) - 1):
        old = x[t - past]
        x[t + 1] = x[t] + (0.2 * old / (1 + old**10) - 0.1 * x[t]) / per_unit
    series = x[past + settle * per_unit :: per_unit, :, None]
    return Batch(series[:length], series[1 : length + 1])


def normalized_error(batch, outputs):
    """Return the root of the mean squared error in units of the targets' standard deviation.

    1 is what the mean of the targets scores. Source: Jaeger (2001), eq. 25, there "NRMSE".
    """
    return float(np.sqrt(np.mean((outputs - batch.y) ** 2)) / batch.y.std())


def curves(rng, images, size=28):
    """Return pictures of smooth curves to be compressed: input and target are the same.

    x, y: (1, images, size²), brightness from 0 to 1: one time step, as an autoencoder has no other.
    Each curve is a cubic one through 4 random points, so a picture has 8 degrees of freedom.
    Our own drawing of the data in Hinton & Salakhutdinov (2006) and Martens (2010), "CURVES".
    """
    through = rng.uniform(0.15, 0.85, (images, 4, 2)) * size
    s = np.linspace(0, 1, 3 * size)
    cubic = np.vander(s, 4) @ np.linalg.inv(np.vander(np.linspace(0, 1, 4)))
    points = cubic @ through  # (images, 3·size, 2)
    # A pen of Gaussian width: its ink at (row, column) is a product of one factor for each. The
    # way it goes from point to point is its ink, or slow parts of a curve would be thick.
    way = np.linalg.norm(np.diff(points, axis=1, append=points[:, -1:]), axis=-1)
    centres = np.arange(size) + 0.5
    rows, columns = (np.exp(-((points[..., i, None] - centres) ** 2)) for i in (0, 1))
    ink = (rows * way[..., None]).transpose(0, 2, 1) @ columns
    # 256 levels of grey: without them the faintest ink, 1e-40, would slow float32 down.
    pictures = (np.rint(255 * np.minimum(ink, 1)) / 255).reshape(1, images, size * size)
    return Batch(pictures, pictures)
