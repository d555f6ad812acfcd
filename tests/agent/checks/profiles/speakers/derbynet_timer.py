"""DerbyNet's timer: posts a heartbeat each half second, and the start and end of a heat."""

from collections.abc import Sequence

from agent.checks.ways import Piece
from tests.agent.checks.profiles.speaking import Phase, whole

GARBAGE = b"action=timer-message&message="
HEAT_S = 60


def says(phase: Phase, second: int, _at: int) -> Sequence[Piece]:
    if phase == "frozen":
        return []
    forms = ["message=HEARTBEAT"] * 2
    if phase == "heat" and second % HEAT_S == 0:
        forms.append("message=STARTED")
    if phase == "heat" and second % HEAT_S == 4:
        forms.append("message=FINISHED&lane1=3.9673&lane2=3.5686&lane3=2.9661&lane4=3.8388")
    return whole(*(f"action=timer-message&{form}" for form in forms))
