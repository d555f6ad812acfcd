"""DerbyNet's timer: posts a heartbeat each half second, and the start and end of a heat."""

from collections.abc import Sequence

from agent.checks.ways import Piece
from tests.agent.checks.profiles.speaking import Phase, form

GARBAGE = b'{"action":"timer-message"}'
HEAT_S = 60


def says(phase: Phase, second: int, _at: int) -> Sequence[Piece]:
    if phase == "frozen":
        return []
    messages = ["HEARTBEAT", "HEARTBEAT"]
    if phase == "heat":
        messages += {0: ["STARTED"], 4: ["FINISHED"]}.get(second % HEAT_S, [])
    return [form(action="timer-message", message=message) for message in messages]
