"""LENEX: the meet with all its results, written when a heat is official; nothing between."""

from collections.abc import Sequence

from agent.checks.ways import Piece
from tests.agent.checks.profiles.speaking import Phase, whole

GARBAGE = b'<?xml version="1.0" encoding="UTF-8"?><LENEX version="3.0"><MEETS>'
HEAT_S = 300


def says(phase: Phase, _second: int, at: int) -> Sequence[Piece]:
    if phase != "heat" or at % HEAT_S:
        return []
    results = '<RESULT resultid="1" swimtime="00:00:58.21"/>' * (at // HEAT_S)
    return whole(
        '<?xml version="1.0" encoding="UTF-8"?>\n<LENEX version="3.0"><CONSTRUCTOR name="meet"/>'
        f"<MEETS><MEET><RESULTS>{results}</RESULTS></MEET></MEETS></LENEX>",
        name="meet.lef",
    )
