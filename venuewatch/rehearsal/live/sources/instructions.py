"""Instructions to a results source of the stage: what it does instead of playing."""

from pathlib import Path
from typing import Final, Literal, TypeAlias

import msgspec

Does: TypeAlias = Literal[
    "plays",
    "silent",
    "held",
    "frozen",
    "status",
    "off",
    "unofficial",
    "late",
    "ahead",
    "back",
    "gap",
    "test",
    "busy",
]
"""What a source does.

==============  ==================================================================================
``plays``       all is well: keep-alives, and scores of a live unit
``silent``      says nothing
``held``        goes on, but what it says is held back, and comes all at once afterwards
``frozen``      says that it lives, and no more
``status``      has said in its schedule that the unit has this ``status``; the unit rests
``off``         has ended its window in good order, and says nothing more
``unofficial``  has ended its unit, and nobody has signed the result
``late``        scores were true ``delay_s`` before they come
``ahead``       its clock is ``offset_s`` ahead
``back``        one score comes with a version that is ``versions`` lower than the last
``gap``         before one score ``versions`` never come
``test``        ``messages`` of a test come among the others
``busy``        plays, and so do ``units`` of other disciplines, of which one after the other ends
==============  ==================================================================================
"""


class Instruction(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a source is to do, and how much of it; ``zone``: of its times, where it has another.

    ``given_at``: when (unixtime), so that the same one that is given anew is another one.
    """

    does: Does = "plays"
    status: str = "INTERRUPTED"
    delay_s: float = 120.0
    offset_s: float = 3600.0
    versions: float = 3.0
    messages: float = 5.0
    units: float = 12.0
    zone: str = ""
    given_at: float = 0.0


PLAYS: Final = Instruction()

_HOUR_S: Final = 3_600
_HOURS: Final = 24


def read(path: Path) -> Instruction:
    """Return the instruction in a file; without one, a source plays.

    Raises:
        ValueError: it is no instruction.
    """
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return PLAYS
    return msgspec.json.decode(content, type=Instruction)


def zone_past_midnight(now_s: float) -> str:
    """Return the name of a zone in which it is between midnight and one o'clock at a unixtime."""
    hour = int(now_s // _HOUR_S) % _HOURS
    east = -hour if hour <= _HOURS // 2 else _HOURS - hour
    return f"Etc/GMT{-east:+d}" if east else "Etc/UTC"  # their signs are those of POSIX
