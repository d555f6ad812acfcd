"""Describes a simulated fleet: venues, hosts, and the links between them and the centre."""

import random
from collections.abc import Mapping
from typing import NamedTuple

from aggregator.core.fleet import Fleet
from aggregator.inventory import HostEntry, Inventory, VenueEntry, fleet_of
from venuewatch.base.wire.links import Link

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
}


class VenuePlan(NamedTuple):
    """One venue as it is to be built. The first host is the gateway, the second has a feed.

    ``is_required``: all of its hosts are.
    """

    code: str
    hosts: int
    link: Link = "wired"
    delay_s: float = 0.01
    jitter_s: float = 0.0
    loss: float = 0.0
    has_bridge: bool = False
    is_required: bool = False

    @property
    def names(self) -> tuple[str, ...]:
        """The names of its hosts."""
        return tuple(f"{self.code}-{number}" for number in range(1, self.hosts + 1))

    def address(self, name: str) -> str:
        """Return the address of one of its hosts."""
        return f"{name}.example.org"


class Layout(NamedTuple):
    """The venues of a fleet."""

    venues: tuple[VenuePlan, ...]

    def fleet(self) -> Fleet:
        """Return what the core makes of what the operators would write down."""
        return fleet_of(Inventory(tuple(_entry(plan) for plan in self.venues)))


def any_layout(rng: random.Random) -> Layout:
    """Return some fleet of three venues, each of 3 to 8 hosts."""
    plans = []
    for code in ("V1", "V2", "V3"):
        link = rng.choice(list(QUALITIES))
        delay_s, jitter_s, loss = QUALITIES[link]
        hosts = rng.randint(3, 8)
        plans.append(VenuePlan(code, hosts, link, rng.uniform(*delay_s), jitter_s, loss))
    return Layout(tuple(plans))


def with_first(layout: Layout, **changes: object) -> Layout:
    """Return the layout with its first venue changed."""
    first, *others = layout.venues
    return Layout((first._replace(**changes), *others))  # type: ignore[arg-type]


def _entry(plan: VenuePlan) -> VenueEntry:
    hosts = [
        HostEntry(
            name,
            address=plan.address(name),
            probe_port=PROBE_PORT,
            gateway=at == 0,
            required=plan.is_required,
        )
        for at, name in enumerate(plan.names)
    ]
    return VenueEntry(plan.code, link=plan.link, host=tuple(hosts))
