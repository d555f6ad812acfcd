"""Picks victims, and has the bases of faults that hit checks, hosts, venues or the centre.

A second fault hits the same victim again, where the first had one.
"""

from collections.abc import Collection, Iterator
from typing import ClassVar

from aggregator.core.incidents.record import Scope, Subject
from venuewatch.base.wire.checks import CheckState
from venuewatch.rehearsal.faults import NONE, Fault
from venuewatch.rehearsal.world.layout import FEED
from venuewatch.rehearsal.world.machine import Watched
from venuewatch.rehearsal.world.venue import SimHost, SimVenue
from venuewatch.rehearsal.world.world import World

FIRST = "V1"


def any_venue(world: World) -> SimVenue:
    """Return some venue, or the one that was broken before."""
    broken = [subject.venue for subject in world.was_broken if subject.venue]
    return world.venues[broken[0]] if broken else world.rng.choice(list(world.venues.values()))


def any_host(world: World) -> SimHost:
    """Return some host of some venue, or the one that was broken before."""
    for subject in world.was_broken:
        if subject.host:
            return world.host(subject)
    return world.rng.choice(list(any_venue(world).hosts.values()))


def breaks(world: World, host: SimHost, scope: Scope = "host") -> None:
    """Note that something about a host is broken now."""
    world.breaks(Subject(scope, host.venue, host.name))


def breaks_venue(world: World, venue: SimVenue) -> None:
    """Note that a venue is cut off now."""
    world.breaks(Subject("venue", venue.plan.code))


def watched_by(world: World, subjects: Collection[Subject]) -> Iterator[Watched]:
    """Yield what the checks that these subjects name look at; a venue's is that of each host."""
    for subject in subjects:
        for host in world.venues[subject.venue].hosts.values():
            if subject.host in {"", host.name} and subject.check in host.machine.watched:
                yield host.machine.watched[subject.check]


class CheckFault(Fault, frozen=True):
    """Something that a check looks at is in ``STATE``.

    ``KIND``: of the check. ``offset_s``: how far its source's clock is off. ``COUNTS``: a number of
    the check that grows by one.
    """

    SEEN_BY = "watched"
    STATE: ClassVar[CheckState]
    SCOPE: ClassVar[Scope] = "feed"
    KIND: ClassVar[str] = "feed"
    COUNTS: ClassVar[str] = ""

    offset_s: float = 0.0

    def inject(self, world: World) -> None:
        """Spoil what some check looks at."""
        host = world.rng.choice([host for host in world.hosts() if FEED in host.machine.watched])
        feed = host.machine.watched[FEED]
        feed.state, feed.kind, feed.clock_offset_s = self.STATE, self.KIND, self.offset_s
        world.breaks(Subject(self.SCOPE, host.venue, host.name, FEED))

    def strike(self, world: World, subjects: Collection[Subject]) -> None:
        """Spoil what these checks look at."""
        for watched in watched_by(world, subjects):
            watched.state, watched.clock_offset_s = self.STATE, self.offset_s
            if self.COUNTS:
                watched.is_odd = True
                watched.counts[self.COUNTS] = watched.counts.get(self.COUNTS, 0.0) + 1.0

    def mend(self, world: World, subjects: Collection[Subject]) -> None:
        """Let it be well again."""
        for watched in watched_by(world, subjects):
            watched.mend()


class HostFault(Fault, frozen=True):
    """A fault of some host, or of ``VICTIMS`` of the first venue where it has ``HOSTS``."""

    VICTIMS: ClassVar[int] = 1

    def inject(self, world: World) -> None:
        """Hit the victims."""
        if self.HOSTS:
            hosts = list(world.venues[FIRST].hosts.values())
            victims = hosts if self.HOSTS == self.VICTIMS else world.rng.sample(hosts, self.VICTIMS)
        else:
            victims = [any_host(world)]
        for host in victims:
            self.hit(host)
            breaks(world, host)

    def strike(self, world: World, subjects: Collection[Subject]) -> None:
        """Hit these hosts."""
        for subject in subjects:
            self.hit(world.host(subject))

    def hit(self, host: SimHost) -> None:
        """Break something about one host."""
        raise NotImplementedError


class OrderedHostFault(Fault, frozen=True):
    """A fault that strikes some host as a run sheet orders it; ``SCOPE``: what of it is broken."""

    SCOPE: ClassVar[Scope] = "host"

    def inject(self, world: World) -> None:
        """Strike some host."""
        host = any_host(world)
        self.strike(world, [Subject("host", host.venue, host.name)])
        breaks(world, host, self.SCOPE)


class VenueFault(Fault, frozen=True):
    """A fault of some venues' uplinks, or of the first venue where it has a bridge."""

    VICTIMS: ClassVar[int] = 1

    def inject(self, world: World) -> None:
        """Hit the victims."""
        if self.IS_BRIDGED:
            victims = [world.venues[FIRST]]
        elif self.VICTIMS == 1:
            victims = [any_venue(world)]
        else:
            victims = world.rng.sample(list(world.venues.values()), self.VICTIMS)
        for venue in victims:
            self.hit(venue)
            if self.EXPECTED != NONE:
                breaks_venue(world, venue)

    def strike(self, world: World, subjects: Collection[Subject]) -> None:
        """Hit these venues."""
        for subject in subjects:
            self.hit(world.venues[subject.venue])

    def hit(self, venue: SimVenue) -> None:
        """Break something about one venue."""
        raise NotImplementedError


class CentreFault(Fault, frozen=True):
    """A fault of the broker, of the aggregator or of the line to both."""

    def inject(self, world: World) -> None:
        """Hit the centre."""
        self.hit(world)
        if self.EXPECTED != NONE:
            world.breaks(Subject("centre"))

    def strike(self, world: World, subjects: Collection[Subject]) -> None:  # noqa: ARG002 - one
        """Hit the centre."""
        self.hit(world)

    def hit(self, world: World) -> None:
        """Break something at the centre."""
        raise NotImplementedError
