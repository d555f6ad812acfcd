"""The agent's own word that it came up, as an upgrade reads it: a real agent on a real broker."""

import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.agent.test_agent_over_broker import HEARTBEAT, heard
from venuewatch.venue.bundle.host.health import Health, Look

pytestmark = pytest.mark.real

HEARD = "STATUS=connected to 127.0.0.1, hears the centre"
TICKS = 3


@pytest.fixture
def manager(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[socket.socket]:
    """Return the socket of a service manager."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        listening.bind(str(tmp_path / "notify"))
        listening.settimeout(30.0)
        monkeypatch.setitem(os.environ, "NOTIFY_SOCKET", listening.getsockname())
        yield listening


def test_agent_tells_once_a_session_that_it_hears_the_centre(
    manager: socket.socket, tmp_path: Path
) -> None:
    said: list[str] = []
    with heard(tmp_path, HEARTBEAT) as centre:
        for _ in range(TICKS):
            centre.tick()
        while HEARD not in said:
            said.append(manager.recv(1_000).decode())
    manager.settimeout(0.0)
    said += iter(lambda: next_of(manager), "")

    assert said.count(HEARD) == 1
    assert said.index("STATUS=connected to 127.0.0.1") < said.index(HEARD)


def test_words_of_the_agent_are_those_that_an_upgrade_waits_for() -> None:
    health = Health(0.0, must_be_heard=True)

    health.see(Look(7, HEARD.removeprefix("STATUS="), spool=1), 1.0)

    verdict = health.verdict(11.0)
    assert verdict is not None
    assert verdict.is_well


def next_of(manager: socket.socket) -> str:
    """Return what the manager was told next; nothing where that is all."""
    try:
        return manager.recv(1_000).decode()
    except BlockingIOError:
        return ""
