"""LiveStats: once it has parameters, JSON in lines; a ping each ten seconds, long box scores."""

import json
from collections.abc import Sequence

from agent.checks.ways import Piece
from tests.agent.checks.profiles.speaking import Phase, bytes_of

ASKED = b'"type":"parameters"'
GARBAGE = b'{"type":"status","clock":\r\n'
PERIOD_S = 600
STUCK = 300


def line(**message: object) -> str:
    return json.dumps(message, separators=(",", ":")) + "\r\n"


def says(phase: Phase, second: int, at: int) -> Sequence[Piece]:
    played = STUCK if phase == "frozen" else second
    left, runs = PERIOD_S - played % PERIOD_S, int(phase != "between")
    clock = f"{left // 60:02}:{left % 60:02}:00"
    lines = [line(type="ping", timestamp=f"2026-11-27 10:00:{second % 60:02}")]
    if second % 10:
        lines = []
    if phase == "frozen" or (phase == "heat" and second % 2 == 0) or at == 0:
        lines.append(line(type="status", status="inprogress", clock=clock, clockRunning=runs))
    if phase == "heat" and at % 15 == 0:
        lines.append(line(type="action", messageId=at // 15 + 1, clock=clock))
        lines.append(line(type="boxscore", teams=["x" * 90_000]))
    return bytes_of(*lines)
