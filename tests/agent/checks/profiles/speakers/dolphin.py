"""CTS Dolphin: a file for each race, its number at the end of the name; nothing between."""

from collections.abc import Sequence

from agent.checks.ways import Piece
from tests.agent.checks.profiles.speaking import Phase, whole

RACE_S = 180


def says(phase: Phase, _second: int, at: int) -> Sequence[Piece]:
    if phase != "heat" or at % RACE_S:
        return []
    race = at // RACE_S + 1
    lanes = "".join(f"Lane{lane}\r\n{30 + lane}.21;{30 + lane}.25;\r\n" for lane in range(1, 9))
    name = f"003-017-001A-{race:04}.do4"
    return whole(f"{race};1;A\r\n{lanes}C8AE808ADE7F2B0D\r\n", name=name)
