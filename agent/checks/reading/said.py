"""Reads a datagram that a results program pushed: JSON, with values as programs write them.

A number may be a text or have a fraction of zeros, and a truth may be 0, 1 or a word. A field that
is not as expected is unknown, and costs that field only.
"""

from typing import Any, NamedTuple

import msgspec

from agent.checks.reading.encodings import text_in
from agent.checks.reading.values import number_of, truth_of

MAX_DATAGRAM = 1024
EXPECTED = 'expected JSON such as {"last": 123, "live": true}'

_LARGEST = 2**53  # the whole numbers up to here are exact in JSON (RFC 8259, 6)
_NAME_MAX = 64  # characters


class Said(NamedTuple):
    """One datagram. ``odd``: the names of its fields that could not be read."""

    last: int | None = None
    live: bool = False
    bye: bool = False
    name: str = ""
    odd: tuple[str, ...] = ()


def read_said(datagram: bytes) -> Said | None:
    """Return what a datagram says; None if it is no JSON object, or too long. Never raises."""
    text = text_in(datagram)
    if len(datagram) > MAX_DATAGRAM or text is None:
        return None
    try:
        fields = msgspec.json.decode(text.strip())
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return None
    if not isinstance(fields, dict):
        return None
    last, live, bye = _number(fields), _truth(fields, "live"), _truth(fields, "bye")
    given = fields.get("name")
    name = str(given) if isinstance(given, (str, int, float)) else ""
    is_odd_name = len(name) > _NAME_MAX or isinstance(given, (dict, list))
    odd = {"live": live is None, "bye": bye is None, "name": is_odd_name}
    odd["last"] = last is None and fields.get("last") is not None
    names = tuple(sorted(field for field, is_odd in odd.items() if is_odd))
    return Said(last, bool(live), bool(bye), name[: _NAME_MAX + 1], names)


def _number(fields: dict[str, Any]) -> int | None:
    value = fields.get("last")
    if isinstance(value, str):
        value = number_of(value)
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if not isinstance(value, int) or isinstance(value, bool):
        return None
    return value if 0 <= value <= _LARGEST else None


def _truth(fields: dict[str, Any], name: str) -> bool | None:
    """Return a truth, False where it is not said; None where it can't be read."""
    value = fields.get(name)
    return None if isinstance(value, (dict, list)) else truth_of(str(value))
