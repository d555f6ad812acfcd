"""Words and times for people: hostile text made harmless to read, durations, times with a zone."""

import unicodedata
from datetime import UTC, datetime, timedelta, tzinfo
from functools import lru_cache
from typing import NamedTuple
from zoneinfo import ZoneInfo

from markupsafe import Markup

TEXT_MAX = 300
"""How many characters of a text are shown: a page stays readable with a detail of 64 kB."""

_HIDDEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
_JOINERS = frozenset("\u200c\u200d")  # Persian and Indic words, and emoji, need them
_MINUTE, _HOUR, _DAY = 60, 3600, 86400
_TENTHS_BELOW_S = 0.01
_EXACT_FROM = 1000  # a smaller figure is shown with three digits


def shown(value: object) -> object:
    """Return what a page shows of a value: text without controls, and not too long.

    A control character, a mark that turns the direction of writing, or a surrogate is shown as its
    number. Markup is what we have made ourselves, and stays.
    """
    if isinstance(value, Markup) or not isinstance(value, str):
        return "" if value is None else value
    rest = len(value) - TEXT_MAX
    text = value[:TEXT_MAX]
    if not (text.isascii() and text.isprintable()):
        text = "".join(_visible(character) for character in text)
    return f"{text}… ({rest:,} more characters)" if rest > 0 else text


def _visible(character: str) -> str:
    if character in _JOINERS or unicodedata.category(character) not in _HIDDEN:
        return character
    return " " if character in "\t\n" else f"\\u{{{ord(character):x}}}"


def duration(length_s: float) -> str:
    """Return a duration in two units at most: ``4 min 12 s``."""
    whole = max(0, int(length_s))
    if whole < _MINUTE:
        return f"{whole} s"
    if whole < _HOUR:
        minutes, seconds = divmod(whole, _MINUTE)
        return f"{minutes} min {seconds:02} s"
    if whole < _DAY:
        hours, rest = divmod(whole, _HOUR)
        return f"{hours} h {rest // _MINUTE:02} min"
    days, rest = divmod(whole, _DAY)
    return f"{days} d {rest // _HOUR} h"


def short_span(length_s: float | None) -> str:
    """Return a short time with its unit: ``3.1 ms``, ``1.25 s``; words for none."""
    if length_s is None:
        return "not known"
    if abs(length_s) < 1.0:
        return f"{length_s * 1000:.{0 if abs(length_s) >= _TENTHS_BELOW_S else 1}f} ms"
    return f"{length_s:.3g} s" if abs(length_s) < _MINUTE else duration(abs(length_s))


class Zoned(NamedTuple):
    """A moment in a zone: its time of day, its zone's short name, and a date if it needs one."""

    time: str
    zone: str
    date: str
    iso: str

    def __str__(self) -> str:
        """Return all of it, as text."""
        return f"{self.date} {self.time} {self.zone}".strip()


def zoned(at: float, zone: tzinfo | None, now: float | None = None) -> Zoned:
    """Return a moment ``at`` (s since 1970) in ``zone``; None is the zone of this machine.

    Its date is there unless it is that of ``now`` in the zone.
    """
    moment = datetime.fromtimestamp(at, UTC).astimezone(zone)
    today = None if now is None else datetime.fromtimestamp(now, UTC).astimezone(zone).date()
    date = "" if moment.date() == today else f"{moment.day} {moment:%b}"
    return Zoned(f"{moment:%H:%M:%S}", _zone_name(moment), date, moment.isoformat(" ", "seconds"))


def offset_s(zone: tzinfo | None, at: float) -> int:
    """Return how far (s) the clocks of ``zone`` are ahead of UTC at a moment."""
    offset = datetime.fromtimestamp(at, UTC).astimezone(zone).utcoffset()
    return 0 if offset is None else int(offset / timedelta(seconds=1))


@lru_cache(maxsize=1000)
def zone_of(name: str) -> tzinfo | None:
    """Return the zone of that name, as the inventory has it; None if there is no such zone."""
    try:
        return ZoneInfo(name)
    except (ValueError, OSError, KeyError):  # what is no name, and what is no zone
        return None


def _zone_name(moment: datetime) -> str:
    name = moment.tzname() or "UTC"
    if name[:1] not in "+-":
        return name
    return "UTC" + name.replace("-", "−")  # noqa: RUF001 - a minus, which does not break


def figure(key: str, value: object) -> tuple[str, str]:
    """Return a detail of evidence as words: ``age_s``, 1.0299 becomes ``age``, ``1.03 s``."""
    unit = ""
    for suffix, known in (("_s_ago", " s ago"), ("_s", " s"), ("_ms", " ms"), ("_bytes", " bytes")):
        if key.endswith(suffix):
            key, unit = key.removesuffix(suffix), known
            break
    name = key.replace("_", " ")
    match value:
        case bool():
            return name, "yes" if value else "no"
        case float() | int():
            return name, f"{value:.10g}{unit}" if float(value).is_integer() else _rounded(
                value, unit
            )
        case None:
            return name, "not known"
    return name, f"{shown(value)}{unit}"


def _rounded(value: float, unit: str) -> str:
    return f"{value:.3g}{unit}" if abs(value) < _EXACT_FROM else f"{value:,.1f}{unit}"
