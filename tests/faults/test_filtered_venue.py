"""A venue of 120 hosts behind the shipped packet filter: it returns, and floods nobody."""

import contextlib
import socket
from collections.abc import Iterator
from functools import partial
from typing import Final

import pytest

from bench.kit.cable import dropped, filter_of, nft
from tests.faults.world import Plan, World
from tests.integration.real import pause, until
from venuewatch.rehearsal.stage.machine import StageError, inside
from venuewatch.rehearsal.stage.network import CENTRE, address_of

pytestmark = [pytest.mark.real, pytest.mark.timeout(420), pytest.mark.timed]

HOSTS: Final = 120
PLANS = [Plan("NOR", HOSTS), Plan("SUD", 2)]
NETWORKS: Final = (f"{address_of(1, 0)}/24", "2001:db8:1::/48")
KNOWN_S: Final = 30.0
FLOOD: Final = 400
FLOOD_S: Final = 5.0


@pytest.fixture
def filtered(world: World) -> Iterator[World]:
    """Yield the world with the packet filter at the centre."""
    try:
        nft(world.centre, filter_of(world.broker.port, NETWORKS, HOSTS))
    except StageError as error:
        pytest.skip(str(error))
    yield world
    nft(world.centre, "delete table inet venuewatch\n")


def drops(world: World) -> dict[str, int]:
    return {what: dropped(world.centre, f"venue_STA_{what}") for what in ("new", "open", "bytes")}


def test_hosts_of_a_large_venue_return_undropped_as_one_incident(filtered: World) -> None:
    lost_before = filtered.wills()
    filtered.lans["NOR"].uplink.cut()
    filtered.expect("venue", "NOR", "venue_unreachable", within_s=KNOWN_S)
    until("sessions are lost", lambda: filtered.wills() >= lost_before + HOSTS, within_s=KNOWN_S)

    filtered.recover()

    assert filtered.named() == [("venue", "NOR", "venue_unreachable")]
    assert set(drops(filtered).values()) == {0}


def test_flood_of_connections_is_dropped_and_harms_nobody(filtered: World) -> None:
    attacker = filtered.lans["NOR"].hosts[1].namespace
    with contextlib.ExitStack() as stack:
        for _ in range(FLOOD):
            made = stack.enter_context(inside(attacker, partial(socket.socket, socket.AF_INET)))
            made.settimeout(0.0)
            made.connect_ex((CENTRE, filtered.broker.port))
        pause(FLOOD_S)

    assert drops(filtered)["new"] > 0
    assert filtered.named() == []
