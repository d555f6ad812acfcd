"""Checks of the generated pages: up to date; that of checks complete, with valid examples."""

import runpy
import tomllib
from pathlib import Path
from typing import Any

import msgspec
import pytest
from msgspec import inspect

from agent import checks

DOCS = Path(__file__).parents[2] / "docs"
KINDS = checks.kinds()


@pytest.fixture(scope="module")
def maker() -> dict[str, Any]:
    return runpy.run_path(str(DOCS / "make_checks.py"))


def fields_of(kind: str, maker: dict[str, Any]) -> list[tuple[str, inspect.Field]]:
    """Return the fields of a kind's Config and of the structs within it, by their full names."""
    structs = maker["_structs"](inspect.type_info(checks.load(kind).Config))
    return [(f"{it.cls.__name__}.{field.name}", field) for it in structs for field in it.fields]


PAGES = (
    "causes.md",
    "checks.md",
    "demo.svg",
    "metrics.md",
    "rehearsal/catalogue.md",
    "results.md",
)


@pytest.mark.parametrize("name", PAGES)
def test_generated_page_is_up_to_date(name: str) -> None:
    page = DOCS / name

    made = runpy.run_path(str(DOCS / f"make_{page.stem}.py"))["text"]()

    assert made == page.read_text(encoding="utf-8"), f"run: python docs/make_{page.stem}.py"


@pytest.mark.parametrize("kind", KINDS)
def test_every_field_says_what_it_means(kind: str, maker: dict[str, Any]) -> None:
    found = fields_of(kind, maker)

    assert [name for name, field in found if not maker["_meta"](field).get("description")] == []


@pytest.mark.parametrize("kind", KINDS)
def test_every_field_that_must_be_given_has_an_example(kind: str, maker: dict[str, Any]) -> None:
    required = [(name, field) for name, field in fields_of(kind, maker) if field.required]

    without = {name for name, field in required if not maker["_meta"](field).get("examples")}

    assert without <= {"Config.name"}


@pytest.mark.parametrize("kind", KINDS)
def test_every_example_of_a_field_is_one_that_it_takes(kind: str, maker: dict[str, Any]) -> None:
    config = checks.load(kind).Config
    least = tomllib.loads("\n".join(maker["example"](kind, config)))
    hints = {
        field.name: maker["_meta"](field).get("examples", []) for field in maker["_fields"](config)
    }

    refused = []
    for name, examples in hints.items():
        for example in examples:
            try:
                msgspec.convert(least | {name: example}, config)
            except msgspec.ValidationError as error:
                if f"`$.{name}" in str(error):  # not that it does not fit the others
                    refused.append((name, example, str(error)))

    assert refused == []


@pytest.mark.parametrize("kind", KINDS)
def test_the_example_of_a_kind_is_a_configuration(kind: str, maker: dict[str, Any]) -> None:
    config = checks.load(kind).Config

    typed = msgspec.convert(tomllib.loads("\n".join(maker["example"](kind, config))), config)

    assert typed.name == f"my-{kind}"


@pytest.mark.parametrize(
    "value",
    [
        "plain", 'quoted " \\ \n \x01 é', True, 0, -7, 1.5, 1e300, [1, 2], ["a", ["b"]],
        {"a": 1, "b c": {"d": [False]}}, [],
    ],
)  # fmt: skip
def test_what_is_written_as_toml_is_read_back(value: object, maker: dict[str, Any]) -> None:
    assert tomllib.loads(f"value = {maker['in_toml'](value)}") == {"value": value}
