"""Refuses a value in words: the place, what was expected, what was got, the nearest known word.

msgspec finds the wrong place. The words come from the type that is expected there. A type with a
pattern has its meaning in ``extra={"words": ...}``; no regular expression is shown. A value is
shown only where it can't be a secret: a number, text in place of a number or of a known word, and
text of a type with ``"is_shown": True``.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Any, TypeVar

import msgspec
from msgspec import inspect

from venuewatch.base.in_toml import in_toml

T = TypeVar("T")


class RefusedError(ValueError):
    """A value does not fit; its text is the line for the operator."""


_WHERE = re.compile(r"(.*?)(?: - at (`key` in )?`\$(.*)`)?", re.DOTALL)
_FIELD = re.compile(r"Object (contains unknown|missing required) field `(.*)`", re.DOTALL)
_STEP = re.compile(r"\.([^.\[]+)|\[(\d+|\.\.\.)\]")
_SECRET = re.compile(r"pass|secret|token|key|auth|user", re.IGNORECASE)
_LONGEST_SHOWN = 64
_MOST_NAMED = 40
_NEAR = 0.65  # of 1: near enough to be what was meant
_NO_WORD = inspect.AnyType()


def convert(data: object, kind: type[T], *, at: str = "$", strict: bool = True) -> T:
    """Turn what a file says into a ``kind``; ``at`` is where in the file it stands.

    Not ``strict``: text may be the number that it is read as.

    Raises:
        RefusedError: it does not fit.
    """
    try:
        return msgspec.convert(data, kind, strict=strict)
    except msgspec.ValidationError as error:
        raise RefusedError(_in_words(error, data, kind, at)) from None


def unknown(what: str, word: object, known: Iterable[str], *, at: str = "") -> str:
    """Return that ``word`` is no known ``what``, with the nearest word that is."""
    import difflib  # noqa: PLC0415 - 0.5 MiB that an agent needs only to refuse its configuration

    names = sorted(known)
    near = difflib.get_close_matches(str(word), names, n=1, cutoff=_NEAR)
    hints = [f'did you mean "{near[0]}"?'] if near else []
    hints += [f"Known: {', '.join(names)}"] if len(names) <= _MOST_NAMED else []
    place = f" at {at}" if at else ""
    return f"unknown {what} {_quoted(str(word))}{place} - {' '.join(hints)}".removesuffix(" - ")


def _in_words(error: msgspec.ValidationError, data: object, kind: type, root: str) -> str:
    found = _WHERE.fullmatch(str(error))
    assert found is not None  # noqa: S101 - it matches any text
    text, is_key, path = found[1], found[2], found[3] or ""
    at = root + path
    if error.__cause__ is not None:  # a rule of the struct's own, in its own words
        words = text.replace("Expected", "expected", 1).replace("`", '"')
        return f"{words} at {at}" if at != "$" else words
    expected, value, name = _walk(inspect.type_info(kind), data, path)
    field = _FIELD.fullmatch(text)
    if field is not None and field[1] == "missing required":
        return f'missing field "{field[2]}" at {at}'
    if field is not None:
        return unknown("field", field[2], _fields_of(expected), at=at)
    if is_key:
        key = getattr(_plain(expected), "key_type", inspect.StrType())  # a struct has fields
        return f"expected each key to be {_expected(key)} at {at}"
    plain = _plain(expected)
    is_shown = not _SECRET.search(name) and _may_be_shown(expected)
    if is_shown and isinstance(value, str) and (known := _words_of(plain)):
        return unknown("value", value, known, at=at)
    got = _got(value, is_shown=is_shown)
    return f"expected {_expected(expected)}{_example(expected, value)}, got {got} at {at}"


def _walk(node: Any, value: object, path: str) -> tuple[Any, object, str]:
    """Return the expected type, the value and the field's name at the end of a path."""
    name = ""
    for step in _STEP.finditer(path):
        plain = _plain(node)
        if step[1] is not None:
            name = step[1]
            node = _fields_of(plain).get(name, _NO_WORD)
            value = value.get(name) if isinstance(value, Mapping) else None
        elif step[2] == "...":  # any of a table's values
            node, value = plain.value_type, msgspec.UNSET
        else:
            index = int(step[2])
            node = _entry_of(plain, index)
            value = value[index] if isinstance(value, list | tuple) else None
    return node, value, name


def _entry_of(plain: Any, index: int) -> Any:
    """Return the type of a list's entry; of several types it is the one that is a list."""
    kinds = plain.types if isinstance(plain, inspect.UnionType) else (plain,)
    for kind in map(_plain, kinds):
        if isinstance(kind, inspect.TupleType):
            return kind.item_types[index]
        if hasattr(kind, "item_type"):
            return kind.item_type
    return _NO_WORD


