"""Write ``docs/checks.md`` from the code: ``python docs/make_checks.py``."""

import importlib
import inspect as source
import json
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

import msgspec
from msgspec import NODEFAULT, inspect

import agent
from agent import checks
from agent.checks import ways

TARGET = Path(__file__).parent / "checks.md"

_HEAD = """\
# Checks

`docs/make_checks.py` makes this page from the code. A test fails when the page is out of date.

Each `[[check]]` of `agent.toml` is one check of one kind. A kind is one file in `agent/checks/`.
The agent loads only the kinds that are configured. `venuewatch check-config agent.toml` points to
the first error.

Every check has a `state`, a `detail` for people, and values. Values become the metrics
`venuewatch_check_…` and `venuewatch_results_…`. A check that has not ended within `timeout_s` is
reported as `critical`, and the others go on.
"""

_COMMON = """
## What every kind has

Where a kind has another default, its own table shows it. Tables that several kinds have follow.
"""

_WORDS: dict[type, str] = {
    inspect.StrType: "text",
    inspect.BoolType: "true or false",
    inspect.IntType: "whole number",
    inspect.FloatType: "number",
    inspect.DictType: "table",
    inspect.AnyType: "anything",
}

_HELD = ("type", "item_type", "value_type")
"""Types within a type, besides the fields of a struct and the ``types`` of a union."""


class Row(NamedTuple):
    """One field, in words."""

    name: str
    type: str
    meaning: str
    default: str
    example: str


def text() -> str:
    """Return the whole page."""
    common = _rows(checks.CheckConfig)
    modules = {kind: checks.load(kind) for kind in checks.kinds()}
    within = [struct for module in modules.values() for struct in _within(module.Config)]
    shared = [struct for at, struct in enumerate(within) if struct in within[:at]]
    index = [f"| [`{kind}`](#{kind}) | {_paragraph(module)} |" for kind, module in modules.items()]
    parts = [_HEAD, "| kind | description |", "|---|---|", *index, _COMMON, _table(common)]
    parts += [_table_of(struct) for struct in dict.fromkeys(shared)]
    for kind, module in modules.items():
        own = [row for row in _rows(module.Config) if row not in common]
        parts += [f"\n## {kind}\n", _paragraph(module), "", source.getdoc(module.Config) or "", ""]
        within = [struct for struct in _within(module.Config) if struct not in shared]
        parts += [_table(own), *map(_table_of, within), *_tables_of_ways(kind)]
        parts += ["\n```toml\n[[check]]", *example(kind, module.Config), "```"]
    return "\n".join([*parts, ""])


def example(kind: str, config: type[msgspec.Struct]) -> list[str]:
    """Return the least configuration of a kind, a line a field, of its fields' examples.

    Where a kind needs one of several fields, as many as it takes are given, in their order.
    """
    given: dict[str, object] = {"kind": kind, "name": f"my-{kind}"}
    fields = [field for field in _fields(config) if field.name not in given]
    given |= {field.name: _first_example(field) for field in fields if field.required}
    optional = [field for field in fields if not field.required]
    while not _fits(given, config) and optional:
        field = optional.pop(0)
        if _meta(field).get("examples"):
            given[field.name] = _first_example(field)
    return [f"{name} = {in_toml(value)}" for name, value in given.items()]


def in_toml(value: object) -> str:
    """Return a value as TOML writes it on one line."""
    if isinstance(value, dict):
        pairs = (f"{_key(name)} = {in_toml(item)}" for name, item in value.items())
        return f"{{ {', '.join(pairs)} }}" if value else "{}"
    if isinstance(value, list | tuple):
        return f"[{', '.join(in_toml(item) for item in value)}]"
    return json.dumps(value, ensure_ascii=False)  # the same for texts, numbers and booleans


def _key(name: object) -> str:
    plain = str(name)
    return plain if plain.replace("_", "").replace("-", "").isalnum() else json.dumps(plain)


def _fits(given: dict[str, object], config: type[msgspec.Struct]) -> bool:
    try:
        msgspec.convert(given, config)
    except msgspec.ValidationError:
        return False
    return True


def _fields(config: type[msgspec.Struct]) -> tuple[inspect.Field, ...]:
    """Return the fields, those of a kind's own before those that it shares."""
    found = inspect.type_info(config)
    fields = found.fields if isinstance(found, inspect.StructType) else ()
    own = source.get_annotations(config)
    return tuple(sorted(fields, key=lambda field: field.name not in own))


