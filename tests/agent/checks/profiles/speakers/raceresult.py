"""RACE RESULT decoder: says nothing unless it is asked; then its status in one line."""

from collections.abc import Sequence

from agent.checks.ways import Piece
from tests.agent.checks.profiles.speaking import Phase, bytes_of, clock

ASKED = b"GETSTATUS\r\n"
STUCK = 1234


def says(phase: Phase, second: int, _at: int) -> Sequence[Piece]:
    if second % 30:
        return []
    at = STUCK if phase == "frozen" else second
    timing = 0 if phase == "between" else 1
    return bytes_of(f"GETSTATUS;2026-11-27;{clock(at)}.123;1;11110000;{timing};14;1;48.9;2.3;1\r\n")
