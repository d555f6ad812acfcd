"""MyLaps exporter: messages end with a dollar; a ping that wants an answer, numbered passings."""

from collections.abc import Sequence

from agent.checks.ways import Piece
from tests.agent.checks.profiles.speaking import Phase, bytes_of, clock

HELLO = bytes_of("Finish@Pong@$")


def says(phase: Phase, second: int, at: int) -> Sequence[Piece]:
    if phase == "frozen":
        return []
    messages = ["Finish@Ping@$"] if second % 20 == 0 else []
    if phase == "heat" and at % 5 == 0:
        passing = f"t={clock(second)}.904|c=00{41 + second % 60:05}|d=261127|l=1|dv=4|re=0|an=11"
        messages.append(f"Finish@Passing@{passing}@{at // 5 + 1}@$")
    return bytes_of(*messages)