def _fields_of(node: Any) -> dict[str, Any]:
    """Return the fields that a table may have, with their types; its tag is one of them."""
    plain = _plain(node)
    fields = {field.encode_name: field.type for field in getattr(plain, "fields", ())}
    tag_field = getattr(plain, "tag_field", None)
    return fields if tag_field is None else {tag_field: _NO_WORD, **fields}


def _plain(node: Any) -> Any:
    """Return a type without what is noted on it, and without the None that leaves it out."""
    if isinstance(node, inspect.Metadata):
        return _plain(node.type)
    if isinstance(node, inspect.UnionType):
        others = [each for each in node.types if not isinstance(each, inspect.NoneType)]
        return _plain(others[0]) if len(others) == 1 else node
    return node


def _noted(node: Any, name: str) -> Any:
    """Return what the type says of itself under ``name``, None if nothing."""
    if isinstance(node, inspect.UnionType):
        return next((said for each in node.types if (said := _noted(each, name))), None)
    if isinstance(node, inspect.Metadata):
        said = {**(node.extra or {}), **(node.extra_json_schema or {})}
        return said.get(name) or _noted(node.type, name)
    return None


def _may_be_shown(node: Any) -> bool:
    numbers = (inspect.IntType, inspect.FloatType, inspect.BoolType)
    words = (inspect.LiteralType, inspect.EnumType)
    return bool(_noted(node, "is_shown")) or isinstance(_plain(node), (*numbers, *words))


def _words_of(plain: Any) -> list[str]:
    """Return the words that a value may be, where it is one of few; numbers are none."""
    match plain:
        case inspect.LiteralType(values=values):
            return [value for value in values if isinstance(value, str)]
        case inspect.EnumType(cls=members):
            return [str(member.value) for member in members]
    return []


def _expected(node: Any) -> str:
    """Return a type in words."""
    words: str | None = _noted(node, "words")
    if words is not None:
        return words
    match plain := _plain(node):
        case inspect.IntType():
            return "a whole number" + _bounds(plain)
        case inspect.FloatType():
            return "a number" + _bounds(plain)
        case inspect.StrType():
            return "text" + _lengths(plain, "characters")
        case inspect.VarTupleType() | inspect.ListType():
            return "a list" + _lengths(plain, "entries")
        case inspect.TupleType(item_types=items):
            return f"a list of {len(items)} entries"
        case inspect.UnionType() | inspect.LiteralType():
            return _choice(plain)
        case _:
            return "true or false" if isinstance(plain, inspect.BoolType) else "a table"


def _example(node: Any, value: object) -> str:
    """Return an example of a list or table, where the value is neither of that sort."""
    examples = _noted(node, "examples") or []
    kind = next((type(each) for each in examples if isinstance(each, dict | list)), None)
    if kind is None or isinstance(value, kind):
        return ""
    return f", as {in_toml(next(each for each in examples if isinstance(each, kind)))}"


def _choice(node: inspect.UnionType | inspect.LiteralType) -> str:
    if isinstance(node, inspect.UnionType):
        words = [_expected(it) for it in node.types if not isinstance(it, inspect.NoneType)]
    else:
        words = [_quoted(it) if isinstance(it, str) else str(it) for it in node.values]
    return " or ".join(filter(None, (", ".join(words[:-1]), words[-1])))


def _bounds(number: inspect.IntType | inspect.FloatType) -> str:
    low = f" from {number.ge:.10g}" if number.ge is not None else ""
    low = f" over {number.gt:.10g}" if number.gt is not None else low
    up_to = "to" if number.ge is not None else "up to"
    return low if number.le is None else f"{low} {up_to} {number.le:.10g}"


def _lengths(node: Any, of_what: str) -> str:
    if node.min_length is not None and node.max_length is not None:
        return f" of {node.min_length} to {node.max_length} {of_what}"
    named = ((node.min_length, "at least"), (node.max_length, "at most"))
    return "".join(f" of {words} {limit} {of_what}" for limit, words in named if limit is not None)


def _got(value: object, *, is_shown: bool) -> str:
    if isinstance(value, str) and is_shown and "@" not in value and "://" not in value:
        return _quoted(value)
    match value:
        case bool():
            return str(value).lower()
        case int() | float():
            return str(value)[:_LONGEST_SHOWN] if is_shown else "a number"
        case str():
            return "text"
        case list() | tuple():
            return f"a list of {len(value)}"
        case Mapping():
            return "a table"
        case None | msgspec.UNSET:
            return "another value"
        case _:
            return f"a {type(value).__name__}"


def _quoted(text: str) -> str:
    shown = text if len(text) <= _LONGEST_SHOWN else text[: _LONGEST_SHOWN - 1] + "…"
    return '"' + "".join(sign if sign.isprintable() else repr(sign)[1:-1] for sign in shown) + '"'
