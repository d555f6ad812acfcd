"""Tests of numbers on the command line: of every command, every number option."""

import argparse
from collections.abc import Callable

import pytest

from venuewatch import cli
from venuewatch.base import options

WRONG = [
    "",
    "x",
    "nan",
    "inf",
    "-inf",
    "1e999",
    "-1",
    "0x10",
    "9" * 5_000,
    "99999999999999999999999",
]
EVERY = [
    ("demo", "--port"),
    ("demo", "--seconds"),
    ("incidents", "--limit"),
    ("rehearse", "simulate", "--host-days"),
    ("rehearse", "simulate", "--kills"),
    ("rehearse", "simulate", "--verdicts"),
    ("rehearse", "simulate", "--rto-max"),
    ("rehearse", "simulate", "--processes"),
    ("rehearse", "simulate", "--seed"),
]


def refusal(parse: Callable[[str], object], text: str) -> str:
    with pytest.raises(argparse.ArgumentTypeError) as refused:
        parse(text)
    return str(refused.value)


@pytest.mark.parametrize("text", [*WRONG, "65536", "99999999"])
def test_a_port_that_is_none_is_refused_in_words(text: str) -> None:
    assert refusal(options.port, text).startswith("expected a port from 0 to 65535, got '")


@pytest.mark.parametrize("text", [*WRONG, "0", "11"])
def test_a_number_that_can_not_be_used_is_refused(text: str) -> None:
    assert refusal(options.number(up_to=10), text).startswith("expected a number over 0 and up to")


def test_a_number_may_be_the_least_where_that_makes_sense() -> None:
    assert options.number(up_to=10, may_be_least=True)("0") == 0.0


def test_a_refusal_is_short_whatever_was_given() -> None:
    assert len(refusal(options.whole(1, 9), "7" * 100_000)) < 120


@pytest.mark.parametrize("words", EVERY, ids=" ".join)
@pytest.mark.parametrize("value", ["nan", "-99999999999999999999999", "99999999999999999999999999"])
def test_no_option_ends_in_a_traceback(
    words: tuple[str, ...], value: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        cli.main([*words[:-1], f"{words[-1]}={value}"])

    assert ended.value.code == 2
    assert f"argument {words[-1]}: expected" in capsys.readouterr().err.splitlines()[-1]
