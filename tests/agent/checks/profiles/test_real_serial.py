"""Boxes on a serial line: a pseudo-terminal is one, as far as programs can tell."""

import os
from collections.abc import Callable

import pytest

from tests.agent.checks.profiles.watching import Watch, minute_of, size_of

pty = pytest.importorskip("pty", reason="this system has no pseudo-terminals")

LATER_S = 3601.0
"""Longer than the limit for silence of a timer that talks at impulses only."""


@pytest.mark.parametrize("name", ["alge", "cts", "daktronics"])
def test_box_on_a_serial_line_flows_until_it_is_silent(
    name: str, watch: Callable[..., Watch]
) -> None:
    ours, theirs = pty.openpty()
    watched = watch(name, device=os.ttyname(theirs))
    watched.after(0.0)  # opens the device, and sets its line

    for piece in minute_of(name):
        os.write(ours, piece.content)
        watched.after(0.0)  # its buffer is small
    talking = watched.until_heard(size_of(name))
    later = watched.after(LATER_S)

    os.close(ours)
    os.close(theirs)
    assert (talking.state, later.state) == ("flowing", "silent")


def test_box_whose_serial_device_vanishes_is_critical(watch: Callable[..., Watch]) -> None:
    ours, theirs = pty.openpty()
    watched = watch("alge", device=os.ttyname(theirs))
    watched.after(0.0)

    os.close(ours)
    os.close(theirs)

    assert watched.after(1.0).state == "critical"
