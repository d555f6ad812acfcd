"""Reads the description of a venue, ``venue.toml``, and tells every wrong key at once. Pure.

It has the keys of the inventory for a venue, but for ``code`` and ``host``, which are named
elsewhere.
"""

import re
import tomllib
from typing import Final, NamedTuple

import msgspec

from aggregator.inventory import VenueEntry
from venuewatch.base.config import one_line
from venuewatch.base.refusals import convert, unknown

_ELSEWHERE: Final = {"code": "on the command line", "host": "in the list of hosts"}
KEYS: Final = tuple(
    field.name for field in msgspec.structs.fields(VenueEntry) if field.name not in _ELSEWHERE
)


class Description(NamedTuple):
    """A venue without its hosts, None where anything is wrong; and a line for each such thing."""

    venue: VenueEntry | None
    wrong: tuple[str, ...]


def read(data: bytes, code: str) -> Description:
    """Return the venue of that code, as a file describes it."""
    try:
        text = data.decode("utf-8-sig")
        said = tomllib.loads(text)
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        return Description(None, (f"line {line}: expected UTF-8",))
    except (ValueError, RecursionError) as error:
        return Description(None, (f"expected TOML: {one_line(error)}",))
    wrong = [f"{_line(text, key)}{why}" for key, value in said.items() if (why := _why(key, value))]
    if wrong:
        return Description(None, tuple(wrong))
    try:
        return Description(convert({"code": code, **said}, VenueEntry), ())
    except ValueError as error:
        return Description(None, (one_line(error),))


def _why(key: str, value: object) -> str:
    """Return why a key is wrong; empty where it is right."""
    if key in _ELSEWHERE:
        return f"expected no {key} here: it is {_ELSEWHERE[key]}"
    if key not in KEYS:
        return one_line(unknown("key", key, KEYS))
    try:
        convert({"code": "A", key: value}, VenueEntry)
    except ValueError as error:
        return one_line(str(error).replace("$.", "").removesuffix(" at $"))
    return ""


def _line(text: str, key: str) -> str:
    """Return where a key stands, as far as it can be seen."""
    found = re.search(rf"^[ \t\[\"']*{re.escape(key)}\b", text, re.MULTILINE)
    return "" if found is None else f"line {text.count(chr(10), 0, found.start()) + 1}: "
