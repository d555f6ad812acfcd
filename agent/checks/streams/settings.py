"""Settings of a stream but its way in: what a profile may say, too, and what holds unless said."""

import codecs
from collections.abc import Mapping, Sequence
from datetime import UTC, tzinfo
from typing import Annotated, Any, Final, Literal, TypeAlias

import msgspec
from msgspec import Meta

from agent.checks import LimitS, about
from agent.checks.extractors import Extract
from agent.checks.patterns.matcher import refuse_bad_pattern
from agent.checks.reading.escapes import refuse_escaped
from agent.checks.results_feed.clock import zone_of
from agent.checks.streams import facts
from agent.checks.streams.expected import span_of
from agent.checks.streams.frames import LINE_ENDS, refuse_bad_encoding

MAX_FRAME_BYTES: Final = 4 * 1024 * 1024

_LAST_BYTE: Final = 0xFF
_NAMES: Final = frozenset({"CR", "LF", "CRLF", "LFCR", "NUL", "STX", "ETX", "EOT", "ETB"})
_NEEDED: Final = {
    "number_rests_s": "number",
    "clock_rests_s": "clock",
    "expected_while": "running",
    "send_every_s": "send",
}
"""Settings that mean nothing without another."""
_OF_MESSAGES: Final = (*facts.NAMES, "answers", "same_frame_s")

_End: TypeAlias = Annotated[str, Meta(max_length=16)]
_Ends: TypeAlias = _End | Annotated[tuple[_End, ...], Meta(min_length=1, max_length=8)]
_Words: TypeAlias = Annotated[str, Meta(max_length=4096)]
_RestS: TypeAlias = Annotated[float, Meta(ge=1.0, le=604_800.0)]
_Answers: TypeAlias = Annotated[
    dict[Annotated[str, Meta(min_length=1, max_length=256)], _Words], Meta(max_length=16)
]


Ends: TypeAlias = Annotated[
    _Ends | None,
    about(
        "what ends a message: one text or several, each character a byte; CR, LF and CRLF if"
        ' not said; "" where nothing does: then any byte is life. A whole datagram, body or'
        " file is one message unless this is said",
        ["$"],
    ),
]
Encoding: TypeAlias = Annotated[
    str | None,
    about('"auto" (byte order mark, else UTF-8, else cp1252) if not said', "utf-16le"),
]
MaxFrameBytes: TypeAlias = Annotated[
    Annotated[int, Meta(ge=16, le=MAX_FRAME_BYTES)] | None,
    about(
        "longest message, in bytes; 65,536 if not said. A longer one is life, and counted",
        1_048_576,
    ),
]
Alive: TypeAlias = Annotated[
    Extract | None,
    about("messages that have this only say that it lives", {"regex": r"^(\*|V=)"}),
]
Number: TypeAlias = Annotated[
    Extract | None, about("a number that must advance", {"json": "/messageId"})
]
Clock: TypeAlias = Annotated[
    Extract | None, about("a clock that must run, while `running`", {"columns": [2, 8]})
]
Running: TypeAlias = Annotated[
    Extract | None,
    about("true while it competes: `true`, `Y`, `1`, `live` …", {"xml": "Clock@Running"}),
]
Stamp: TypeAlias = Annotated[
    Extract | None, about("when it was sent, by the source's clock", {"xml": "@createTime"})
]
Send: TypeAlias = Annotated[
    _Words | None, about("what is sent once connected, each character a byte", "GETSTATUS\r\n")
]
SendEveryS: TypeAlias = Annotated[
    _RestS | None, about("send it again after this time, at a reading, in s", 30.0)
]
Answers: TypeAlias = Annotated[
    _Answers | None,
    about(
        "what a message is answered with, at the reading that hears it, by a regular expression"
        " for the whole message",
        {"@Ping@": "me@AckPing@$"},
    ),
]
SilenceLimitS: TypeAlias = Annotated[
    LimitS | None, about("how long it may say nothing, in s; 60 if not said", 30.0)
]
NumberRestsS: TypeAlias = Annotated[
    _RestS | None, about("how long `number` may rest while `running`, in s", 300.0)
]
ClockRestsS: TypeAlias = Annotated[
    _RestS | None, about("how long `clock` may rest while `running`, in s", 3.0)
]
SameFrameS: TypeAlias = Annotated[
    _RestS | None, about("how long nothing new may come while `running`, in s", 60.0)
]
LatencyLimitS: TypeAlias = Annotated[
    LimitS | None,
    about(
        "how long messages may be on their way by their `stamp`, or all be broken, in s; 90 if"
        " not said",
        30.0,
    ),
]
ClockLimitS: TypeAlias = Annotated[
    LimitS | None,
    about("how far the source's clock may be off by `stamp`, in s; 60 if not said", 30.0),
]
Expected: TypeAlias = Annotated[
    tuple[Annotated[str, Meta(max_length=64)], ...] | None,
    about("when it should talk, in `zone`; always if not said", ["Mon-Sun 08:00-22:00"]),
]
ExpectedWhile: TypeAlias = Annotated[
    Literal["running"] | None, about("it need not talk while not `running`", "running")
]
Zone: TypeAlias = Annotated[
    str | None, about("IANA name of the zone of `expected` and `stamp`; UTC if not said", "UTC")
]


