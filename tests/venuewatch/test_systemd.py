"""systemd hears what it asked for, and nothing is said where nobody asked."""

import os
import resource
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from venuewatch.base.systemd import Systemd


@pytest.fixture
def manager(tmp_path: Path) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        listening.bind(str(tmp_path / "notify"))
        listening.settimeout(5)
        yield listening


def test_systemd_is_told_that_we_are_ready_and_alive(manager: socket.socket) -> None:
    supervisor = Systemd({"NOTIFY_SOCKET": manager.getsockname(), "WATCHDOG_USEC": "30000000"})

    supervisor.ready("connected")
    supervisor.alive()
    supervisor.stopping()

    assert manager.recv(100) == b"READY=1\nSTATUS=connected"
    assert manager.recv(100) == b"WATCHDOG=1"
    assert manager.recv(100) == b"STOPPING=1"
    assert supervisor.watchdog_every_s == 15.0


def test_a_watchdog_for_another_process_is_not_ours(manager: socket.socket) -> None:
    environment = {"NOTIFY_SOCKET": manager.getsockname(), "WATCHDOG_USEC": "30000000"}
    other = Systemd(environment | {"WATCHDOG_PID": str(os.getpid() + 1)})

    assert other.watchdog_every_s is None


def test_an_abstract_address_is_understood() -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        listening.bind("\0venuewatch-test-notify")
        listening.settimeout(5)

        Systemd({"NOTIFY_SOCKET": "@venuewatch-test-notify"}).alive()

        assert listening.recv(100) == b"WATCHDOG=1"


def test_without_a_manager_nothing_happens() -> None:
    supervisor = Systemd({})

    supervisor.ready("connected")

    assert supervisor.watchdog_every_s is None


def test_watchdog_is_fed_while_no_descriptor_is_left(manager: socket.socket) -> None:
    supervisor = Systemd({"NOTIFY_SOCKET": manager.getsockname(), "WATCHDOG_USEC": "30000000"})
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (1, before[1]))
    try:
        supervisor.alive()
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)

    assert manager.recv(100) == b"WATCHDOG=1"


def test_start_without_a_descriptor_is_told_of_later(manager: socket.socket) -> None:
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (1, before[1]))
    try:
        supervisor = Systemd({"NOTIFY_SOCKET": manager.getsockname()})
        supervisor.status("nobody hears this")
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)

    supervisor.status("connected")

    assert manager.recv(100) == b"STATUS=connected"
