"""JChip: says its name when it has dialled, its time when asked, and chips as they pass."""

from collections.abc import Sequence

from agent.checks.ways import Piece
from tests.agent.checks.profiles.speaking import Phase, bytes_of, clock

HELLO = bytes_of("N0000finish-1\r")
ASKED = b"GT\r"


def says(phase: Phase, second: int, _at: int) -> Sequence[Piece]:
    if phase == "frozen":
        return []
    digits = clock(second).replace(":", "")
    lines = [f"GT0{digits}00 date=20261127\r"] if second % 30 == 0 else []  # it was asked
    if phase == "heat" and second % 4 == 1:
        lines.append(f"DA{413000 + second % 50}_{clock(second)}.45 10000000{second % 10}\r\n")
    return bytes_of(*lines)
