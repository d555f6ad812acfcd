"""Bytes of a results system to the agent's check ``stream``: framed, taken apart and judged.

The first byte says how they are framed, and where they are cut.
"""

from collections.abc import Sequence
from datetime import UTC
from typing import Final

from agent.checks.extractors import Body, Extract
from agent.checks.reading.times import Deadline, Now
from agent.checks.streams.facts import facts_of
from agent.checks.streams.frames import LINE_ENDS, Frames
from agent.checks.streams.judge import Hindrance, Judge
from agent.checks.streams.settings import Plan
from agent.checks.streams.source import Source

ERRORS: tuple[type[Exception], ...] = ()  # what is wrong is counted

_EXTRACTS: Final = {
    "number": Extract(json="/n"),
    "clock": Extract(columns=(2, 8)),
    "running": Extract(xml="Clock@Running"),
    "stamp": Extract(json="/at"),
}
_ENDS: Final = (LINE_ENDS, ("$",), ("\x04", "\x17"), ("--", "-+", "+"))
_ENCODINGS: Final = ("auto", "utf-16-le", "utf-8", "cp1252", "shift_jis")
_MAX_BYTES: Final = 4096


def read(data: bytes) -> None:
    """Take in a stream in pieces, and judge."""
    how, now = (data[0] if data else 0), Now(1.0, 1e9)
    plan = Plan(extracts=_EXTRACTS, number_rests_s=1.0, clock_rests_s=1.0, same_frame_s=1.0)
    extractors = {name: extract.extractor() for name, extract in plan.extracts.items()}
    source = Source()
    judge = Judge(plan, source, Now(0.0, 1e9))
    frames = Frames(_ENDS[how % len(_ENDS)], _ENCODINGS[how % len(_ENCODINGS)], _MAX_BYTES)
    size = 1 + how
    for at in range(1, len(data), size):
        cut = frames.cut(data[at : at + size])
        source.hear_bytes(size, now)
        source.hear_oversized(cut.oversized, now)
        bodies = [Body(content, "utf-8") for content in cut.frames]
        found = {name: it.take_all(bodies, Deadline(1.0)) for name, it in extractors.items()}
        for place, body in enumerate(bodies):
            said = facts_of({name: each[place] for name, each in found.items()}, UTC, now)
            source.hear(body.content, said, now)
    judge.judge(Now(2.0, 1e9), Hindrance())


def seeds() -> Sequence[bytes]:
    """Return what systems say."""
    return [
        b' {"n": 7, "at": "2024-08-03T12:00:00Z"}\r\n*\r\n',
        b"\x15Finish@Passing@9@$@Ping@$",
        b'\x00\xff\xfe<\0a\0/\0>\0\n\0<Clock Running="Y"/>\n',
        b"\x02\x16\x01\x0212:31\x04\x17",
    ]
