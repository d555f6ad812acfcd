"""The aggregator's watchdog: ready once it serves, a sign each second, none from a hung loop."""

import os
import signal
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.real import Aggregator

pytestmark = pytest.mark.real


@pytest.fixture
def manager(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[socket.socket]:
    """Return the socket of a service manager that wants a sign at least each 30 s."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        listening.bind(str(tmp_path / "notify"))
        listening.settimeout(30.0)
        monkeypatch.setitem(os.environ, "NOTIFY_SOCKET", listening.getsockname())
        monkeypatch.setitem(os.environ, "WATCHDOG_USEC", "30000000")
        yield listening


def test_systemd_is_told_of_a_loop_that_turns_and_not_of_one_that_hangs(
    manager: socket.socket, tmp_path: Path
) -> None:
    with Aggregator(tmp_path, mqtt_port=1) as running:
        said = [manager.recv(1_000).decode()]
        while not said[-1].startswith("READY=1"):
            assert said[-1] == "WATCHDOG=1"
            said.append(manager.recv(1_000).decode())
        assert said[-1] == f"READY=1\nSTATUS=serving 3 hosts on port {running.port}"
        assert manager.recv(1_000) == b"WATCHDOG=1"

        running.signal(signal.SIGSTOP)
        manager.settimeout(2.5)
        with pytest.raises(TimeoutError):
            _hear_on(manager)
        running.signal(signal.SIGCONT)
        manager.settimeout(30.0)
        assert manager.recv(1_000) == b"WATCHDOG=1"

        running.stop()
    manager.settimeout(0.0)
    rest = set(iter(lambda: _next(manager), b""))
    assert b"STOPPING=1" in rest


def _hear_on(manager: socket.socket) -> None:
    while True:
        manager.recv(1_000)


def _next(manager: socket.socket) -> bytes:
    try:
        return manager.recv(1_000)
    except BlockingIOError:
        return b""


def test_unit_has_a_watchdog_and_a_start_without_one() -> None:
    unit = Path(__file__).parents[2] / "deploy" / "systemd" / "venuewatch-aggregator.service"
    lines = unit.read_text().splitlines()

    assert {"Type=notify", "WatchdogSec=30", "TimeoutStartSec=15min"} <= set(lines)
