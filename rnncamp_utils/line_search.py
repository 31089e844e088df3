"""How far to go along a direction: two line searches.

Both move along θ + t·d from t = 0, where the loss is `loss` and its slope g·d is `slope` < 0.
"""

import numpy as np


def backtrack(f, theta, d, loss, slope, shrink=0.8, c1=1e-2, tries=60):
    """Return (t, loss there): the first of t = 1, 0.8, 0.64, … with enough descent.

    Enough is c1 of what the slope promises. `f` maps θ to the loss. (0, loss) when no t is enough.
    Source: Armijo (1966); the numbers are those of the program to Martens (2010).
    """
    t = 1.0
    for _ in range(tries):
        value = f(theta + t * d)
        if value <= loss + c1 * t * slope:  # false for a NaN
            return t, value
        t *= shrink
    return 0.0, loss


def strong_wolfe(f, theta, d, loss, slope, first=1.0, c1=1e-4, c2=0.9, tries=30):
    """Return (t, loss, gradient) at a t that fulfils the strong Wolfe conditions.

    loss(t) ≤ loss(0) + c1·t·slope: enough descent; |slope(t)| ≤ c2·|slope|: the way is used up.
    `f` maps θ to (loss, gradient); `first` is the first t tried. The t sought is kept between
    `low`, where the loss still falls, and `high`, beyond the bottom. When no t is found the best
    one is returned, with gradient None if that is 0. Source: Nocedal & Wright (2006), section 3.5.
    """
    low, high, best_g, t = (0.0, loss, slope), None, None, first
    for _ in range(tries):
        value, g = f(theta + t * d)
        here = t, float(value), float(g @ d)
        if not value <= loss + c1 * t * slope or value > low[1]:  # also for a NaN
            high = here
        elif abs(here[2]) <= -c2 * slope:
            return t, value, g
        elif here[2] > 0:
            high = here
        else:
            low, best_g = here, g
        t = 2 * t if high is None else _between(low, high)
    return low[0], low[1], best_g


def _between(low, high):
    """Return the minimum of the cubic through two (t, value, slope), kept away from both ends.

    Source: Nocedal & Wright (2006), eq. 3.59.
    """
    (a, fa, sa), (b, fb, sb) = low, high
    width = b - a
    with np.errstate(all="ignore"):  # a loss that overflowed gives a NaN, and so the middle
        d1 = sa + sb - 3 * (fb - fa) / np.float64(width)
        d2 = np.sqrt(d1 * d1 - sa * sb)
        t = b - width * (sb + d2 - d1) / (sb - sa + 2 * d2)
    if not np.isfinite(t):
        return a + width / 2
    return float(np.clip(t, a + 0.1 * width, b - 0.1 * width))
