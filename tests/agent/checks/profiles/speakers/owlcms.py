"""OWLCMS: posts a form with each event of a lift; nothing in a break."""

from collections.abc import Sequence

from agent.checks.ways import Piece
from tests.agent.checks.profiles.speaking import Phase, form

GARBAGE = b"<html>moved</html>"
LIFT_S = 90
EVENTS = {0: "SetTime", 20: "StartTime", 50: "StopTime"}


def says(phase: Phase, _second: int, at: int) -> Sequence[Piece]:
    if phase != "heat" or at % LIFT_S not in EVENTS:
        return []
    athlete = f"Athlete {at // LIFT_S % 12}"
    event = EVENTS[at % LIFT_S]
    return [form(fopName="A", fullName=athlete, weight="120", athleteTimerEventType=event)]
