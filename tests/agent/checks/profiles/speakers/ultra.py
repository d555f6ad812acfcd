"""Ultra: its voltage each ten seconds, chips by their seconds since 1980; lines end with CR."""

from collections.abc import Sequence

from agent.checks.ways import Piece
from tests.agent.checks.profiles.speaking import Phase, bytes_of

HELLO = bytes_of("Connected,1,0\r")


def says(phase: Phase, second: int, _at: int) -> Sequence[Piece]:
    if phase == "frozen":
        return []  # the voltage is told by the program that reads the chips
    lines = ["V=12.61\r"] if second % 10 == 0 else []
    if phase == "heat" and second % 2 == 0:
        lines.append(f"0,{51000 + second % 300},{1480000000 + second},{second % 1000},1\r")
    return bytes_of(*lines)
