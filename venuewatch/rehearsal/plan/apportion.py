"""Hands out whole numbers in proportion: largest remainder, within floors and caps."""

import heapq
import random
from collections.abc import Sequence


def apportion(
    total: int,
    weights: Sequence[float],
    rng: random.Random,
    *,
    floors: Sequence[int] | None = None,
    caps: Sequence[int] | None = None,
) -> list[int]:
    """Return one whole number for each weight; their sum is ``total``.

    Without ``floors`` and ``caps`` that bind, each is its exact share, rounded down or up, and up
    where the remainder is largest (Hamilton's method). ``rng`` decides between equal remainders.

    Raises:
        ValueError: the floors are more than ``total``, or the caps less.
    """
    counts = list(floors) if floors is not None else [0] * len(weights)
    tops = list(caps) if caps is not None else [total] * len(weights)
    rest = total - sum(counts)
    whole = sum(weights)
    lots = [rng.random() for _ in weights]
    # The one that lacks most gets the next: a heap of what each has beyond its exact share.
    heap = [
        (counts[index] - total * weight / whole, lots[index], index)
        for index, weight in enumerate(weights)
        if counts[index] < tops[index]
    ]
    heapq.heapify(heap)
    if rest < 0:
        raise ValueError(f"expected a total of at least {sum(counts)}, got {total}")
    while rest and heap:
        beyond, lot, index = heapq.heappop(heap)
        counts[index] += 1
        rest -= 1
        if counts[index] < tops[index]:
            heapq.heappush(heap, (beyond + 1, lot, index))
    if rest:
        raise ValueError(f"expected a total of at most {total - rest}, got {total}")
    return counts
