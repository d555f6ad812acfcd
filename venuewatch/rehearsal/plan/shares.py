"""Decides how many scenarios of each kind are played."""

import math
import random
from collections.abc import Sequence
from fractions import Fraction
from typing import NamedTuple

import msgspec

from venuewatch.rehearsal.plan.apportion import apportion
from venuewatch.rehearsal.plan.terms import PlanError

QUIET_LEAST = Fraction(18, 100)
QUIET_MOST = Fraction(24, 100)
QUIET_AIM = Fraction(205, 1000)
"""The share of scenarios that expect no alarm: about a fifth."""

UNTOUCHED_LEAST = Fraction(1, 3)
"""The share of those with nothing done at all."""

_SEARCHED = 100


class Candidate(msgspec.Struct, frozen=True, kw_only=True):
    """A kind of scenario, as far as a planner has to know it.

    ``venues`` can play it. ``is_quiet``: no alarm is right. ``is_untouched``: nothing is done at
    all. ``runs_alone``: it hits the centre.
    """

    name: str
    venues: tuple[str, ...]
    weight: float = 1.0
    is_quiet: bool = False
    is_untouched: bool = False
    runs_alone: bool = False


class _Groups(NamedTuple):
    alarming: list[int]
    quiet: list[int]
    untouched: list[int]


def counts_of(
    total: int, kinds: Sequence[Candidate], rng: random.Random, *, alone_most: int
) -> list[int]:
    """Return how often each kind is played; ``alone_most`` may hit the centre.

    Raises:
        PlanError: not each kind can be played once within the shares.
    """
    groups = _groups(kinds)
    sizes = _sizes(total, kinds, groups)
    if sizes is None:
        raise PlanError(
            "scenarios",
            f"expected at least {_enough(total, kinds, groups):,}, as each of {len(kinds)} kinds "
            f"is played and {_percent(QUIET_LEAST)} to {_percent(QUIET_MOST)} % expect no alarm, "
            f"got {total:,}",
        )
    counts = [0] * len(kinds)
    for members, size in zip(groups, sizes, strict=True):
        _deal(counts, members, size, kinds, rng)
    _keep_alone_few(counts, kinds, groups, alone_most, rng)
    return counts


def _groups(kinds: Sequence[Candidate]) -> _Groups:
    groups = _Groups([], [], [])
    for index, kind in enumerate(kinds):
        if kind.is_untouched:
            groups.untouched.append(index)
        elif kind.is_quiet:
            groups.quiet.append(index)
        else:
            groups.alarming.append(index)
    if not groups.untouched:
        raise PlanError("kinds", "expected one with nothing done at all, got none to play here")
    if not groups.alarming:
        raise PlanError("kinds", "expected one that expects an alarm, got none to play here")
    return groups


def _sizes(total: int, kinds: Sequence[Candidate], groups: _Groups) -> tuple[int, int, int] | None:
    """Return how many expect an alarm, expect none though something is done, and have nothing done.

    None where no number of each kind is at least one.
    """
    fitting = range(math.ceil(QUIET_LEAST * total), math.floor(QUIET_MOST * total) + 1)
    for silent in sorted(fitting, key=lambda count: abs(count - QUIET_AIM * total)):
        if total - silent < len(groups.alarming):
            continue
        least = max(math.ceil(UNTOUCHED_LEAST * silent), len(groups.untouched))
        most = silent - len(groups.quiet) if groups.quiet else silent
        if least > most:
            continue
        weight = sum(kinds[index].weight for index in groups.untouched)
        weight_of_all = weight + sum(kinds[index].weight for index in groups.quiet)
        aim = round(silent * weight / weight_of_all)
        untouched = silent if not groups.quiet else min(most, max(least, aim))
        return total - silent, silent - untouched, untouched
    return None


def _enough(total: int, kinds: Sequence[Candidate], groups: _Groups) -> int:
    limit = total + 10 * len(kinds) + _SEARCHED
    return next((more for more in range(total + 1, limit) if _sizes(more, kinds, groups)), limit)


def _deal(
    counts: list[int],
    members: Sequence[int],
    size: int,
    kinds: Sequence[Candidate],
    rng: random.Random,
    most: Sequence[int] | None = None,
) -> None:
    weights = [kinds[index].weight for index in members]
    shares = apportion(size, weights, rng, floors=[1] * len(members), caps=most)
    for index, share in zip(members, shares, strict=True):
        counts[index] = share


def _keep_alone_few(
    counts: list[int],
    kinds: Sequence[Candidate],
    groups: _Groups,
    alone_most: int,
    rng: random.Random,
) -> None:
    """Play less of what hits the centre where it would take too many slots."""
    alone = [index for index, kind in enumerate(kinds) if kind.runs_alone]
    if len(alone) > alone_most:
        raise PlanError(
            "centre",
            f"expected {len(alone)} slots or more for the kinds that run alone, as they hit the "
            f"centre, got {max(0, alone_most)}: more days or a shorter slot could",
        )
    tops = {index: counts[index] for index in alone}
    while sum(tops.values()) > alone_most:
        tops[max(alone, key=lambda index: tops[index])] -= 1
    for members in groups:
        size = sum(counts[index] for index in members)
        most = [tops.get(index, size) for index in members]
        if any(counts[index] > top for index, top in zip(members, most, strict=True)):
            try:
                _deal(counts, members, size, kinds, rng, most)
            except ValueError:
                raise PlanError(
                    "centre",
                    f"expected at most {alone_most} scenarios that run alone, as they hit the "
                    f"centre, got {size} of which none may be another: more days could",
                ) from None


def _percent(share: Fraction) -> int:
    return int(share * 100)
