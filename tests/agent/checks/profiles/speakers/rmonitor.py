"""RMonitor: a heartbeat each second with the time of day, also between races; CR and LF."""

from collections.abc import Sequence

from agent.checks.ways import Piece
from tests.agent.checks.profiles.speaking import Phase, bytes_of, clock

STUCK = 1234


def says(phase: Phase, second: int, _at: int) -> Sequence[Piece]:
    at = STUCK if phase == "frozen" else second  # the relay repeats the last that it knows
    racing = phase != "between"
    flag, run = ("Green ", clock(at)) if racing else ("      ", "00:00:00")
    lines = [f'$F,9999,"00:00:00","{clock(at)}","{run}","{flag}"\r\n']
    if phase == "heat" and second % 7 == 0:
        lines.append(
            f'$G,{second % 9 + 1},"{second % 30}",{second // 70},"{clock(second)}.872"\r\n'
        )
    return bytes_of(*lines)
