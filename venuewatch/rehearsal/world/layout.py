"""Describes a simulated fleet: venues, hosts, and the links between them and the centre."""

import random
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import NamedTuple

import msgspec

from aggregator.core.fleet import Fleet
from aggregator.inventory import HostEntry, Inventory, VenueEntry, fleet_of
from venuewatch.base.wire.links import Link
from venuewatch.rehearsal.margins.links import LINKS

FEED = "results"
PROBE_PORT = 22


class Quality(NamedTuple):
    """One way of an uplink (s), its jitter (s) and the share of packets that it loses."""

    delay_s: tuple[float, float]
    jitter_s: float
    loss: float


QUALITIES: Mapping[Link, Quality] = {
    # Round trips of 2 to 40 ms within a country; what is lost is noise.
    "wired": Quality((0.001, 0.02), 0.001, 0.000_1),
    "metro": Quality((0.002, 0.03), 0.005, 0.000_5),
    # A geostationary hop is 250 to 300 ms one way; the design's class loses 1 %.
    "satellite": Quality((0.25, 0.3), 0.01, 0.01),
    # A mobile network: 60 to 120 ms there and back, and moments when a cell is full.
    "cellular": Quality((0.03, 0.06), 0.03, 0.002),
}
ANY_LINKS: tuple[Link, ...] = ("wired", "metro", "satellite")


def quality_of(link: Link) -> Quality:
    """Return how an uplink of a class is; of those that trials do not play, as margins have it."""
    if link in QUALITIES:
        return QUALITIES[link]
    model = LINKS[link]
    return Quality((model.rtt_s / 2, model.rtt_s / 2), model.jitter_s, model.loss)


class HostPlan(NamedTuple):
    """One host as it is to be built, with the kind of each of its checks by name."""

    name: str
    address: str
    checks: Mapping[str, str] = MappingProxyType({})


class VenuePlan(NamedTuple):
    """One venue as it is to be built. The first host is the gateway, the second has a feed.

    ``is_required``: all of its hosts are. ``named``: its hosts, where they are not just numbered.
    """

    code: str
    hosts: int
    link: Link = "wired"
    delay_s: float = 0.01
    jitter_s: float = 0.0
    loss: float = 0.0
    has_bridge: bool = False
    is_required: bool = False
    named: tuple[HostPlan, ...] = ()

    @property
    def built(self) -> tuple[HostPlan, ...]:
        """Its hosts."""
        if self.named:
            return self.named
        names = [f"{self.code}-{number}" for number in range(1, self.hosts + 1)]
        return tuple(
            HostPlan(name, f"{name}.example.org", {FEED: "feed"} if at == 1 else {})
            for at, name in enumerate(names)
        )


class Layout(NamedTuple):
    """The venues of a fleet. ``inventory``: what the operators have written down, if they have."""

    venues: tuple[VenuePlan, ...]
    inventory: Inventory | None = None

    @property
    def written(self) -> Inventory:
        """What the operators have written down, or would."""
        return self.inventory or Inventory(tuple(_entry(plan) for plan in self.venues))

    def fleet(self) -> Fleet:
        """Return what the core makes of what is written down."""
        return fleet_of(self.written)


def any_layout(rng: random.Random) -> Layout:
    """Return some fleet of three venues, each of 3 to 8 hosts."""
    plans = []
    for code in ("V1", "V2", "V3"):
        link = rng.choice(ANY_LINKS)
        delay_s, jitter_s, loss = QUALITIES[link]
        hosts = rng.randint(3, 8)
        plans.append(VenuePlan(code, hosts, link, rng.uniform(*delay_s), jitter_s, loss))
    return Layout(tuple(plans))


def with_first(layout: Layout, **changes: object) -> Layout:
    """Return the layout with its first venue changed."""
    first, *others = layout.venues
    return Layout((first._replace(**changes), *others))  # type: ignore[arg-type]


def layout_of(
    inventory: Inventory,
    checks: Callable[[HostEntry, VenueEntry], Mapping[str, str]],
    rng: random.Random,
) -> Layout:
    """Return an inventory as it is to be built; ``checks``: the kind of each check of a host.

    Where an address is missing the host's name is one.
    """
    venues, plans = [], []
    for venue in inventory.venue:
        hosts = tuple(
            msgspec.structs.replace(host, address=host.address or host.name, probe_port=PROBE_PORT)
            for host in venue.host
        )
        venues.append(msgspec.structs.replace(venue, host=hosts))
        delay_s, jitter_s, loss = quality_of(venue.link)
        named = tuple(HostPlan(host.name, host.address, checks(host, venue)) for host in hosts)
        plans.append(
            VenuePlan(
                venue.code,
                len(hosts),
                venue.link,
                rng.uniform(*delay_s),
                jitter_s,
                loss,
                named=named,
            )
        )
    return Layout(tuple(plans), Inventory(tuple(venues)))


def _entry(plan: VenuePlan) -> VenueEntry:
    hosts = [
        HostEntry(
            host.name,
            address=host.address,
            probe_port=PROBE_PORT,
            gateway=at == 0,
            required=plan.is_required,
        )
        for at, host in enumerate(plan.built)
    ]
    return VenueEntry(plan.code, link=plan.link, host=tuple(hosts))
