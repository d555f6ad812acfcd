"""ALGE Timy: a line that ends with CR at each impulse, and nothing else ever."""

from collections.abc import Sequence

from agent.checks.ways import Piece
from tests.agent.checks.profiles.speaking import Phase, bytes_of, clock

START_S = 60


def says(phase: Phase, second: int, _at: int) -> Sequence[Piece]:
    if phase != "heat" or second % START_S > 1:
        return []
    channel = "C0" if second % START_S == 0 else "C1"
    return bytes_of(f"  {second // START_S + 1:04} {channel}  {clock(second)}.4249 00\r")