class Talk(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How a source talks, and how long it may not, as a profile says it; None: not said.

    ``agent.checks.stream.Config`` has the same fields.

    Raises:
        ValueError: a part can't be meant.
    """

    ends: Ends = None
    encoding: Encoding = None
    max_frame_bytes: MaxFrameBytes = None
    alive: Alive = None
    number: Number = None
    clock: Clock = None
    running: Running = None
    stamp: Stamp = None
    send: Send = None
    send_every_s: SendEveryS = None
    answers: Answers = None
    silence_limit_s: SilenceLimitS = None
    number_rests_s: NumberRestsS = None
    clock_rests_s: ClockRestsS = None
    same_frame_s: SameFrameS = None
    latency_limit_s: LatencyLimitS = None
    clock_limit_s: ClockLimitS = None
    expected: Expected = None
    expected_while: ExpectedWhile = None
    zone: Zone = None

    def __post_init__(self) -> None:
        refuse_bad_talk(self)


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """All settings together, each decided; None for a limit that does not hold.

    ``ends``: none where nothing ends a message. ``splits_bodies``: they also divide what comes
    whole. ``extracts``: where each fact is, by name.
    """

    ends: Sequence[str] = LINE_ENDS
    splits_bodies: bool = False
    encoding: str = "auto"
    max_frame_bytes: int = 65_536
    extracts: Mapping[str, Extract] = {}
    send: bytes = b""
    send_every_s: float | None = None
    answers: Mapping[str, bytes] = {}
    silence_limit_s: float = 60.0
    number_rests_s: float | None = None
    clock_rests_s: float | None = None
    same_frame_s: float | None = None
    latency_limit_s: float = 90.0
    clock_limit_s: float = 60.0
    expected: Sequence[str] = ()
    expected_while: Literal["running"] | None = None
    zone: str = "UTC"


def time_zone(name: str) -> tzinfo:
    """Return a zone; UTC is known to every machine. Raises ValueError as :func:`zone_of`."""
    return UTC if name == "UTC" else zone_of(name)


def plan_of(*talks: Any) -> Plan:
    """Return the plan: of each setting, what the first of these says that says anything.

    Each has the fields of :class:`Talk`. Raises ValueError for settings that do not go together.
    """
    said: dict[str, Any] = {}
    for name in Talk.__struct_fields__:
        values = (getattr(talk, name) for talk in talks)
        if (value := next((it for it in values if it is not None), None)) is not None:
            said[name] = value
    for name, needed in _NEEDED.items():
        if name in said and needed not in said:
            raise ValueError(f"Expected `{needed}` beside `{name}`")
    if said.get("ends") == "" and (moot := next(filter(said.get, _OF_MESSAGES), "")):
        raise ValueError(f'Expected no `{moot}` beside `ends = ""`: it is of messages')
    if (ends := said.get("ends")) is not None:
        said["ends"] = tuple(filter(None, (ends,))) if isinstance(ends, str) else ends
        said["splits_bodies"] = bool(ends)
    if (encoding := said.get("encoding", "auto")) != "auto":
        said["encoding"] = codecs.lookup(encoding).name
    said["extracts"] = {name: said.pop(name) for name in facts.NAMES if name in said}
    said["send"] = said.get("send", "").encode("latin-1")
    said["answers"] = {
        pattern: text.encode("latin-1") for pattern, text in said.get("answers", {}).items()
    }
    return Plan(**said)


def refuse_bad_talk(talk: Any) -> None:
    """Raise ValueError where a setting of a :class:`Talk`, or of what has its fields, is none."""
    if talk.encoding is not None:
        refuse_bad_encoding(talk.encoding)
    if talk.zone is not None:
        time_zone(talk.zone)
    for text in talk.expected or ():
        span_of(text)
    for pattern in talk.answers or ():
        refuse_bad_pattern(pattern, "answers")
    _refuse_no_bytes("ends", (talk.ends,) if isinstance(talk.ends, str) else talk.ends or ())
    _refuse_no_bytes("send", (talk.send or "",))
    _refuse_no_bytes("answers", list((talk.answers or {}).values()))
    if isinstance(talk.ends, tuple) and "" in talk.ends:
        raise ValueError('Expected `ends` to be "", or a list of texts that are not empty')


def _refuse_no_bytes(field: str, texts: Sequence[str]) -> None:
    """Raise ValueError where a text that is sent or looked for has more than bytes in it.

    Nor may it name a character in place of having it, as TOML reads a backslash in single quotes.
    """
    if any(ord(each) > _LAST_BYTE for text in texts for each in text):
        raise ValueError(f"Expected `{field}` to have characters up to U+00FF: each is a byte")
    refuse_escaped(field, texts, _NAMES if field == "ends" else frozenset())
