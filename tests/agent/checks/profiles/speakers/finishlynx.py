"""FinishLynx with the script of docs/results.md: it dials, and talks only while a race runs."""

from collections.abc import Sequence

from agent.checks.ways import Piece
from tests.agent.checks.profiles.speaking import Phase, bytes_of

STUCK = 41


def says(phase: Phase, second: int, at: int) -> Sequence[Piece]:
    if phase == "between":
        return bytes_of("clock|stopped|52.31\r\n") if at == 0 else []
    tenths = [0] if phase == "frozen" else range(10)
    run = STUCK if phase == "frozen" else second
    lines = (f"clock|running|{run // 60}:{run % 60:02}.{tenth}\r\n" for tenth in tenths)
    return bytes_of(*lines)
