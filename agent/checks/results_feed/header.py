"""Header of a message of a results feed: the attributes of its root element.

A field that is not as expected is unknown, and named: a monitor needs the others all the same.
"""

from collections.abc import Callable
from datetime import date, datetime, time
from typing import Literal, NamedTuple, TypeAlias, TypeVar

T = TypeVar("T")

_MAX_VALUE = 128
_MAX_DIGITS = 12
_HHMMSS = 6
MAX_SCHEDULED = 512
_YEARS = range(2000, 2200)


Reason: TypeAlias = Literal[
    "key",
    "peer",
    "browser",
    "content_type",
    "method",
    "request",
    "encoding",
    "slow",
    "oversized",
    "message",
    "full",
    "tls",
    "probe",
    "link",
]
"""Why something is refused: metrics have it as a label."""


class FeedError(Exception):
    """A peer sent something that is no message of a feed; the text says what was expected."""

    reason: Reason = "message"


class TruncatedError(FeedError):
    """It ends too early: it may still be on its way. ``message`` is what it says so far."""

    def __init__(self, text: str, message: "Message | None" = None) -> None:
        super().__init__(text)
        self.message = message


class OversizedError(FeedError):
    """It is larger than it may be."""

    reason = "oversized"


class Message(NamedTuple):
    """The header of one message; what it does not say is ``""`` or None.

    ``stamp`` is the source's Date and Time: local, without a zone. ``size_bytes`` is the size
    of the whole XML. ``schedule`` is the code and the status of each unit that a schedule
    names, at most ``MAX_SCHEDULED``. ``odd``: the fields that are not as expected, each with what
    was; such a field is not known. ``broken``: what is wrong outside of the header, "" for a sound
    message.
    """

    type: str
    competition: str = ""
    code: str = ""
    subcode: str = ""
    subtype: str = ""
    language: str = ""
    source: str = ""
    status: str = ""
    flag: str = ""
    version: int | None = None
    stamp: datetime | None = None
    logical_date: date | None = None
    size_bytes: int = 0
    schedule: tuple[tuple[str, str], ...] = ()
    odd: tuple[str, ...] = ()
    broken: str = ""

    @property
    def identity(self) -> tuple[str, ...]:
        """The key of a sequence of versions."""
        about = (self.competition, self.code, self.subcode)
        return (*about, self.type, self.subtype, self.language, self.source)


def message_of(
    header: dict[str, str],
    size_bytes: int,
    broken: str = "",
    schedule: tuple[tuple[str, str], ...] = (),
) -> Message:
    """Return the message with the attributes ``header``.

    Raises:
        FeedError: it has no DocumentType that can be read.
    """
    odd: list[str] = []
    text = {field: _text(header, name, odd) for name, field in _FIELDS.items()}
    if not text["type"]:
        raise FeedError(odd[0] if odd else "Expected a DocumentType in the root element")
    day, hour = _typed(header, "Date", _date, odd), _typed(header, "Time", _hour, odd)
    return Message(
        **text,
        version=_typed(header, "Version", _number, odd),
        stamp=datetime.combine(day, hour) if day and hour is not None else None,
        logical_date=_typed(header, "LogicalDate", _date, odd),
        size_bytes=size_bytes,
        schedule=schedule,
        odd=tuple(odd),
        broken=broken,
    )


_FIELDS = {
    "DocumentType": "type",
    "CompetitionCode": "competition",
    "DocumentCode": "code",
    "DocumentSubcode": "subcode",
    "DocumentSubtype": "subtype",
    "Language": "language",
    "Source": "source",
    "ResultStatus": "status",
    "FeedFlag": "flag",
}


def scheduled(attributes: dict[str, str]) -> tuple[str, str] | None:
    """Return the code and the status of a unit in a schedule; None if an element has none."""
    code, status = attributes.get("Code", ""), attributes.get("ScheduleStatus", "")
    is_fit = 0 < len(code) <= _MAX_VALUE and 0 < len(status) <= _MAX_VALUE
    return (code, status.upper()) if is_fit and code.isprintable() else None


def _text(header: dict[str, str], name: str, odd: list[str]) -> str:
    text = header.get(name, "")
    if len(text) > _MAX_VALUE or not text.isprintable():
        odd.append(f"Expected {name} to be at most {_MAX_VALUE} printable characters")
        return ""
    return text


def _typed(
    header: dict[str, str], name: str, parse: Callable[[str], T], odd: list[str]
) -> T | None:
    text = _text(header, name, odd)
    if not text:
        return None
    try:
        return parse(text)
    except ValueError:
        odd.append(f"Expected another {name} than {text[:32]!r}")
        return None


def _number(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= _MAX_DIGITS):
        raise ValueError(text)
    return int(text)


def _date(text: str) -> date:
    found = date.fromisoformat(text)
    if found.year not in _YEARS:
        raise ValueError(text)
    return found


def _hour(text: str) -> time:
    """Parse ``hhmmss`` with any digits of a fraction behind."""
    if not (text.isascii() and text.isdigit() and _HHMMSS <= len(text) <= _MAX_DIGITS):
        raise ValueError(text)
    fraction_us = int(f"{text[6:]:0<6}"[:6])
    return time(int(text[:2]), int(text[2:4]), int(text[4:6]), fraction_us)
