"""Takes a value out of JSON by a pointer (RFC 6901).

``/cars/0/CarData.z``: a ``/`` in a name is ``~1``, a ``~`` is ``~0``, and "" is the whole. The
value is as it is written, so numbers of any size are exact. Nothing is built up but the tables and
lists on the way. Of two equal names the last counts. What programs write and JSON lacks costs only
itself: ``NaN``, ``Infinity``, control characters and halves of letters in a text.
"""

import re
from typing import Any, Final

import msgspec

from agent.checks import extractors
from agent.checks.extractors import Body, BrokenBodyError, NoValueError, fit
from agent.checks.reading.times import Deadline
from agent.checks.reading.words import short

_ESCAPED: Final = re.compile(r"(?:[^~]|~[01])*", re.DOTALL)
_INDEX: Final = re.compile(r"0|[1-9][0-9]{0,15}", re.ASCII)
_NOT_NUMBERS: Final = re.compile(r"(?<=[\[:,\s])-?(?:NaN|Infinity)(?=[\s,\]}])")
_HALVES: Final = re.compile(
    r"(?<!\\)(?:\\u[dD][89abAB][0-9a-fA-F]{2}(?!\\u[dD][c-fC-F])"
    r"|(?<!\\u[dD][89abAB][0-9a-fA-F]{2})\\u[dD][c-fC-F][0-9a-fA-F]{2})"
)
_BLANKS: Final = dict.fromkeys(range(32), " ")
_MAX_PARTS: Final = 250_000  # 40 MB, if all are in one table
_TABLES: Final = {"{": dict[str, msgspec.Raw], "[": list[msgspec.Raw]}
_DECODERS: Final = {begin: msgspec.json.Decoder(kind) for begin, kind in _TABLES.items()}


class Extractor(extractors.Extractor):
    """Takes a text, a number or a truth."""

    def __init__(self, pointer: str) -> None:
        if pointer and not pointer.startswith("/"):
            raise ValueError(f"Expected `json` to begin with /, as /messageId, got {pointer!r}")
        refuse_bad_pointer(pointer, "json")
        self._pointer = pointer
        self._names = names_of(pointer)

    def take(self, body: Body, _deadline: Deadline) -> str:
        """Return the text, or how the number or the truth is written."""
        found = raw_at(body, self._names, self._pointer)
        if found.startswith('"'):
            return fit(msgspec.json.decode(found))
        if found[0] in "{[n":
            kinds = {"{": "a table", "[": "a list", "n": "null"}
            raise NoValueError(f"has {kinds[found[0]]} at {short(self._pointer, 80)!r}")
        return fit(found)


def refuse_bad_pointer(pointer: str, field: str) -> None:
    """Raise ValueError where the setting ``field`` is a pointer with a stray ``~``."""
    if pointer.startswith("/") and not _ESCAPED.fullmatch(pointer):
        raise ValueError(f"Expected `{field}` to have ~0 for each ~ and ~1 for each / in a name")


def names_of(pointer: str) -> list[str]:
    """Return the names in a pointer."""
    return [name.replace("~1", "/").replace("~0", "~") for name in pointer.split("/")[1:]]


def raw_at(body: Body, names: list[str], path: str) -> str:
    """Return the JSON that is at ``names`` in a body, never empty; ``path`` is for people.

    Raises:
        NoValueError: the body is not JSON, or nothing is there.
    """
    if not body.is_whole:
        raise NoValueError(f"is over {len(body.content)} bytes, too long to read as JSON")
    text = body.text.strip(" \t\r\n\0\x1a")
    if text.count(",") > _MAX_PARTS:
        raise NoValueError(f"has over {_MAX_PARTS} parts, too many to read as JSON")
    try:
        try:
            return _follow(text, names)
        except msgspec.DecodeError:
            return _follow(_repaired(text), names)
    except (msgspec.DecodeError, RecursionError):
        raise BrokenBodyError("is not JSON") from None
    except LookupError:
        raise NoValueError(f"has no field {short(path, 80)}") from None


def _follow(text: str, names: list[str]) -> str:
    msgspec.json.decode(text, type=msgspec.Raw)  # the whole is JSON, whatever is asked for
    found = text
    for name in names:
        decoder = _DECODERS.get(found[0])
        if decoder is None:
            raise LookupError(name)
        inside: Any = decoder.decode(found)
        if isinstance(inside, list):
            if not _INDEX.fullmatch(name):
                raise LookupError(name)
            inside = inside[int(name)]
        else:
            inside = inside[name]
        found = bytes(inside).decode().strip(" \t\r\n")
    return found


def _repaired(text: str) -> str:
    """Return a text that is no JSON with what JSON has in place of three faults of writers."""
    text = _NOT_NUMBERS.sub("null", text.translate(_BLANKS))
    return _HALVES.sub(r"\\ufffd", text)


def json_field(body: Body, path: str) -> Any:
    """Return what is at ``path``, a pointer or names with dots between, as Python has it.

    Raises:
        NoValueError: the body is not JSON, or nothing is there.
    """
    names = names_of(path) if path.startswith("/") else path.split(".")
    return msgspec.json.decode(raw_at(body, names, path))
