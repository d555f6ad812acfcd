"""Colorado Time Systems: channels with eight digits, round and round, without an end."""

from collections.abc import Sequence

from agent.checks.ways import Piece
from tests.agent.checks.profiles.speaking import Phase


def channel(number: int, digits: str) -> bytes:
    address = 0x80 | (~number & 0x1F) << 1
    return bytes([address, *(at << 4 | 15 - int(digit) for at, digit in enumerate(digits))])


def says(phase: Phase, second: int, _at: int) -> Sequence[Piece]:
    shown = second % 600 if phase == "heat" else 0
    lanes = (channel(lane, f"{lane}0{shown:04}00") for lane in range(8))
    return [Piece(b"".join(lanes))]
