"""Squares of hosts: one SVG path for each state, whatever the number of hosts.

Each state has a shape of its own, so that it can be told without its colour. Hosts stand row by
row, in the order in which they are given.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

CELL: Final = 10
COLUMNS_MIN: Final = 12

SHAPES: Final[Mapping[str, tuple[int, int, str]]] = {
    "up": (1, 1, "h8v8h-8z"),  # a square
    "late": (1, 5, "h8v4h-8z"),  # half of one
    "down": (5, 0, "l5 9h-10z"),  # a triangle
    "unreachable": (2, 2, "h6v6h-6z"),  # the outline of a square
    "away": (2, 5, "a3 3 0 1 0 6 0a3 3 0 1 0-6 0z"),  # a ring
    "unseen": (4, 4, "h2v2h-2z"),  # a dot
    "unknown": (2, 8, "l6-6z"),  # a stroke
}
"""Where in its cell the path of each state begins, and its path, which ends where it began."""

WORST_FIRST: Final = ("down", "unreachable", "unknown", "late", "away", "unseen", "up")


class Path(NamedTuple):
    """All hosts of one state."""

    state: str
    d: str


class Squares(NamedTuple):
    """A picture of ``width`` x ``height`` units, and the same in words."""

    width: int
    height: int
    paths: tuple[Path, ...]
    label: str

    @property
    def is_wide(self) -> bool:
        """Whether it has more columns than usual, and takes all the width that there is."""
        return self.width > COLUMNS_MIN * CELL


def draw(states: Sequence[str]) -> Squares:
    """Return the picture of hosts in these states."""
    columns = max(COLUMNS_MIN, math.ceil(math.sqrt(3 * len(states))))
    rows = max(1, math.ceil(len(states) / columns))
    pieces: dict[str, list[str]] = {}
    last: dict[str, tuple[int, int]] = {}
    for place, state in enumerate(states):
        row, column = divmod(place, columns)
        left, top, shape = SHAPES.get(state, SHAPES["unknown"])
        x, y = column * CELL + left, row * CELL + top
        if state in last:
            before_x, before_y = last[state]
            pieces[state].append(f"m{x - before_x} {y - before_y}{shape}")
        else:
            pieces[state] = [f"M{x} {y}{shape}"]
        last[state] = (x, y)
    paths = tuple(Path(state, "".join(pieces[state])) for state in WORST_FIRST if state in pieces)
    return Squares(columns * CELL, rows * CELL, paths, in_words(states))


def in_words(states: Sequence[str]) -> str:
    """Return how many hosts are in which state, the worst first: ``1 down, 39 up``."""
    counts = {state: states.count(state) for state in WORST_FIRST}
    named = [f"{count} {state}" for state, count in counts.items() if count]
    return ", ".join(named) or "no hosts"
