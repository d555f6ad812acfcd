"""Storms that take long: the core's own work keeps it from judging, and is no reason for more."""

from collections import deque

from aggregator.core.outputs import HostChanged, Output, Publish
from aggregator.core.states import HostState
from tests.kit.machine import WALL, Message
from tests.kit.story import Story
from venuewatch.base.wire.messages import Tick, encode

VENUES = {f"V{venue}": tuple(f"v{venue}-{host}" for host in range(60)) for venue in range(8)}
HOSTS = sum(map(len, VENUES.values()))

TURN_S = 0.005
LINE_S = 0.01


class SlowLoop:
    """A loop that each change of a host keeps for ``change_s``; the broker brings all meanwhile."""

    def __init__(self, story: Story, change_s: float) -> None:
        self.now = story.now
        self.said: list[Output] = []
        self._story = story
        self._change_s = change_s
        self._canaries: deque[tuple[float, Message]] = deque()
        self._beaten = dict.fromkeys(story.machines, self.now)

    def take(self) -> None:
        """Hand over what the core said, which takes its time."""
        outputs = self._story.centre.take()
        changes = sum(isinstance(output, HostChanged) for output in outputs)
        self.now += TURN_S + self._change_s * changes
        self.said += outputs
        for output in outputs:
            if isinstance(output, Publish) and isinstance(output.message, Tick):
                message = Message(output.topic, encode(output.message))
                self._canaries.append((self.now + LINE_S, message))
                for machine in self._story.machines.values():
                    machine.hear_tick(output.topic, output.message.number, self.now)

    def run(self, seconds: float) -> None:
        centre, end = self._story.centre, self.now + seconds
        while self.now < end:
            centre.receive(self.now, self._arrived(), WALL + self.now)
            self.take()
            if centre.due() <= self.now:
                centre.woke(self.now)
                self.take()

    def _arrived(self) -> list[Message]:
        arrived = []
        while self._canaries and self._canaries[0][0] <= self.now:
            arrived.append(self._canaries.popleft()[1])
        for name, machine in self._story.machines.items():
            if self.now - self._beaten[name] >= machine.interval_s:
                self._beaten[name] += machine.interval_s
                arrived.append(machine.beat(self.now))
        return arrived


def test_work_of_a_storm_does_not_make_us_blind_again() -> None:
    """Our tick waits for that work: that it is not back yet says nothing of broker and fleet."""
    story = Story(VENUES).bring_up()
    loop = SlowLoop(story, change_s=3.0 / HOSTS)

    story.centre.lost(loop.now)
    loop.take()
    story.centre.opened(loop.now)
    loop.take()
    loop.run(30.0)

    after = [change.after for change in loop.said if isinstance(change, HostChanged)]
    assert after == [HostState.UNKNOWN] * HOSTS + [HostState.UP] * HOSTS
