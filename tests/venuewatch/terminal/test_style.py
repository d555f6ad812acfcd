"""Tests of colours and widths: what a terminal wants, and what a pipe gets."""

import io
import sys

import pytest

from venuewatch.terminal import style
from venuewatch.terminal.style import Line


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture(autouse=True)
def _bare(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("NO_COLOR", "COLUMNS", "LINES"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm")


@pytest.mark.parametrize(
    ("name", "value", "has_colours"),
    [
        ("OTHER", "1", True),
        ("NO_COLOR", "1", False),
        ("NO_COLOR", "", True),
        ("TERM", "dumb", False),
    ],
)
def test_a_terminal_has_colours_unless_it_wants_none(
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    value: str,
    has_colours: bool,  # noqa: FBT001
) -> None:
    monkeypatch.setattr(sys, "stdout", Terminal())
    monkeypatch.setenv(name, value)

    assert style.screen().has_colours is has_colours


def test_a_pipe_has_no_colours_and_is_wide(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdout", io.StringIO())

    assert style.screen()[0::2] == (style.WIDE, False)


def test_columns_say_how_wide_a_pipe_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdout", io.StringIO())
    monkeypatch.setenv("COLUMNS", "60")

    assert style.screen().width == 60


@pytest.mark.parametrize("value", ["0", "-3", "x", "1"])
def test_columns_that_are_no_width_are_survived(
    monkeypatch: pytest.MonkeyPatch, value: str
) -> None:
    monkeypatch.setenv("COLUMNS", value)

    assert style.screen().width >= 20


def test_only_a_line_with_a_style_is_painted() -> None:
    lines = [Line("a"), Line("b", "critical")]

    assert style.painted(lines, has_colours=True) == ["a", "\x1b[1;31mb\x1b[0m"]
    assert style.painted(lines, has_colours=False) == ["a", "b"]
