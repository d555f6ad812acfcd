"""Judges the body of a page: text, pattern or JSON field that it must have."""

from typing import Any, NamedTuple, TypeAlias

import msgspec

from agent.checks.patterns.matcher import MATCHER, UnmatchedError
from agent.checks.reading.limits import Finding
from agent.checks.reading.times import Deadline
from agent.checks.reading.words import short

Plain: TypeAlias = bool | int | float | str


class Expectation(NamedTuple):
    """The content that a body must have; an empty text or None is not looked for."""

    contains: str = ""
    regex: str = ""
    json_path: str = ""
    json_equals: Plain | None = None


def judge(body: bytes, expectation: Expectation, deadline: Deadline, *, is_whole: bool) -> Finding:
    """Return ``ok``, ``critical`` with what is missing, or ``unknown`` if no time was enough."""
    contains, regex, json_path, json_equals = expectation
    cut = "" if is_whole else f" in its first {len(body)} bytes"
    if contains and contains.encode() not in body:
        return Finding("critical", f"the body lacks {short(contains, 80)!r}{cut}")
    try:
        if regex and not MATCHER.is_in(regex, body, deadline):
            return Finding("critical", f"nothing in the body matches {short(regex, 80)!r}{cut}")
    except UnmatchedError as error:
        return Finding("unknown", str(error))
    if not json_path:
        return Finding("ok")
    if not is_whole:
        return Finding("critical", f"the body is over {len(body)} bytes, too long to read as JSON")
    return _judge_json(body, json_path, json_equals)


def _judge_json(body: bytes, path: str, expected: Plain | None) -> Finding:
    try:
        found = _field(msgspec.json.decode(body), path)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        return Finding("critical", "the body is not JSON")
    except LookupError:
        return Finding("critical", f"the body has no field {short(path, 80)}")
    if expected is None or _is_same(found, expected):
        return Finding("ok")
    return Finding("critical", f"{short(path, 80)} is {short(repr(found), 80)}, not {expected!r}")


def _field(found: Any, path: str) -> Any:
    """Return what is at ``path``: names, and numbers in lists, joined by dots.

    Raises:
        LookupError: nothing is there.
    """
    for name in path.split("."):
        if isinstance(found, list) and name.isascii() and name.isdigit():
            found = found[int(name)]
        elif isinstance(found, dict):
            found = found[name]
        else:
            raise LookupError(name)
    return found


def _is_same(found: Any, expected: Plain) -> bool:
    """Return whether they are equal; true is not 1, but 1.0 is."""
    return isinstance(found, bool) == isinstance(expected, bool) and bool(found == expected)
