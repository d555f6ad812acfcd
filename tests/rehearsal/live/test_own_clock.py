"""A clock of our own is set from outside, and set right by a command."""

import subprocess
from pathlib import Path

import pytest

from venuewatch.base import clock
from venuewatch.rehearsal.live.own_clock import Clock, shifted_by


def test_clock_is_ahead_by_what_it_was_set_to(tmp_path: Path) -> None:
    own = Clock(tmp_path / "clock")
    own.set(-7_200.0)

    ahead_s = shifted_by(own.path)() - clock.wall()

    assert ahead_s == pytest.approx(-7_200.0, abs=1.0)


@pytest.mark.parametrize("has_file", [True, False])
def test_its_command_sets_it_right_and_does_no_harm_where_it_is_gone(
    tmp_path: Path, *, has_file: bool
) -> None:
    own = Clock(tmp_path / "clock")
    own.set(30.0)
    if not has_file:
        own.path.unlink()

    subprocess.run(own.undo, check=True)

    assert own.path.exists() == has_file
    if has_file:
        assert shifted_by(own.path)() == pytest.approx(clock.wall(), abs=1.0)
