"""IOF XML 3: the whole list of results, written anew each minute, also when nobody runs."""

from collections.abc import Sequence

from agent.checks.ways import Piece
from tests.agent.checks.profiles.speaking import Phase, clock, whole

GARBAGE = b'<?xml version="1.0" encoding="UTF-8"?><ResultList iofVersion="3.0"><ClassResult>'
EVERY_S = 60


def says(phase: Phase, second: int, _at: int) -> Sequence[Piece]:
    if phase == "frozen" or second % EVERY_S:
        return []
    runners = second // EVERY_S if phase == "heat" else 0
    results = "<PersonResult><Result><Status>OK</Status></Result></PersonResult>" * runners
    return whole(
        '\ufeff<?xml version="1.0" encoding="UTF-8"?>\n'
        '<ResultList xmlns="http://www.orienteering.org/datastandard/3.0" iofVersion="3.0"'
        f' createTime="2026-11-27T{clock(second)}Z" status="Snapshot">'
        f"<ClassResult>{results}</ClassResult></ResultList>",
        name="results.xml",
    )
