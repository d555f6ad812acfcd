"""FinishLynx's results: a file for each heat, in UTF-16; nothing between."""

from collections.abc import Sequence

from agent.checks.ways import Piece
from tests.agent.checks.profiles.speaking import Phase

HEAT_S = 240


def says(phase: Phase, _second: int, at: int) -> Sequence[Piece]:
    if phase != "heat" or at % HEAT_S:
        return []
    heat = at // HEAT_S + 1
    lanes = "".join(
        f"{lane},{100 + lane},{lane},,,,{11 + lane / 10:.3f}\r\n" for lane in range(1, 9)
    )
    text = f"\ufeff12,1,{heat},100 m,,,,,,,10:20:30.1234\r\n{lanes}"
    return [Piece(text.encode("utf-16-le"), is_whole=True, name=f"012-1-{heat:02}.lif")]