def _meta(field: inspect.Field) -> dict[str, Any]:
    """Return the field's own description and examples."""
    said = field.type.extra_json_schema if isinstance(field.type, inspect.Metadata) else None
    return said or {}


def _first_example(field: inspect.Field) -> object:
    return next(iter(_meta(field).get("examples", ["?"])))


def _rows(config: type[msgspec.Struct]) -> list[Row]:
    return [_row(field) for field in _fields(config)]


def _row(field: inspect.Field) -> Row:
    examples = _meta(field).get("examples", [])
    return Row(
        f"`{field.name}`",
        _type_in_words(field.type),
        _meta(field).get("description", ""),
        _default_in_words(field),
        f"`{in_toml(examples[0])}`" if examples else "",
    )


def _default_in_words(field: inspect.Field) -> str:
    if field.required:
        return "must be given"
    default = field.default
    if field.default_factory is not NODEFAULT:
        default = field.default_factory()
    if default is None:
        return "none"
    return f"`{in_toml(msgspec.to_builtins(default))}`"


def _type_in_words(kind: inspect.Type) -> str:
    if isinstance(kind, inspect.Metadata):
        return _type_in_words(kind.type)
    if isinstance(kind, inspect.UnionType):
        known = [part for part in kind.types if not isinstance(part, inspect.NoneType)]
        return " or ".join(map(_type_in_words, known))
    if isinstance(kind, inspect.LiteralType):
        return ", ".join(f"`{in_toml(value)}`" for value in kind.values)
    if isinstance(kind, inspect.ListType | inspect.VarTupleType | inspect.SetType):
        return f"list of {_type_in_words(kind.item_type)}"
    if isinstance(kind, inspect.TupleType):
        items = dict.fromkeys(map(_type_in_words, kind.item_types))
        return f"list of {len(kind.item_types)}: {' or '.join(items)}"
    if isinstance(kind, inspect.StructType):
        return f"table `{kind.cls.__name__}`"
    words = _WORDS.get(type(kind), type(kind).__name__.removesuffix("Type").lower())
    return words + _limits_in_words(kind)


def _limits_in_words(kind: inspect.Type) -> str:
    if not isinstance(kind, inspect.IntType | inspect.FloatType):
        return ""
    limits = [("≥", kind.ge), (">", kind.gt), ("≤", kind.le), ("<", kind.lt)]
    said = [f"{sign} {_plain(limit)}" for sign, limit in limits if limit is not None]
    return f" {', '.join(said)}" if said else ""


def _plain(limit: float) -> str:
    return f"{int(limit):,}" if limit == int(limit) else f"{limit}"


def _within(config: type[msgspec.Struct]) -> list[type[msgspec.Struct]]:
    """Return each struct that a kind's fields hold, in their order."""
    found = [within.cls for within in _structs(inspect.type_info(config))]
    return [struct for struct in found if struct is not config]


def _table_of(struct: type[msgspec.Struct]) -> str:
    said = (source.getdoc(struct) or "").partition("\n\nRaises:")[0]
    return f"\n`{struct.__name__}`: {said}\n\n{_table(_rows(struct))}"


def _tables_of_ways(kind: str) -> list[str]:
    """Return a table for each way in of the kind that has ways in."""
    if kind != "stream":
        return []
    parts: list[str] = []
    for name in agent.modules_in(ways.__path__[0]):
        module = importlib.import_module(f"{ways.__name__}.{name}")
        said = " ".join((source.getdoc(module.Settings) or "").split())
        parts += [f"\n`{name}`: {said}\n", _table(_rows(module.Settings))]
    return parts


def _structs(kind: inspect.Type) -> list[inspect.StructType]:
    """Return this struct and all within it, each once."""
    found: list[inspect.StructType] = []
    waiting = [kind]
    while waiting:
        one = waiting.pop(0)
        if isinstance(one, inspect.StructType):
            if one.cls in [known.cls for known in found]:
                continue
            found.append(one)
            waiting += [field.type for field in one.fields]
        waiting += getattr(one, "types", ())
        waiting += [getattr(one, name) for name in _HELD if hasattr(one, name)]
    return found


def _paragraph(module: ModuleType) -> str:
    return (source.getdoc(module) or "").partition("\n\n")[0].replace("\n", " ")


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", r"\|")


def _table(rows: list[Row]) -> str:
    lines = ["| field | type | meaning | default | example |", "|---|---|---|---|---|"]
    lines += [f"| {' | '.join(map(_cell, row))} |" for row in rows]
    return "\n".join(lines)


if __name__ == "__main__":
    TARGET.write_text(text(), encoding="utf-8")
