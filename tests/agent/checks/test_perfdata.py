"""Performance data as plugins write them, well and badly."""

import msgspec
import pytest

from agent.checks.host.perfdata import parse
from venuewatch.base import clock
from venuewatch.base.wire.checks import CheckValues

PLAIN, SECONDS, BYTES = "", "seconds", "bytes"


def rows_of(text: str) -> list[tuple[str, str, float]]:
    """Return unit, label and value of each row."""
    values = msgspec.structs.asdict(parse(text))
    return [
        (name.removeprefix("check_performance").removeprefix("_"), label, value)
        for name, rows in values.items()
        for label, value in rows or ()
    ]


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        (
            "size=1024B time=0.002722s;5.0;10.0;0.0;60",
            [(SECONDS, "time", 0.002722), (BYTES, "size", 1024.0)],
        ),
        ("'a long label'=1 b=2", [(PLAIN, "a long label", 1.0), (PLAIN, "b", 2.0)]),
        ("'it''s=so'=1", [(PLAIN, "it's=so", 1.0)]),
        ("/=12345B;;;0;99 C:\\ %=7%", [(BYTES, "/", 12345.0), ("ratio", "%", 0.07)]),
        ("rta=12.5ms pl=100%", [(SECONDS, "rta", 0.0125), ("ratio", "pl", 1.0)]),
        ("pl=0, rta=0.80", [(PLAIN, "pl", 0.0), (PLAIN, "rta", 0.8)]),
        (
            "a=5us b=5ms c=5s d=5ns e=5µs",
            [
                (SECONDS, "a", 5e-6),
                (SECONDS, "b", 0.005),
                (SECONDS, "c", 5.0),
                (SECONDS, "d", 5e-9),
                (SECONDS, "e", 5e-6),
            ],
        ),
        (
            "a=1KB b=1MB c=1GB d=1TB e=1kB",
            [
                (BYTES, "a", 1e3),
                (BYTES, "b", 1e6),
                (BYTES, "c", 1e9),
                (BYTES, "d", 1e12),
                (BYTES, "e", 1e3),
            ],
        ),
        ("a=1KiB b=1MiB", [(BYTES, "a", 1024.0), (BYTES, "b", 1048576.0)]),
        ("octets=123456789c", [("total", "octets", 123456789.0)]),
        (
            "temp=21.5C fan=1200rpm time=3m",
            [(PLAIN, "temp", 21.5), (PLAIN, "fan", 1200.0), (PLAIN, "time", 3.0)],
        ),
        (
            "a=-1 b=+2 c=.5 d=1. e=1e-3",
            [
                (PLAIN, "a", -1.0),
                (PLAIN, "b", 2.0),
                (PLAIN, "c", 0.5),
                (PLAIN, "d", 1.0),
                (PLAIN, "e", 0.001),
            ],
        ),
        (
            "load1=1.750;50.000;90.000;0; load5=1.390;50;90;0;",
            [(PLAIN, "load1", 1.75), (PLAIN, "load5", 1.39)],
        ),
        ("a=1;@10:20;~:5;0;9 b=2", [(PLAIN, "a", 1.0), (PLAIN, "b", 2.0)]),
    ],
)
def test_values_are_read_in_base_units(text: str, rows: list[tuple[str, str, float]]) -> None:
    found = rows_of(text)

    assert [row[:2] for row in found] == [row[:2] for row in rows]
    assert [row[2] for row in found] == pytest.approx([row[2] for row in rows])


NO_VALUES = "a=U|a=U;1;2|a=|=1|''=1|a|'a=1|a=1,5|a=nan|a=1e999|a = 1|'a'b=1"


@pytest.mark.parametrize("bad", NO_VALUES.split("|"))
def test_what_has_no_value_is_passed_over_and_the_others_stay(bad: str) -> None:
    assert rows_of(f"before=1 {bad} after=2") == [(PLAIN, "before", 1.0), (PLAIN, "after", 2.0)]


def test_a_label_that_comes_twice_in_one_unit_is_given_once() -> None:
    assert rows_of("a=1 'a'=2") == [(PLAIN, "a", 1.0)]
    assert rows_of("a=7ms a=1s a=3B") == [(SECONDS, "a", 0.007), (BYTES, "a", 3.0)]


def test_every_family_of_rows_is_one_of_a_check() -> None:
    families = {
        f"check_performance_{unit}" if unit else "check_performance"
        for unit, *_ in rows_of("a=1 a=1s a=1B a=1% a=1c")
    }

    named = {name for name in CheckValues.__struct_fields__ if "performance" in name}
    assert families == named


def test_labels_fit_the_wire() -> None:
    ((_, label, _),) = rows_of(f"'{'x' * 100}\t\x00{'y' * 100}'=1")

    assert label == f"{'x' * 100}??{'y' * 100}"
    assert rows_of(f"{'x' * 257}=1") == []


def test_many_rows_are_cut() -> None:
    assert (
        len(rows_of(" ".join(f"a{at}=1{unit}" for at in range(5_000) for unit in ("", "s")))) == 256
    )


@pytest.mark.parametrize("garbage", ["'" * 65_536, "' " * 32_768, "a" * 65_536, "'a='" * 16_384])
def test_garbage_costs_little(garbage: str) -> None:
    begin = clock.cpu()

    rows = rows_of(garbage)

    assert rows == []
    assert clock.cpu() - begin < 1.0
