"""Connections of many hosts are closed at once: nobody is accused who comes back.

The centre's kernel closes them, as a firewall does that forgets its connections. Nothing waits
until they have lasted: after a brief one an agent waits for longer, and the centre knows that.
"""

from datetime import datetime
from typing import Final

import pytest

from aggregator.core.verdicts.hang_ups import BEAT_S
from tests.faults.world import Incident, Plan, World
from tests.integration.real import until

pytestmark = [pytest.mark.real, pytest.mark.timeout(400)]

PLANS: Final = [Plan("NOR", 8), Plan("SUD", 8)]
KNOWN_S: Final = 20.0


def reset_all(world: World) -> None:
    """Close all connections, and wait until all agents have connected again."""
    before = sessions(world)
    world.reset_connections()
    connected = before + len(world.hosts)
    until("all have connected again", lambda: sessions(world) >= connected, within_s=KNOWN_S)


def sessions(world: World) -> int:
    """Return how many times agents have connected since their start."""
    return sum(len(host.agent.events("broker_connected")) for host in world.hosts.values())


def was_back_late(world: World, name: str, at: float) -> bool:
    """Tell whether a host may not have been heard again by ``at`` (wall s).

    Its own log says when it was connected; its first beat follows within ``BEAT_S``.
    """
    last = str(world.hosts[name].agent.events("broker_connected")[-1]["time"])
    return datetime.fromisoformat(last).timestamp() > at - BEAT_S


def told_together(world: World) -> Incident | None:
    """Return the incident of hosts that hung up together: a venue's, or the centre's.

    It is the centre's if a host of the other venue was back late, which the machine decides.
    """
    return next((it for it in world.incidents() if it.cause == "hung_up_together"), None)


@pytest.mark.parametrize("times", [1, 3])
def test_hosts_that_are_back_soon_are_no_incident(world: World, times: int) -> None:
    for _ in range(times):
        reset_all(world)

    world.await_well()

    assert world.named() == []
    assert world.called("down") | world.called("unreachable") == set()


def test_hosts_that_are_not_back_are_one_incident(world: World) -> None:
    away = ("NOR-2", "NOR-3", "NOR-4")
    refused = world.refuse(*away)

    world.reset_connections()
    found = until("it is an incident", lambda: told_together(world), within_s=KNOWN_S)
    refused.end()
    world.await_well()

    others = set(found.children) - set(away)
    assert found.venue == ("NOR" if found.scope == "venue" else "")
    assert set(away) <= set(found.children)
    assert [name for name in others if not was_back_late(world, name, found.opened_at)] == []
    assert world.called("down") == set()
