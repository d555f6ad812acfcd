"""Picks the victims of a fault: the same ones again, where something was broken before."""

import random

from aggregator.core.events import Scope, Subject
from venuewatch.base.wire.checks import ResultsState
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


def spoil_feed(world: World, rng: random.Random, state: ResultsState) -> None:
    """Have some results feed be in ``state``."""
    hosts = [host for host in world.hosts() if host.machine.feed is not None]
    host = rng.choice(hosts)
    assert host.machine.feed is not None  # noqa: S101 - chosen so
    host.machine.feed.state = state
    world.breaks(Subject("feed", host.venue, host.name, FEED))
