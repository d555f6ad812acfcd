"""Ports: an agent accepts no connection, unless a check of its receives what is pushed."""

import socket
from pathlib import Path

import psutil
import pytest

from bench.kit.processes import free_port
from tests.integration.real import Agent, Aggregator, Mosquitto

pytestmark = pytest.mark.real


def listening_at(process: psutil.Process) -> set[int]:
    """Return the ports at which a process accepts connections, or takes what is sent to it."""
    return {
        each.laddr.port
        for each in process.net_connections("inet")
        if each.status == psutil.CONN_LISTEN or (each.type == socket.SOCK_DGRAM and each.laddr)
    }


@pytest.mark.parametrize("has_feed", [False, True])
def test_an_agent_accepts_no_connection_but_of_checks_that_are_pushed_to(
    tmp_path: Path, broker: Mosquitto, aggregator: Aggregator, *, has_feed: bool
) -> None:
    port = free_port()
    check = (
        f'[[check]]\nkind = "feed"\nname = "odf"\nlisten_port = {port}\nzone = "UTC"\n'
        if has_feed
        else ""
    )
    with Agent(tmp_path, broker.port, "STA-1", broker=check) as agent:
        aggregator.wait_for("STA-1", "up")

        assert listening_at(psutil.Process(agent.pid)) == ({port} if has_feed else set())
