"""Colours of lines, for a terminal that wants some; and how wide it is."""

import os
import shutil
import sys
from collections.abc import Iterable
from typing import NamedTuple

from venuewatch.base.exercise import PREFIX

CODES = {
    "": "",
    "critical": "1;31",
    "warning": "33",
    "info": "36",
    "bold": "1",
    "dim": "2",
    "well": "32",
}
"""The colours by what they mean; severities have their own names."""

WIDE = 200
"""How wide (cells) a pipe or a file is taken to be: what reads it folds for itself."""

_NARROWEST = 20


class Line(NamedTuple):
    """A line and its style, one of ``CODES``."""

    text: str
    style: str = ""


class Screen(NamedTuple):
    """What is written to: its size in cells, and whether it shows colours."""

    width: int
    height: int
    has_colours: bool


def is_terminal() -> bool:
    """Tell whether standard output is a terminal."""
    return sys.stdout is not None and sys.stdout.isatty()


def screen() -> Screen:
    """Return what standard output is. ``COLUMNS`` and ``NO_COLOR`` are respected."""
    width, height = shutil.get_terminal_size()
    if not is_terminal() and not os.environ.get("COLUMNS"):
        width = WIDE  # standard output is none; the terminal that it asks instead has no say
    is_plain = bool(os.environ.get("NO_COLOR")) or os.environ.get("TERM") == "dumb"
    return Screen(max(_NARROWEST, width), height, is_terminal() and not is_plain)


def within(screen: Screen, exercise: str) -> Screen:
    """Return a screen on which there is room for the mark of an exercise, where there is one."""
    if not exercise:
        return screen
    return screen._replace(
        width=max(_NARROWEST, screen.width - len(PREFIX)), height=screen.height - 1
    )


def told(lines: Iterable[Line], exercise: str) -> list[Line]:
    """Return lines as people are told them: under a banner, and marked, in an exercise."""
    if not exercise:
        return list(lines)
    banner = Line(f"{PREFIX}{exercise}", "critical")
    return [banner, *(line._replace(text=f"{PREFIX}{line.text}") for line in lines)]


def painted(lines: Iterable[Line], *, has_colours: bool) -> list[str]:
    """Return lines as they are written."""
    if not has_colours:
        return [line.text for line in lines]
    return [
        f"\x1b[{CODES[line.style]}m{line.text}\x1b[0m" if line.style else line.text
        for line in lines
    ]
