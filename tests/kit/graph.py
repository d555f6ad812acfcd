"""The graph of objects behind a core: what of it can change, and how it stands.

A frozen record is one object, whatever is in it; a named tuple is looked into like any other.
"""

from collections import deque
from collections.abc import Iterable
from enum import Enum
from types import FunctionType, MethodType
from weakref import WeakValueDictionary

import msgspec

from aggregator.core.catalogues import KnownCatalogue
from aggregator.core.verdicts.causes import Evidence

_VALUE = str | bytes | int | float | bool | None
_FROZEN = (
    _VALUE,
    type,
    Enum,
    FunctionType,
    frozenset,
    msgspec.Struct,
    Evidence,
    KnownCatalogue,
)


def parts_of(what: object) -> list[tuple[str, object]] | None:
    """Return the parts of an object, each with its name; None of one that is frozen."""
    if isinstance(what, _FROZEN):
        return None
    if isinstance(what, MethodType):
        return [("self", what.__self__)]
    if isinstance(what, dict | WeakValueDictionary):
        keys = [("key", key) for key in what if not isinstance(key, _FROZEN)]
        return [*keys, *((f"[{getattr(key, 'name', key)!r}]", part) for key, part in what.items())]
    if isinstance(what, set):
        return _numbered(sorted(what, key=repr))
    if isinstance(what, list | tuple | deque):
        return _numbered(what)
    slots = [slot for base in type(what).__mro__ for slot in getattr(base, "__slots__", ())]
    names = [name for name in (*slots, *getattr(what, "__dict__", ())) if hasattr(what, name)]
    if not names:
        raise AssertionError(f"expected an object with parts, got {what!r}")
    return [(f".{name}", getattr(what, name)) for name in names]


def changeable(root: object) -> dict[int, tuple[str, object]]:
    """Return every object behind ``root`` that can change, by id, and the way to it."""
    found: dict[int, tuple[str, object]] = {}
    rest = [("", root)]
    seen = set()
    while rest:
        way, what = rest.pop()
        if id(what) in seen:
            continue
        parts = parts_of(what)
        if parts is None:
            continue
        seen.add(id(what))
        if not isinstance(what, tuple | MethodType):
            found[id(what)] = way, what
        rest += [(way + name, part) for name, part in parts]
    return found


def snapshot(root: object, *, without: Iterable[str] = ()) -> list[str]:
    """Return how all behind ``root`` stands, a line for each part, to be compared.

    An object that is met again is named by where it was met first. Parts in ``without`` are not
    looked into.
    """
    left_out, first_met, lines = set(without), dict[int, str](), list[str]()
    rest = [("", root)]
    while rest:
        way, what = rest.pop()
        parts = None if isinstance(what, MethodType) else parts_of(what)
        if parts is None:
            lines.append(f"{way} = {what.__name__ if isinstance(what, MethodType) else what!r}")
        elif id(what) in first_met and not isinstance(what, tuple):
            lines.append(f"{way} is {first_met[id(what)]}")
        else:
            first_met[id(what)] = way
            lines.append(f"{way} : {type(what).__name__} {len(parts)}")
            rest += [(way + name, part) for name, part in parts[::-1] if name not in left_out]
    return lines


def _numbered(what: Iterable[object]) -> list[tuple[str, object]]:
    return [(f"[{number}]", part) for number, part in enumerate(what)]
