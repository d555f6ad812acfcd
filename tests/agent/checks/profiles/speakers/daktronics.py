"""Daktronics real-time data: a frame four times a second, whether the clock runs or not."""

from collections.abc import Sequence

from agent.checks.ways import Piece
from tests.agent.checks.profiles.speaking import Phase

PERIOD_S = 720


def frame(offset: int, text: str) -> bytes:
    body = f"20000000\x01004010{offset:04}\x02{text}\x04".encode("latin-1")
    return b"\x16" + body + f"{sum(body) % 256:02X}".encode() + b"\x17"


def says(phase: Phase, second: int, _at: int) -> Sequence[Piece]:
    left = PERIOD_S - second % PERIOD_S if phase == "heat" else 0
    clock, score = frame(0, f"{left // 60:2}:{left % 60:02}   "), frame(107, "  12   7")
    return [Piece(clock), Piece(score), Piece(clock), Piece(score)]
