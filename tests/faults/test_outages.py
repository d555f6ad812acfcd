"""An outage that lasts about 1.5 x keepalive is told once, though host and broker may disagree.

The broker gives a host up when it has had no packet for so long (MQTT 5, 3.1.2.10); a host that is
heard again just before that keeps its connection. All outages of one kind are played at the same
time, each at a venue of its own.
"""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Final, NamedTuple

import pytest

from agent.config import KEEPALIVE_S
from tests.faults.world import Plan, World
from tests.integration.real import pause
from venuewatch.base.wire.links import Link
from venuewatch.rehearsal.stage.delay_line import Way

pytestmark = [pytest.mark.real, pytest.mark.timeout(240)]

GIVEN_UP_AFTER: Final = 1.5
APART_S: Final = 1.7  # else they are one loss; and at different moments between two beats
SETTLED_S: Final = 8.0  # a second incident would be open by then
SATELLITE: Final = Way(delay_s=0.29, loss=0.01)


class Outage(NamedTuple):
    """How long (s) host 2, or all of a venue, is cut off."""

    venue: str
    link: Link
    lasts_s: float

    def __str__(self) -> str:
        return f"{self.link}-{self.lasts_s:g}s"


class Told(NamedTuple):
    """What the centre has said of a venue: scope, venue or host, cause of its incidents."""

    incidents: Sequence[tuple[str, str, str]]
    down: set[str]
    unreachable: set[str]


def around(link: Link, *offsets_s: float) -> list[tuple[Link, float]]:
    return [(link, GIVEN_UP_AFTER * KEEPALIVE_S[link] + offset_s) for offset_s in offsets_s]


LASTING: Final = [
    *around("wired", -1.0, 0.0, 1.5),
    *around("satellite", -6.0, -3.0, -1.0, 0.0, 1.5),
]
OUTAGES: Final = [Outage(f"V{at}", link, lasts_s) for at, (link, lasts_s) in enumerate(LASTING)]
PLANS: Final = [
    Plan("CALM", 2),  # where nobody at all is heard, the centre doubts itself
    *(
        Plan(outage.venue, 3, outage.link, SATELLITE if outage.link == "satellite" else Way())
        for outage in OUTAGES
    ),
]

EACH = pytest.mark.parametrize("outage", OUTAGES, ids=str)


def play(world: World, begin: Callable[[Outage], Callable[[], object]]) -> dict[str, Told]:
    """Play every outage; return what was said of each venue."""

    def play_one(number: int) -> None:
        outage = OUTAGES[number]
        pause(APART_S * number)
        end = begin(outage)
        pause(outage.lasts_s)
        end()

    world.mark()
    with ThreadPoolExecutor(len(OUTAGES)) as threads:
        list(threads.map(play_one, range(len(OUTAGES))))
    world.recover()
    pause(SETTLED_S)
    for incident in world.incidents():
        print(f"{incident.opened_at:.1f} to {incident.closed_at:.1f}: {incident.name}")
    assert {incident.venue for incident in world.incidents()} == {one.venue for one in OUTAGES}
    return {outage.venue: told(world, outage.venue) for outage in OUTAGES}


def told(world: World, venue: str) -> Told:
    hosts = {host.name for host in world.venue(venue)}
    return Told(
        [incident.name for incident in world.incidents() if incident.venue == venue],
        world.called("down") & hosts,
        world.called("unreachable") & hosts,
    )


@pytest.fixture(scope="module")
def cables(running: World) -> dict[str, Told]:
    return play(running, lambda outage: running.hosts[f"{outage.venue}-2"].unplug().end)


@pytest.fixture(scope="module")
def cuts(running: World) -> dict[str, Told]:
    def cut(outage: Outage) -> Callable[[], object]:
        uplink = running.lans[outage.venue].uplink
        uplink.cut()
        return uplink.heal

    return play(running, cut)


@EACH
def test_a_cable_out_around_the_keepalive_is_told_once(
    outage: Outage, cables: dict[str, Told]
) -> None:
    host = f"{outage.venue}-2"

    assert cables[outage.venue] == Told([("host", host, "host_down")], {host}, set())


@EACH
def test_a_venue_cut_around_the_keepalive_is_told_once(
    outage: Outage, cuts: dict[str, Told]
) -> None:
    hosts = {f"{outage.venue}-{number}" for number in (1, 2, 3)}
    incident = ("venue", outage.venue, "venue_unreachable")

    assert cuts[outage.venue] == Told([incident], set(), hosts)
