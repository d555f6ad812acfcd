"""Picks the victims of a fault, and has the bases of faults that hit hosts, venues or feeds.

A second fault hits the same victim again, where the first had one.
"""

import random
from typing import ClassVar

from aggregator.core.incidents.record import Scope, Subject
from venuewatch.base.wire.checks import ResultsState
from venuewatch.rehearsal.world.faults import NONE, Fault
from venuewatch.rehearsal.world.layout import FEED, Layout, any_layout, with_first
from venuewatch.rehearsal.world.venue import SimHost, SimVenue
from venuewatch.rehearsal.world.world import World

FIRST = "V1"


def any_venue(world: World, rng: random.Random) -> SimVenue:
    """Return some venue, or the one that was broken before."""
    broken = [subject.venue for subject in world.truth.was_broken if subject.venue]
    return world.venues[broken[0]] if broken else rng.choice(list(world.venues.values()))


def any_host(world: World, rng: random.Random) -> SimHost:
    """Return some host of some venue, or the one that was broken before."""
    for subject in world.truth.was_broken:
        if subject.host:
            return world.host(subject)
    return rng.choice(list(any_venue(world, rng).hosts.values()))


def first_venue(world: World) -> SimVenue:
    """Return the venue that ``with_hosts`` speaks of."""
    return world.venues[FIRST]


def with_hosts(rng: random.Random, hosts: int) -> Layout:
    """Return some fleet whose first venue has that many hosts."""
    return with_first(any_layout(rng), hosts=hosts)


def breaks(world: World, host: SimHost, scope: Scope = "host") -> None:
    """Note that something about a host is broken now."""
    world.breaks(Subject(scope, host.venue, host.name))


def breaks_venue(world: World, venue: SimVenue) -> None:
    """Note that a venue is cut off now."""
    world.breaks(Subject("venue", venue.plan.code))


class HostFault(Fault, frozen=True):
    """A fault of some host, or of ``VICTIMS`` of a first venue with ``HOSTS`` of them."""

    HOSTS: ClassVar[int] = 0
    VICTIMS: ClassVar[int] = 1

    def layout(self, rng: random.Random) -> Layout:
        """Return a fleet with such a first venue."""
        return with_hosts(rng, self.HOSTS) if self.HOSTS else any_layout(rng)

    def inject(self, world: World, rng: random.Random) -> None:
        """Hit the victims."""
        if self.HOSTS:
            hosts = list(first_venue(world).hosts.values())
            victims = hosts if self.HOSTS == self.VICTIMS else rng.sample(hosts, self.VICTIMS)
        else:
            victims = [any_host(world, rng)]
        for host in victims:
            self.hit(host)
            breaks(world, host)

    def hit(self, host: SimHost) -> None:
        """Break something about one host."""
        raise NotImplementedError


class VenueFault(Fault, frozen=True):
    """A fault of some venues' uplinks, or of a first venue that has a bridge."""

    VICTIMS: ClassVar[int] = 1
    IS_BRIDGED: ClassVar[bool] = False

    def layout(self, rng: random.Random) -> Layout:
        """Return a fleet with such a first venue."""
        return with_first(any_layout(rng), has_bridge=True) if self.IS_BRIDGED else any_layout(rng)

    def inject(self, world: World, rng: random.Random) -> None:
        """Hit the victims."""
        if self.IS_BRIDGED:
            victims = [first_venue(world)]
        elif self.VICTIMS == 1:
            victims = [any_venue(world, rng)]
        else:
            victims = rng.sample(list(world.venues.values()), self.VICTIMS)
        for venue in victims:
            self.hit(venue)
            if self.EXPECTED != NONE:
                breaks_venue(world, venue)

    def hit(self, venue: SimVenue) -> None:
        """Break something about one venue."""
        raise NotImplementedError


class FeedFault(Fault, frozen=True):
    """A fault of some results feed, which is then in ``STATE``."""

    STATE: ClassVar[ResultsState]

    def inject(self, world: World, rng: random.Random) -> None:
        """Spoil a feed."""
        host = rng.choice([host for host in world.hosts() if host.machine.feed is not None])
        assert host.machine.feed is not None  # noqa: S101 - chosen so
        host.machine.feed.state = self.STATE
        world.breaks(Subject("feed", host.venue, host.name, FEED))
