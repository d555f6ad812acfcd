"""Reads a datagram that a results program pushed: JSON, with values as programs write them.

A number may be a text or have a fraction of zeros, and a truth may be 0, 1 or a word. A field that
is not as expected is unknown, and costs that field only.
"""

import re
from typing import Any, NamedTuple

import msgspec

from agent.checks.reading.encodings import encoding_of, text_of

MAX_DATAGRAM = 1024
EXPECTED = 'expected JSON such as {"last": 123, "live": true}'

_LARGEST = 2**53  # the whole numbers up to here are exact in JSON (RFC 8259, 6)
_NAME_MAX = 64  # characters
_NUMBER = re.compile(r"([0-9]{1,16})(\.0{0,16})?", re.ASCII)
_TRUTHS = {
    **dict.fromkeys(("true", "yes", "on", "1", "1.0"), True),
    **dict.fromkeys(("false", "no", "off", "0", "0.0", "", "none"), False),
}


class Said(NamedTuple):
    """One datagram. ``odd``: the names of its fields that could not be read."""

    last: int | None = None
    live: bool = False
    bye: bool = False
    name: str = ""
    odd: tuple[str, ...] = ()


def read_said(datagram: bytes) -> Said | None:
    """Return what a datagram says; None if it is no JSON object, or too long. Never raises."""
    data = datagram.rstrip(b"\0")  # a program in C may send its whole buffer
    encoding = encoding_of(data)
    if len(datagram) > MAX_DATAGRAM or not encoding:
        return None
    if encoding == "utf-16-le":
        data += b"\0" * (len(data) % 2)
    try:
        fields = msgspec.json.decode(text_of(data, encoding).strip())
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
    if isinstance(value, bool):
        return None
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, str) and (found := _NUMBER.fullmatch(value.strip())):
        value = int(found[1])
    return value if isinstance(value, int) and 0 <= value <= _LARGEST else None


def _truth(fields: dict[str, Any], name: str) -> bool | None:
    """Return a truth, False where it is not said; None where it can't be read."""
    value = fields.get(name)
    return _TRUTHS.get(str(value).strip().lower()) if not isinstance(value, (dict, list)) else None
