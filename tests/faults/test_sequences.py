"""A second fault soon after the first is told as fast as a fault that comes alone."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Final, NamedTuple

import pytest

from tests.faults.world import Incident, Plan, World, world_of
from tests.integration.real import pause, until
from venuewatch.base import clock
from venuewatch.base.wire.links import Link
from venuewatch.rehearsal.stage.delay_line import Way

pytestmark = [pytest.mark.real, pytest.mark.timed, pytest.mark.timeout(400)]

CUT_S: Final = 12.0  # longer than 1.5 x keepalive: every session has ended
APART_S: Final = 0.3
PATIENCE_S: Final = 30.0
RECONNECT_MAX_S: Final = 10.0  # the default: so long may a host that was cut off stay away
LINES: Final = {"wired": Way(), "satellite": Way(delay_s=0.29)}


class Sequence(NamedTuple):
    """A venue is cut; ``after_s`` after its hosts are up again, the agent of host 2 is killed.

    Not before it has echoed a tick of after the cut: on a long way that may take seconds, while TCP
    repeats what was cut, and until then a will shows only that an agent has hung up.
    """

    venue: str
    link: Link
    after_s: float
    told_within_s: float

    def __str__(self) -> str:
        return f"{self.link}-{self.after_s:g}s-after"


SEQUENCES: Final = [
    Sequence("V1", "wired", 3.0, 0.5),
    Sequence("V2", "wired", 10.0, 0.5),
    Sequence("V3", "satellite", 3.0, 3.5),  # a will is held for 4 round trips and 0.2 s
]
PLANS: Final = [
    Plan("CALM", 2),  # where nobody at all is heard, the centre doubts itself
    *(Plan(one.venue, 3, one.link, LINES[one.link]) for one in SEQUENCES),
]


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, tuple[Incident, float]]]:
    """Yield each venue's second incident, and the time (s) from its fault to it."""
    folder = tmp_path_factory.mktemp("sequences")
    with world_of(folder, PLANS, reconnect_max_s=RECONNECT_MAX_S) as world:
        world.mark()
        with ThreadPoolExecutor(len(SEQUENCES)) as threads:
            found = list(threads.map(lambda one: play(world, one), SEQUENCES))
        yield dict(zip((one.venue for one in SEQUENCES), found, strict=True))


def play(world: World, sequence: Sequence) -> tuple[Incident, float]:
    pause(APART_S * SEQUENCES.index(sequence))
    uplink, hosts = world.lans[sequence.venue].uplink, world.venue(sequence.venue)
    uplink.cut()
    pause(CUT_S)
    uplink.heal()
    for host in hosts:
        world.aggregator.wait_for(host.name, "up", within_s=PATIENCE_S)
    pause(sequence.after_s)
    until("it echoes", lambda: not world.is_excused(hosts[1].name), within_s=PATIENCE_S)
    killed_at = clock.wall()
    hosts[1].agent.kill()

    def second() -> Incident | None:
        found = (one for one in world.incidents() if one.host == hosts[1].name)
        return next(found, None)

    until("it is told", second, within_s=PATIENCE_S)
    incident = world.expect("host", hosts[1].name, "agent_stopped", within_s=PATIENCE_S)
    return incident, incident.opened_at - killed_at


@pytest.mark.parametrize("sequence", SEQUENCES, ids=str)
def test_an_agent_killed_soon_after_a_cut_is_told_at_once(
    sequence: Sequence, told: dict[str, tuple[Incident, float]]
) -> None:
    incident, after_s = told[sequence.venue]

    print(f"{incident.cause} opened {after_s:.2f} s after the agent was killed")
    assert 0.0 < after_s <= sequence.told_within_s
