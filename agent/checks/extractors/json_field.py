"""Takes a field out of a JSON body, by a JSON pointer or by names with dots.

``/cars/0/CarData.z`` is a pointer (RFC 6901): it begins with a slash, a ``/`` in a name is ``~1``,
and a ``~`` is ``~0``. ``cars.0.name`` has dots between its names, so none in them.
"""

import re
from typing import Any

import msgspec

from agent.checks.extractors import NoValueError
from agent.checks.reading.words import short

_ESCAPED = re.compile(r"(?:[^~]|~[01])*", re.DOTALL)
_INDEX = re.compile(r"0|[1-9][0-9]{0,15}", re.ASCII)


def refuse_bad_path(path: str, field: str) -> None:
    """Raise ValueError where the setting ``field`` is a pointer with a stray ``~``."""
    if path.startswith("/") and not _ESCAPED.fullmatch(path):
        raise ValueError(f"Expected `{field}` to have ~0 for each ~ and ~1 for each / in a name")


def json_field(body: bytes, path: str) -> Any:
    """Return what is at ``path`` in a body of bounded size.

    Raises:
        NoValueError: the body is not JSON, or nothing is there.
    """
    try:
        found = msgspec.json.decode(body)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        raise NoValueError("is not JSON") from None
    try:
        for name in _names(path):
            found = _within(found, name)
    except LookupError:
        raise NoValueError(f"has no field {short(path, 80)}") from None
    return found


def _names(path: str) -> list[str]:
    if not path.startswith("/"):
        return path.split(".")
    return [name.replace("~1", "/").replace("~0", "~") for name in path[1:].split("/")]


def _within(found: Any, name: str) -> Any:
    if isinstance(found, list) and _INDEX.fullmatch(name):
        return found[int(name)]
    if isinstance(found, dict):
        return found[name]
    raise LookupError(name)
