"""Describes a simulated fleet: venues, hosts, and the links between them and the centre."""

import random
from collections.abc import Mapping
from typing import NamedTuple

from aggregator import inventory
from aggregator.inventory import HostEntry, Inventory, VenueEntry
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
    """One venue as it is to be built. The first host is the gateway, the second has a feed."""

    code: str
    hosts: int
    link: Link = "wired"
    delay_s: float = 0.01
    jitter_s: float = 0.0
    loss: float = 0.0
    has_bridge: bool = False

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

    def inventory(self) -> Inventory:
        """Return what the operators would write down."""
        return Inventory(tuple(_entry(plan) for plan in self.venues))


def any_layout(rng: random.Random, *, hosts: tuple[int, int] = (3, 8), venues: int = 3) -> Layout:
    """Return some fleet of ``venues``, each of as many hosts as ``hosts`` allows."""
    plans = []
    for number in range(venues):
        link = rng.choice(list(QUALITIES))
        quality = QUALITIES[link]
        plans.append(
            VenuePlan(
                f"V{number + 1}",
                rng.randint(*hosts),
                link,
                rng.uniform(*quality.delay_s),
                quality.jitter_s,
                quality.loss,
            )
        )
    return Layout(tuple(plans))


def with_first(layout: Layout, **changes: object) -> Layout:
    """Return the layout with its first venue changed."""
    first, *others = layout.venues
    return Layout((first._replace(**changes), *others))  # type: ignore[arg-type]


def _entry(plan: VenuePlan) -> VenueEntry:
    hosts = [
        HostEntry(name, address=plan.address(name), probe_port=PROBE_PORT, gateway=at == 0)
        for at, name in enumerate(plan.names)
    ]
    return VenueEntry(plan.code, link=plan.link, host=tuple(hosts))


fleet_of = inventory.fleet_of
