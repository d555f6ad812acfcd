"""Example of a message: JSON that a type of msgspec accepts, with every field that it has."""

from typing import Any

import msgspec
from msgspec import inspect

_SIMPLE: dict[type[inspect.Type], Any] = {
    inspect.BoolType: True,
    inspect.FloatType: 1.5,
    inspect.NoneType: None,
    inspect.AnyType: 1,
    inspect.BytesType: "",
}
_DEEPEST = 6
_HEX = 16


def example(kind: Any) -> bytes:
    """Return JSON that decodes to a ``kind``."""
    value = _value(inspect.type_info(kind), 0)
    return msgspec.json.encode(value)


def _value(info: inspect.Type, depth: int) -> Any:  # noqa: C901, PLR0911 - a case for each kind
    match info:
        case inspect.Metadata(type=plain):
            return _value(plain, depth)
        case inspect.StructType() | inspect.DataclassType() | inspect.TypedDictType():
            return _struct(info, depth)
        case inspect.UnionType(types=types):
            return _value(next(each for each in types if not _is_none(each)), depth)
        case inspect.LiteralType(values=values):
            return values[0]
        case inspect.EnumType(cls=cls):
            return next(iter(cls)).value
        case inspect.TupleType(item_types=kinds):
            return [_value(each, depth + 1) for each in kinds]
        case inspect.CollectionType(item_type=kind, min_length=least):
            return [] if depth > _DEEPEST and not least else [_value(kind, depth + 1)]
        case inspect.DictType(key_type=key, value_type=kind):
            return {_value(key, depth + 1): _value(kind, depth + 1)}
        case inspect.StrType(pattern=pattern):
            return "0" * _HEX if pattern and "a-f" in pattern else "V1"
        case inspect.IntType(ge=least) | inspect.FloatType(ge=least):
            return max(1, least or 0)
    return _SIMPLE[type(info)]


def _struct(info: Any, depth: int) -> dict[str, Any]:
    found = {
        field.encode_name: _value(field.type, depth + 1)
        for field in info.fields
        if field.required or depth <= _DEEPEST
    }
    if getattr(info, "tag_field", None) is not None:
        found[info.tag_field] = info.tag
    return found


def _is_none(info: inspect.Type) -> bool:
    return isinstance(info, inspect.NoneType)
