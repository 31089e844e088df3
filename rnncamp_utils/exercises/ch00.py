"""The exercise of chapter 00: how an exercise works."""

import numpy as np

from .base import Slip, exercise


@exercise(
    "0.1",
    inputs=lambda rng: {"nats": rng.uniform(1, 3, 4)},
    result=("bits",),
    hints=["One bit is a factor of 2, so log(2) nats, which is about 0.69."],
    slips=[
        Slip(
            lambda nats: nats * np.log(2),
            "You multiplied: a bit is smaller than a nat, so there are more bits than nats.",
        ),
        Slip(lambda nats: nats / 0.69, "0.69 is rounded: use np.log(2)."),
        Slip(
            lambda nats: 1 * nats,
            "This is what you were given: is there np.log2(2) in your line? It is 1.",
        ),
        Slip(
            lambda nats: nats / np.log10(2),
            "np.log10 has the base 10: nats need the natural logarithm, np.log.",
        ),
        Slip(lambda nats: np.log2(nats), "nats is a logarithm already: only its unit changes."),
    ],
)
def to_bits(nats):
    return nats / np.log(2)
