"""DerbyNet: answers each question with the heat, and whether racing is on."""

import json
from collections.abc import Sequence

from agent.checks.ways import Piece
from tests.agent.checks.profiles.speaking import Phase, whole

GARBAGE = b"<html><body>502 Bad Gateway</body></html>"
HEAT_S = 120


def says(phase: Phase, second: int, at: int) -> Sequence[Piece]:
    if second % 30:
        return []
    heat = at // HEAT_S + 1 if phase == "heat" else 7
    current = {"now_racing": phase != "between", "roundid": 1, "heat": heat}
    return whole(json.dumps({"current-heat": current, "timer-state": {"lanes": 4, "state": 4}}))
