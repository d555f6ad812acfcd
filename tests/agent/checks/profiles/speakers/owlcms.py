"""OWLCMS: posts a form with each event of a lift; nothing in a break."""

from collections.abc import Sequence

from agent.checks.ways import Piece
from tests.agent.checks.profiles.speaking import Phase, whole

GARBAGE = b"<html>moved</html>"
LIFT_S = 90


def says(phase: Phase, _second: int, at: int) -> Sequence[Piece]:
    if phase != "heat":
        return []
    lift = f"fopName=A&fullName=Athlete+{at // LIFT_S % 12}&attemptNumber=1&weight=120"
    timer = f"{lift}&athleteMillisRemaining=60000&athleteTimerEventType="
    events = {
        0: f"{timer}SetTime",
        10: f"{timer}StartTime",
        40: f"{timer}StopTime",
        45: f"{lift}&decisionEventType=FULL_DECISION&d1=true&d2=true&d3=false",
    }
    return whole(*(text for at, text in events.items() if at % LIFT_S == at))
