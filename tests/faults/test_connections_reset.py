"""Connections of many hosts are closed at once: nobody is accused who comes back.

The centre's kernel closes them, as a firewall does that forgets its connections.
"""

from datetime import datetime
from typing import Final

import pytest

from aggregator.core.verdicts.hang_ups import BEAT_S
from tests.faults.world import Incident, Plan, World
from tests.integration.real import until
from venuewatch.base import clock
from venuewatch.base.wire import links

pytestmark = [pytest.mark.real, pytest.mark.timeout(400)]

PLANS: Final = [Plan("NOR", 8), Plan("SUD", 8)]
KNOWN_S: Final = 20.0


def sessions(world: World) -> int:
    """Return how many times agents have connected since their start."""
    return sum(len(host.agent.events("broker_connected")) for host in world.hosts.values())


def await_old_connections(world: World) -> None:
    """Wait until each connection has lasted: after a brief one an agent waits for longer."""

    def are_old() -> bool:
        latest = max(_connected_at(world, name) for name in world.hosts)
        return clock.wall() > latest + links.BRIEF_S

    until("all connections have lasted", are_old, within_s=KNOWN_S)


def was_back_late(world: World, name: str, at: float) -> bool:
    """Tell whether a host may not have been heard again by ``at`` (wall s).

    Its own log says when it was connected; its first beat follows within ``BEAT_S``.
    """
    return _connected_at(world, name) > at - BEAT_S


def told_together(world: World) -> Incident | None:
    """Return the incident of hosts that hung up together: a venue's, or the centre's.

    It is the centre's if a host of the other venue was back late, which the machine decides.
    """
    return next((it for it in world.incidents() if it.cause == "hung_up_together"), None)


def _connected_at(world: World, name: str) -> float:
    """Return when (wall s) a host's agent was connected last."""
    last = str(world.hosts[name].agent.events("broker_connected")[-1]["time"])
    return datetime.fromisoformat(last).timestamp()


def test_hosts_that_are_back_soon_are_no_incident(world: World) -> None:
    before = sessions(world)
    await_old_connections(world)

    world.reset_connections()
    until("all have connected again", lambda: sessions(world) >= before + 16, within_s=KNOWN_S)
    world.mark()

    assert world.named() == []
    assert world.called("down") == set()


def test_hosts_that_are_not_back_are_one_incident(world: World) -> None:
    away = ("NOR-2", "NOR-3", "NOR-4")
    await_old_connections(world)
    refused = world.refuse(*away)

    world.reset_connections()
    found = until("it is an incident", lambda: told_together(world), within_s=KNOWN_S)
    refused.end()
    world.mark()

    others = set(found.children) - set(away)
    assert found.venue == ("NOR" if found.scope == "venue" else "")
    assert set(away) <= set(found.children)
    assert [name for name in others if not was_back_late(world, name, found.opened_at)] == []
    assert world.called("down") == set()
