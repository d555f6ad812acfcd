"""Reader of Wiclax: a star each five seconds, a passing every few; lines end with CR alone."""

from collections.abc import Sequence

from agent.checks.ways import Piece
from tests.agent.checks.profiles.speaking import Phase, bytes_of, clock

BEAT_S = 5
PASSING_S = 3


def says(phase: Phase, second: int, at: int) -> Sequence[Piece]:
    if phase == "frozen":
        return []  # the heartbeat is its program's own
    lines = ["*\r"] if second % BEAT_S == 0 else []
    if phase == "heat" and at % PASSING_S == 0:
        lap = at // PASSING_S
        lines.append(f"{1000 + lap % 40};27-11-2026 {clock(second)}.620;0A;{lap};80;0\r")
    return bytes_of(*lines)
