"""Spreads the scenarios of each kind over the venues that can play it."""

import random
from collections.abc import Mapping, Sequence

from venuewatch.rehearsal.plan.apportion import apportion
from venuewatch.rehearsal.plan.shares import Candidate
from venuewatch.rehearsal.plan.terms import PlanError


class _Board:
    """What is left to give to each venue, and what each kind has got where.

    ``left`` may be moved from one venue to another, within ``caps``.
    """

    def __init__(
        self, kinds: Sequence[Candidate], rows: Mapping[str, int], caps: Mapping[str, int]
    ) -> None:
        self.kinds = kinds
        self.playable = [[code for code in kind.venues if code in rows] for kind in kinds]
        self.left = dict(rows)
        self.caps = dict(caps)
        self.given: list[dict[str, int]] = [{} for _ in kinds]
        self.taken = dict.fromkeys(rows, 0)

    def give(self, index: int, code: str) -> None:
        self.given[index][code] = self.given[index].get(code, 0) + 1
        self.left[code] -= 1
        self.taken[code] += 1

    def take_back(self, index: int, code: str) -> None:
        self.given[index][code] -= 1
        self.left[code] += 1
        self.taken[code] -= 1


def spread(
    kinds: Sequence[Candidate],
    counts: Sequence[int],
    wanted: Mapping[str, float],
    caps: Mapping[str, int],
    rng: random.Random,
) -> list[tuple[int, str]]:
    """Return a kind and a venue for each scenario: its index and the venue's code.

    ``wanted``: the share of each venue; ``caps``: how many its slots and its officers can take.

    Raises:
        PlanError: a venue can't be played, or there are too many scenarios for the venues.
    """
    codes, total = list(wanted), sum(counts)
    _check_venues(kinds, codes, total)
    room = sum(caps.values())
    if total > room or any(cap < 1 for cap in caps.values()):
        raise PlanError(
            "venues",
            f"expected at most {room:,} scenarios in the slots of the venues, got {total:,}",
        )
    rows = apportion(
        total,
        list(wanted.values()),
        rng,
        floors=[1] * len(codes),
        caps=[caps[code] for code in codes],
    )
    board = _Board(kinds, dict(zip(codes, rows, strict=True)), caps)
    lots = [rng.random() for _ in kinds]
    order = sorted(range(len(kinds)), key=lambda index: (len(board.playable[index]), lots[index]))
    for index in order:  # each kind once, before any has two
        _place(board, index, rng)
    for index in order:
        for _ in range(counts[index] - 1):
            _place(board, index, rng)
    return [
        (index, code)
        for index, given in enumerate(board.given)
        for code, number in sorted(given.items())
        for _ in range(number)
    ]


def _check_venues(kinds: Sequence[Candidate], codes: Sequence[str], total: int) -> None:
    if total < len(codes):
        raise PlanError(
            "venues",
            f"expected at least {len(codes)} scenarios, as each venue is played, got {total}",
        )
    playable = {code for kind in kinds for code in kind.venues}
    for code in codes:
        if code not in playable:
            raise PlanError("venues", f"expected a kind that venue {code} can play, got none")


def _place(board: _Board, index: int, rng: random.Random) -> None:
    """Give one scenario of a kind to the venue that lacks most."""
    code = _neediest(board, board.playable[index], index, rng)
    if code is not None:
        board.give(index, code)
    elif not (_swap(board, index) or _yield_to_another(board, index, rng) or _steal(board, index)):
        kind = board.kinds[index]
        raise PlanError(
            "venues",
            f"expected room for one more {kind.name} in {', '.join(board.playable[index][:5])}, "
            f"got none: more days or a shorter slot could",
        )


def _neediest(board: _Board, codes: Sequence[str], index: int, rng: random.Random) -> str | None:
    given = board.given[index]
    open_ones = [code for code in codes if board.left[code] > 0]
    if not open_ones:
        return None
    fewest = min(given.get(code, 0) for code in open_ones)
    open_ones = [code for code in open_ones if given.get(code, 0) == fewest]
    most = max(board.left[code] for code in open_ones)
    return rng.choice([code for code in open_ones if board.left[code] == most])


def _swap(board: _Board, index: int) -> bool:
    """Move a scenario of another kind elsewhere, to where there is room."""
    for code in board.playable[index]:
        for other, given in enumerate(board.given):
            if other == index or not given.get(code):
                continue
            there = next((each for each in board.playable[other] if board.left[each] > 0), None)
            if there is not None:
                board.take_back(other, code)
                board.give(other, there)
                board.give(index, code)
                return True
    return False


def _yield_to_another(board: _Board, index: int, rng: random.Random) -> bool:
    """Play another kind of the same sort instead, if this one has been placed before."""
    kind = board.kinds[index]
    if not any(board.given[index].values()):
        return False
    like = [
        other
        for other, each in enumerate(board.kinds)
        if (each.is_quiet, each.is_untouched, each.runs_alone)
        == (kind.is_quiet, kind.is_untouched, kind.runs_alone)
    ]
    for other in sorted(like, key=lambda other: sum(board.given[other].values())):
        code = _neediest(board, board.playable[other], other, rng)
        if code is not None:
            board.give(other, code)
            return True
    return False


def _steal(board: _Board, index: int) -> bool:
    """Let a venue have one scenario more, and another one less."""
    givers = [code for code, left in board.left.items() if left > 0 and board.taken[code] > 0]
    takers = [code for code in board.playable[index] if board.taken[code] < board.caps[code]]
    if not givers or not takers:
        return False
    giver = max(givers, key=lambda code: board.left[code])
    taker = min(takers, key=lambda code: board.taken[code])
    board.left[giver] -= 1
    board.left[taker] += 1
    board.give(index, taker)
    return True
