"""Tests of the catalogue of vitals: Prometheus and its linter accept it."""

import re
from typing import Any, get_args, get_origin, get_type_hints

import msgspec
import pytest

from venuewatch.base.wire.kernel_fields import KernelFields
from venuewatch.base.wire.readings import Family, Label, Readings, families_of

FAMILIES = families_of(Readings)
every_family = pytest.mark.parametrize("family", FAMILIES, ids=[family.name for family in FAMILIES])


def row_of(family: Family) -> tuple[Any, ...] | None:
    """Return the types in a row of this family, None for a family of one number."""
    hint = get_type_hints(Readings, include_extras=True)[family.name]
    kinds = [kind for kind in get_args(get_args(hint)[0]) if kind is not type(None)]
    if kinds == [float]:
        return None
    (rows,) = kinds
    (row,) = get_args(get_args(rows)[0])
    assert get_origin(row) is tuple
    return get_args(row)


def test_every_field_is_a_family_and_comes_in_order() -> None:
    assert tuple(family.name for family in FAMILIES) == Readings.__struct_fields__


@every_family
def test_its_name_is_one_of_node_exporters_world_or_of_our_agents(family: Family) -> None:
    is_the_kernels = family.name in KernelFields.__struct_fields__
    rest = "[A-Za-z0-9_]+" if is_the_kernels else "[a-z][a-z0-9_]*"

    assert re.fullmatch(rf"(node|venuewatch_agent)_{rest}", family.name)


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("node_load1", "gauge"),
        ("node_vmstat_pgfault", "untyped"),
        ("node_netstat_Tcp_CurrEstab", "untyped"),
        ("node_memory_MemTotal_bytes", "gauge"),
        ("node_forks_total", "counter"),
    ],
)
def test_its_type_is_node_exporters(name: str, kind: str) -> None:
    assert {family.name: family.kind for family in FAMILIES}[name] == kind


@every_family
def test_its_labels_are_valid_unique_and_none_of_ours(family: Family) -> None:
    assert all(re.fullmatch(r"[a-z][a-z0-9_]*", label) for label in family.labels)
    assert len(set(family.labels)) == len(family.labels)
    assert not {"venue", "host", "instance", "job", "le", "quantile"} & set(family.labels)


@every_family
def test_its_rows_have_a_text_for_each_label_and_one_number(family: Family) -> None:
    row = row_of(family)

    if row is None:
        assert family.labels == ()
    else:
        assert row == (*(Label for _ in family.labels), float)


@every_family
def test_its_help_is_one_line_that_needs_no_escape(family: Family) -> None:
    assert re.fullmatch(r"[^\\\n]+\.", family.help)


@every_family
def test_its_unit_is_a_base_unit(family: Family) -> None:
    not_base = r"_(ms|milliseconds|minutes|hours|kb|kib|mb|megabytes|bits|percent)(_|$)"

    assert not re.search(not_base, family.name)


def test_a_machine_that_measures_nothing_says_nothing() -> None:
    assert msgspec.json.encode(Readings()) == b"{}"
