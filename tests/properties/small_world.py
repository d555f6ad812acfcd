"""A small fleet to which anything may happen, under two cores that have to decide the same.

One core is woken only when it is due, the other whenever it is told to. Each has machines of its
own, which do the same. Times are exact in binary.
"""

from collections import Counter
from collections.abc import Iterator

from aggregator.core.centre import STALL_S
from aggregator.core.incidents.record import IncidentChanged
from aggregator.core.inlets import LOOK_EVERY_S
from aggregator.core.outputs import HostChanged, Output
from aggregator.core.states import HostState
from tests.kit.machine import CANARY, Message
from tests.kit.story import STEP_S, Story
from tests.kit.traces import decided
from venuewatch.base.wire import topics
from venuewatch.base.wire.topics import Stream

HOSTS = {"STA": ("s1", "s2", "s3", "s4"), "AQU": ("a1", "a2"), "TAH": ("t1",)}
FAILED = frozenset({HostState.DOWN, HostState.UNREACHABLE})


class LossyStory(Story):
    """A story whose messages may be lost on their way.

    Attributes:
        is_seldom: the core is woken only when it is due.
        cut: venues nothing comes from; ``lost_beats``: how many beats of a host are lost next.
        is_connected: whether the broker brings us anything.
        heard_at: when the last beat of each host came.
    """

    def __init__(self, *, is_seldom: bool) -> None:
        super().__init__(HOSTS)
        self.is_seldom = is_seldom
        self.cut: set[str] = set()
        self.lost_beats: Counter[str] = Counter()
        self.is_connected = True
        self.heard_at = dict.fromkeys(self.machines, 0.0)

    def look(self) -> None:
        """Wake the core now, unless that is to be seldom."""
        if self.is_seldom:
            self._collect()
        else:
            super().look()

    def deliver(self, *messages: Message) -> None:
        """Bring what is not lost."""
        super().deliver(*(message for message in messages if self._is_passed(message)))

    def answer_births(self) -> None:
        """Let every agent that was asked for its birth, and hears it, send it."""
        for name in self.births_wanted():
            if not self.machines[name].is_mute:
                self.deliver(self.machines[name].birth())
        self.published.clear()

    def _is_passed(self, message: Message) -> bool:
        if not self.is_connected or message.topic == CANARY:
            return self.is_connected
        address = topics.parse(message.topic)
        if address.venue in self.cut:
            return False
        if address.stream is Stream.BEAT and not message.retain:
            if self.lost_beats[address.host]:
                self.lost_beats[address.host] -= 1
                return False
            self.heard_at[address.host] = self.now
        return True


class SmallWorld:
    """Both stories, and all that their cores have decided."""

    def __init__(self) -> None:
        self.seldom, self.often = LossyStory(is_seldom=True), LossyStory(is_seldom=False)
        self.both = self.seldom, self.often
        self.told: list[Output] = []
        self.told_often: list[Output] = []
        self.credits: list[tuple[float, float]] = []
        self._blind_since = 0.0
        for story in self.both:
            story.centre.opened(0.0)
            for machine in story.machines.values():
                story.deliver(machine.birth())
        self.run(3.0)

    @property
    def now(self) -> float:
        return self.seldom.now

    @property
    def is_connected(self) -> bool:
        return self.seldom.is_connected

    def run(self, seconds: float) -> None:
        """Let time pass, and every machine beat that can."""
        for story in self.both:
            for _ in range(round(seconds / STEP_S)):
                story.run(STEP_S)
                story.answer_births()
        self.told += decided(self.seldom.said())
        self.told_often += decided(self.often.said())

    def look_around(self, parts: list[float]) -> None:
        """Let one of the cores look, on the way to the next step."""
        start = self.often.now
        for part in sorted(parts):
            self.often.advance(start + part * STEP_S)
            self.often.look()
        self.often.now = start

    def mute(self, *names: str) -> None:
        for story in self.both:
            story.mute(*names)

    def cut(self, *venues: str) -> None:
        for story in self.both:
            story.cut.update(venues)

    def heal(self) -> None:
        for story in self.both:
            story.cut.clear()

    def stall(self, seconds: float) -> None:
        """Let both processes not run for a while; what comes meanwhile waits at their sockets."""
        start = self.now
        for story in self.both:
            was_seldom, story.is_seldom = story.is_seldom, False
            story.look()
            if seconds:
                story.stall(seconds)
            story.is_seldom = was_seldom
        if seconds > STALL_S + LOOK_EVERY_S:  # a shorter lag may be none
            self.credits.append((start, self.now))
        self.run(0.0)

    def lose_broker(self) -> None:
        self._blind_since = self.now
        for story in self.both:
            story.centre.lost(story.now)
            story.canary_s = None
            story.is_connected = False
        self.run(0.0)

    def regain_broker(self) -> None:
        self.credits.append((self._blind_since, self.now))
        for story in self.both:
            story.is_connected = True
            story.canary_s = 0.0
            story.open()
        self.run(0.0)

    def state(self, name: str) -> HostState:
        return self.seldom.state(name)

    def incidents(self) -> Iterator[IncidentChanged]:
        for out in self.told:
            if isinstance(out, IncidentChanged):
                yield out

    def accusations(self) -> Iterator[HostChanged]:
        for out in self.told:
            if isinstance(out, HostChanged) and out.after in FAILED:
                yield out
