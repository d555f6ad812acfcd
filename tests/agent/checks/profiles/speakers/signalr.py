"""SignalR hub: JSON messages that end with 0x1E; a ping each 15 seconds, invocations with data."""

from collections.abc import Sequence

from agent.checks.ways import Piece
from tests.agent.checks.profiles.speaking import Phase, whole

HELLO = whole("{}\x1e")
ASKED = b'"protocol":"json"'
GARBAGE = b'{"error":"service unavailable"}\x1e'


def says(phase: Phase, second: int, _at: int) -> Sequence[Piece]:
    messages = ['{"type":6}\x1e'] if second % 15 == 0 else []
    if phase == "heat" and second % 2 == 0:
        lap = f'{{"type":1,"target":"lap","arguments":[{second}]}}\x1e'
        messages.append(lap + lap)  # two messages in one
    return whole(*messages)
