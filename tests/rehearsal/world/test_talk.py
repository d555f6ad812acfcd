"""A feed that talks in a simulated world is judged by the real check, which may be a worse one."""

from typing import Any, Final

import pytest

from agent.checks.reading.times import Now
from agent.checks.results_feed import units, world
from agent.checks.results_feed.header import Message
from venuewatch.base.wire.checks import CheckState
from venuewatch.rehearsal.fleet import CHECK_EVERY_S
from venuewatch.rehearsal.live.sources.instructions import PLAYS, Instruction, zone_past_midnight
from venuewatch.rehearsal.world.talk import KEPT_S, Talk

BEGIN_S: Final = 1_800_000_000.0
BUSY: Final = Instruction(does="busy")
NIGHT: Final = Instruction(zone=zone_past_midnight(BEGIN_S))
DAY_S: Final = 86_400.0


class Machine:
    """A machine whose clocks show the same; ``now`` is s from its start."""

    def __init__(self) -> None:
        self.now = 0.0
        self.talk = Talk("STA-results-01", lambda: Now(self.now, BEGIN_S + self.now))

    def play(self, seconds: float, told: Instruction) -> set[CheckState]:
        """Let it talk for so long; return the states that its check finds."""
        self.talk.tell(told)
        end, states = self.now + seconds, {self.talk.read().state}
        while self.now < end:
            self.now += CHECK_EVERY_S
            states.add(self.talk.read().state)
        return states


@pytest.mark.parametrize("told", [PLAYS, BUSY, NIGHT], ids=["usual", "busy", "night"])
def test_real_check_finds_that_it_flows_and_so_afterwards(told: Instruction) -> None:
    machine = Machine()

    assert machine.play(120.0, told) == {"flowing"}
    assert abs(machine.talk.read().values.results_clock_offset_seconds or 0.0) <= 2.0
    assert machine.play(120.0, PLAYS) == {"flowing"}


def test_what_was_said_is_kept_for_seconds_only() -> None:
    machine = Machine()
    machine.play(300.0, BUSY)

    times = {at_s for at_s, _ in machine.talk.recent()}

    assert max(times) == BEGIN_S + machine.now
    assert min(times) >= BEGIN_S + machine.now - KEPT_S


def test_check_for_which_no_unit_ends_is_wrong_about_a_busy_day(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(units, "ENDING", frozenset())

    assert "frozen" in Machine().play(90.0, BUSY)


def test_check_without_logical_days_is_wrong_about_a_night(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    no_logical_days(monkeypatch)

    assert "delayed" in Machine().play(60.0, NIGHT)


def no_logical_days(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have the check take the logical date for the date of what was measured."""
    move = world.World._move  # noqa: SLF001

    def take(it: world.World, message: Message, source: Any, stamp_s: float, now: Now) -> None:
        is_of_before = message.stamp is not None and message.logical_date != message.stamp.date()
        move(it, message, source, stamp_s - DAY_S if is_of_before else stamp_s, now)

    monkeypatch.setattr(world.World, "_move", take)
