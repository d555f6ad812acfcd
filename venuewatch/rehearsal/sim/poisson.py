"""How many there may really be, when so many were seen."""

import math
from statistics import NormalDist

_CONFIDENCE = 0.95
_SIGMAS = NormalDist().inv_cdf(_CONFIDENCE)
_FEW = 200


def upper_bound(seen: int) -> float:
    """Return the exact one-sided 95 % upper bound of a Poisson mean after ``seen`` events.

    The mean at which seeing no more than that had a chance of 5 % (Garwood 1936); 3.0 for none.

    Raises:
        ValueError: fewer than no events.
    """
    if seen < 0:
        raise ValueError(f"events are counted from 0, got {seen}")
    if seen > _FEW:  # Wilson and Hilferty 1931; by then exact to a thousandth
        more = seen + 1.0
        return more * (1 - 1 / (9 * more) + _SIGMAS / (3 * math.sqrt(more))) ** 3
    low, high = float(seen), seen + 5.0 * math.sqrt(seen + 1.0) + 5.0
    for _ in range(80):
        mean = (low + high) / 2
        if _chance_of_at_most(seen, mean) > 1 - _CONFIDENCE:
            low = mean
        else:
            high = mean
    return high


def _chance_of_at_most(seen: int, mean: float) -> float:
    logs = [count * math.log(mean) - mean - math.lgamma(count + 1) for count in range(seen + 1)]
    top = max(logs)
    return math.exp(top) * math.fsum(math.exp(log - top) for log in logs)
