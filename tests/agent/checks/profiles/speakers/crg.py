"""CRG Scoreboard: the state when asked, then changes; a clock that hangs says that it runs."""

import json
from collections.abc import Sequence

from agent.checks.ways import Piece
from tests.agent.checks.profiles.speaking import Phase, whole

ASKED = b'"action":"Register"'
GARBAGE = b'{"state":{"ScoreBoard.CurrentGame'
JAM_MS = 120_000
LOCKED_MS = 1_000


def says(phase: Phase, second: int, _at: int) -> Sequence[Piece]:
    left = LOCKED_MS if phase == "frozen" else JAM_MS - second % 120 * 1000
    jam = "ScoreBoard.CurrentGame.Clock(Jam)"
    state = {f"{jam}.Time": left, f"{jam}.Running": phase != "between"}
    if second % 30 == 0:  # it was asked
        return whole(json.dumps({"state": state}))
    if phase == "heat":
        return whole(json.dumps({"state": {f"{jam}.Time": left}}))
    return []
