"""Venues of forty hosts: a cut is one incident of the venue, a lost host one of the host."""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain, islice
from typing import Final

import pytest

from tests.faults.world import Incident, Plan, World
from tests.integration.real import until
from venuewatch.base import clock
from venuewatch.rehearsal.stage.guardian import Fault

pytestmark = [pytest.mark.real, pytest.mark.timeout(240), pytest.mark.timed]

PLANS = [Plan("NOR", 40), Plan("SUD", 40), Plan("MAR", 2)]
"""A venue that is cut a third time within minutes would be flapping: each is cut twice at most.

To the centre a cut of the way up alone is one of both ways: nothing comes.
"""

IN_TIME_S: Final = 4.0
HOST_IN_TIME_S: Final = 3.0
TRIALS: Final = 50
APART_S: Final = (0.4, 0.8)
"""Time between two cuts (s): each begins at another moment between two beats."""
KNOWN_S: Final = 30.0


@dataclass
class Trial:
    """A host's cable is pulled, and stays so until it is known to be down.

    Attributes:
        cut_at: when (wall s) it was pulled.
        opened_s: time (s) from the cut to the incident.
        read_s: time (s) from the cut until the incident was first read over HTTP.
        credit_s: the part of that (s) in which the aggregator itself did not run, as it says. A
            shared machine stalls its processes, and every deadline is credited with that.
    """

    cut_at: float
    pulled: Fault
    opened_s: float = 0.0
    read_s: float = 0.0
    credit_s: float = 0.0

    def look(self, incident: Incident, stalls: Sequence[tuple[float, float]]) -> None:
        """Take note of its incident."""
        self.read_s = self.read_s or clock.wall() - self.cut_at
        self.opened_s = incident.opened_at - self.cut_at
        self.credit_s = credit_s(stalls, self.cut_at, self.read_s)


def credit_s(stalls: Sequence[tuple[float, float]], begin: float, for_s: float) -> float:
    """Return for how long (s) the aggregator did not run meanwhile."""
    return sum(lag_s for at, lag_s in stalls if 0 <= at - begin <= for_s)


def run_trials(world: World, names: Sequence[str], rng: random.Random) -> list[Trial]:
    """Cut each of these hosts off, one after the other, and return the trials."""
    waiting, under_way, over = list(names), dict[str, Trial](), list[Trial]()
    next_at = clock.monotonic()

    def are_known() -> bool:
        nonlocal next_at
        if waiting and clock.monotonic() >= next_at:
            next_at += rng.uniform(*APART_S)
            name = waiting.pop(0)
            under_way[name] = Trial(clock.wall(), world.hosts[name].unplug())
        for incident in world.incidents():
            if trial := under_way.get(incident.host):
                trial.look(incident, world.stalls())
                if incident.cause == "host_down":
                    trial.pulled.end()
                    over.append(under_way.pop(incident.host))
        return not waiting and not under_way

    until("all are known", are_known, within_s=KNOWN_S + APART_S[1] * len(names))
    return over


def assert_one_incident(world: World, code: str) -> None:
    """The only incident is the venue's, with each of its hosts, and over; no host is accused."""
    hosts = {host.name for host in world.venue(code)}
    (incident,) = world.incidents()
    assert incident.name == ("venue", code, "venue_unreachable")
    assert set(incident.children) == hosts
    assert incident.closed_at is not None
    assert world.called("unreachable") == hosts
    assert world.called("down") == set()


@pytest.mark.parametrize(
    ("code", "up", "down"),
    [("NOR", True, True), ("SUD", False, True)],
    ids=["both-ways", "downward"],
)
def test_a_cut_is_one_incident_until_all_forty_hosts_have_returned_at_once(
    world: World, code: str, *, up: bool, down: bool
) -> None:
    lost_before = world.wills()
    cut_at = clock.wall()
    world.lans[code].uplink.cut(up=up, down=down)

    incident = world.expect("venue", code, "venue_unreachable", within_s=KNOWN_S)
    read_s = clock.wall() - cut_at
    read_s -= credit_s(world.stalls(), cut_at, read_s)

    print(f"opened {incident.opened_at - cut_at:.3f} s after the cut, read after {read_s:.3f} s")
    assert read_s <= IN_TIME_S
    until("every session is lost", lambda: world.wills() >= lost_before + 40, within_s=30.0)
    world.recover()
    assert_one_incident(world, code)


def test_a_cut_that_no_session_is_lost_in_is_one_incident_too(world: World) -> None:
    lost_before = world.wills()
    world.lans["SUD"].uplink.cut()

    world.expect("venue", "SUD", "venue_unreachable", within_s=IN_TIME_S)

    world.recover()
    assert world.wills() == lost_before
    assert_one_incident(world, "SUD")


def test_fifty_silent_cuts_of_single_hosts_are_each_known_in_time(world: World) -> None:
    seed = random.SystemRandom().randrange(1_000_000)
    in_turn = chain.from_iterable(zip(world.venue("NOR"), world.venue("SUD"), strict=True))
    names = [host.name for host in islice(in_turn, TRIALS)]

    trials = run_trials(world, names, random.Random(seed))

    opened_s = sorted(trial.opened_s - trial.credit_s for trial in trials)
    read_s = sorted(trial.read_s - trial.credit_s for trial in trials)
    mean_s = sum(opened_s) / TRIALS
    print(f"seed {seed}: opened {opened_s[0]:.3f} to {opened_s[-1]:.3f} s, mean {mean_s:.3f} s;")
    print(f"read over HTTP {read_s[0]:.3f} to {read_s[-1]:.3f} s after the cut")
    world.recover()
    assert read_s[-1] <= HOST_IN_TIME_S
    assert opened_s[-1] <= HOST_IN_TIME_S
    wrong = [incident for incident in world.incidents() if incident.cause != "host_down"]
    assert wrong == []
    assert sorted(world.named()) == sorted(("host", name, "host_down") for name in names)
    assert world.called("down") == set(names)
    assert world.called("unreachable") == set()
