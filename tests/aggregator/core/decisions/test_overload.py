"""Overload: while what waits at our socket is old we say so, and accuse nobody of it."""

from collections import deque

import pytest

from aggregator.core.incidents.record import IncidentChanged
from aggregator.core.outputs import HostChanged
from aggregator.core.states import HostState
from tests.kit.machine import Message
from tests.kit.story import STEP_S, Story

FLEET = {f"V{venue}": tuple(f"v{venue}-{host}" for host in range(6)) for venue in range(4)}
A_STEP = 25 * STEP_S  # beats of the fleet in a step, and a canary now and then
FAILED = {HostState.DOWN, HostState.UNREACHABLE}
WELL_WITHIN_S = 10.0


class Slowed(Story):
    """A story in which all that comes waits in line, and some of it is taken in each step.

    Attributes:
        share: how much of what comes we take in; None: all that waits.
    """

    def __init__(self) -> None:
        self.share: float | None = None
        self._line: deque[Message] = deque()
        self._room = 0.0
        super().__init__(FLEET)

    def deliver(self, *messages: Message) -> None:
        self._line += messages
        if self.share is None:
            self._serve(len(self._line))

    def look(self) -> None:
        """Take in what we have the time for."""
        if self.share is not None:
            self._room += self.share * A_STEP
            self._serve(min(int(self._room), len(self._line)))
            self._room -= int(self._room)
        super().look()

    def slow_down(self, share: float, seconds: float) -> None:
        self.share = share
        self.run(seconds)
        self.share = None
        self.deliver()

    def _serve(self, count: int) -> None:
        taken = [self._line.popleft() for _ in range(count)]
        if taken:
            super().deliver(*taken)


@pytest.fixture
def slowed() -> Slowed:
    """A fleet of four venues, all of it up."""
    return Slowed().bring_up()


@pytest.mark.parametrize(
    ("share", "seconds"), [(0.9, 60.0), (0.6, 20.0), (0.35, 20.0), (0.35, 150.0), (0.03, 20.0)]
)
def test_an_overloaded_aggregator_tells_it_once_and_accuses_nobody(
    slowed: Slowed, share: float, seconds: float
) -> None:
    slowed.slow_down(share, seconds)
    slowed.run(WELL_WITHIN_S)

    told = slowed.said()
    opened = [out.incident for out in told if isinstance(out, IncidentChanged)]
    assert {(incident.number, incident.cause) for incident in opened} == {(1, "aggregator_blind")}
    assert not [out for out in told if isinstance(out, HostChanged) and out.after in FAILED]
    assert {slowed.state(name) for name in slowed.machines} == {HostState.UP}
    assert slowed.centre.is_ready


@pytest.mark.parametrize("share", [0.6, 0.35, 0.1])
def test_overload_is_one_incident_with_its_evidence(slowed: Slowed, share: float) -> None:
    slowed.share = share
    slowed.run(20.0)
    seen = slowed.evidence("centre")
    slowed.slow_down(share, 0.0)
    slowed.run(WELL_WITHIN_S)

    lines = slowed.lines()
    assert [line[1:] for line in lines] == [
        ("opened", "centre", "aggregator_blind"),
        ("closed", "centre", "aggregator_blind"),
    ]
    assert set(seen) == {"overloaded"}
    detail = seen["overloaded"].detail
    assert isinstance(detail["lasted_s"], float)
    assert isinstance(detail["oldest_s"], float)
    assert detail["lasted_s"] >= 3.0
    assert detail["oldest_s"] > 0.5
