"""Base of controls in which a feed talks as it rightly may, and its check has to make that out."""

from collections.abc import Collection
from functools import partial
from typing import ClassVar

from agent.checks.reading.times import Now
from aggregator.core.incidents.record import Subject
from venuewatch.base.wire.checks import CheckState
from venuewatch.rehearsal.faults import NONE
from venuewatch.rehearsal.faults.feed_silent import FeedSilent
from venuewatch.rehearsal.live.sources.instructions import Instruction
from venuewatch.rehearsal.world.layout import FEED
from venuewatch.rehearsal.world.talk import Talk
from venuewatch.rehearsal.world.venue import SimHost
from venuewatch.rehearsal.world.world import World


class TalkingFault(FeedSilent, frozen=True):
    """A source that does something unusual, and right: no alarm of it is."""

    EXPECTED = NONE
    STATE: ClassVar[CheckState] = "flowing"

    def inject(self, world: World) -> None:
        """Let some feed talk."""
        host = world.rng.choice([host for host in world.hosts() if FEED in host.machine.watched])
        subject = Subject(self.SCOPE, host.venue, host.name, FEED)
        self.strike(world, [subject])
        world.breaks(subject)

    def strike(self, world: World, subjects: Collection[Subject]) -> None:
        """Let these feeds talk; they go on as usual when they are mended."""
        for subject in subjects:
            host = world.host(subject)
            watched = host.machine.watched[subject.check]
            if watched.talk is None:
                watched.talk = Talk(host.name, partial(_now, world, host))
            watched.talk.tell(self.told(host.machine.clock.wall))

    def told(self, now_s: float) -> Instruction:  # noqa: ARG002 - most are the same at any time
        """Return what a source is told at a moment (unixtime)."""
        return self.instruction


def _now(world: World, host: SimHost) -> Now:
    return Now(world.now, host.machine.clock.wall)
