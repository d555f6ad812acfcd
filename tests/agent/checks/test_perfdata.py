"""Performance data as plugins write them, well and badly."""

import pytest

from agent.checks.host.perfdata import parse
from venuewatch.base import clock


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ("time=0.002722s;5.0;10.0;0.0;60 size=1024B", [("time", 0.002722), ("size", 1024.0)]),
        ("'a long label'=1 b=2", [("a long label", 1.0), ("b", 2.0)]),
        ("'it''s=so'=1", [("it's=so", 1.0)]),
        ("/=12345B;;;0;99 C:\\ %=7%", [("/", 12345.0), ("%", 0.07)]),
        ("rta=12.5ms pl=100%", [("rta", 0.0125), ("pl", 1.0)]),
        ("pl=0, rta=0.80", [("pl", 0.0), ("rta", 0.8)]),
        ("a=5us b=5ms c=5s", [("a", 5e-6), ("b", 0.005), ("c", 5.0)]),
        ("a=1KB b=1MB c=1GB d=1TB", [("a", 1e3), ("b", 1e6), ("c", 1e9), ("d", 1e12)]),
        ("a=1KiB b=1MiB", [("a", 1024.0), ("b", 1048576.0)]),
        ("octets=123456789c", [("octets", 123456789.0)]),
        ("temp=21.5C fan=1200rpm", [("temp", 21.5), ("fan", 1200.0)]),
        (
            "a=-1 b=+2 c=.5 d=1. e=1e-3",
            [("a", -1.0), ("b", 2.0), ("c", 0.5), ("d", 1.0), ("e", 0.001)],
        ),
        ("load1=1.750;50.000;90.000;0; load5=1.390;50;90;0;", [("load1", 1.75), ("load5", 1.39)]),
        ("a=1;@10:20;~:5;0;9 b=2", [("a", 1.0), ("b", 2.0)]),
    ],
)
def test_values_are_read_in_base_units(text: str, rows: list[tuple[str, float]]) -> None:
    found = parse(text)

    assert [label for label, _ in found] == [label for label, _ in rows]
    assert [value for _, value in found] == pytest.approx([value for _, value in rows])


NO_VALUES = "a=U|a=U;1;2|a=|=1|''=1|a|'a=1|a=1,5|a=nan|a=1e999|a = 1|'a'b=1"


@pytest.mark.parametrize("bad", NO_VALUES.split("|"))
def test_what_has_no_value_is_passed_over_and_the_others_stay(bad: str) -> None:
    assert parse(f"before=1 {bad} after=2") == [("before", 1.0), ("after", 2.0)]


def test_a_label_that_comes_twice_is_given_once() -> None:
    assert parse("a=1 'a'=2") == [("a", 1.0)]


def test_labels_fit_the_wire() -> None:
    ((label, _),) = parse(f"'{'x' * 100}\t\x00{'y' * 100}'=1")

    assert label == f"{'x' * 100}??{'y' * 100}"
    assert parse(f"{'x' * 257}=1") == []


def test_many_rows_are_cut() -> None:
    assert len(parse(" ".join(f"a{at}=1" for at in range(10_000)))) == 256


@pytest.mark.parametrize("garbage", ["'" * 65_536, "' " * 32_768, "a" * 65_536, "'a='" * 16_384])
def test_garbage_costs_little(garbage: str) -> None:
    begin = clock.cpu()

    rows = parse(garbage)

    assert rows == []
    assert clock.cpu() - begin < 1.0
