"""The stage's network breaks as a real one does, and touches nothing but itself.

The stage says in words what a machine lacks for it.
"""

import os
import select
import socket
import subprocess

import pytest

from tests.faults.stage import PORT, Site, staged
from venuewatch.rehearsal.stage import run
from venuewatch.rehearsal.stage.machine import Machine, StageError, inside, ip, names, remove

pytestmark = pytest.mark.real

QUIET_S = 0.5


def is_anything_heard(sock: socket.socket, within_s: float) -> bool:
    return bool(select.select([sock], [], [], within_s)[0])


def own_network() -> tuple[str, str]:
    """Return this machine's links and routes."""
    return ip("-brief", "link"), ip("route")


def test_a_pulled_cable_is_silent_and_a_connection_outlives_it(site: Site) -> None:
    mine, theirs = site.connection()
    with mine, theirs:
        pulled = site.lan.unplug(1)
        mine.sendall(b"beat")
        was_silent = not is_anything_heard(theirs, QUIET_S)
        pulled.end()

        assert was_silent
        assert is_anything_heard(theirs, 5.0)
        assert theirs.recv(9) == b"beat"


def test_a_host_without_cable_is_not_reached_by_its_neighbour(site: Site) -> None:
    site.lan.unplug(1)

    neighbour = inside(site.lan.hosts[2].namespace, lambda: socket.socket())  # noqa: PLW0108
    with neighbour:
        neighbour.settimeout(QUIET_S)
        with pytest.raises(OSError, match="timed out"):
            neighbour.connect((site.lan.address(1), PORT))


def test_a_dead_machine_sends_nothing_more(site: Site) -> None:
    mine, theirs = site.connection()
    with theirs:
        site.lan.unplug(1)
        mine.close()
        site.lan.replace(1)
        again, second = site.connection()

        with again, second:
            assert not is_anything_heard(theirs, QUIET_S)


def test_a_packet_to_a_fresh_machine_is_answered_by_a_reset(site: Site) -> None:
    mine, theirs = site.connection()
    with mine, theirs:
        site.lan.replace(1)

        theirs.sendall(b"tick")

        assert is_anything_heard(theirs, 5.0)
        with pytest.raises(ConnectionResetError):
            theirs.recv(9)


def test_this_machine_s_own_network_is_not_touched() -> None:
    before = own_network()

    with staged() as run:
        site = Site(run)
        during = own_network()
        site.close()

    assert during == before


def test_a_run_leaves_neither_namespaces_nor_processes() -> None:
    with staged() as run:
        machine = Machine(run.prefix, "left")
        machine.make()
        sleeper = subprocess.Popen(machine.command("sleep", "600"))

    assert not [name for name in names() if name.startswith(run.prefix)]
    assert sleeper.wait(5.0) < 0


def test_namespaces_of_a_killed_run_are_removed_by_the_next() -> None:
    with staged() as run, subprocess.Popen(["true"]) as gone:
        gone.wait()
        left = run.prefix.replace(str(os.getpid()), str(gone.pid))
        ip("netns", "add", left)
        ip("netns", "add", run.prefix)
        try:
            with staged():
                found = names()
        finally:
            if left in names():
                remove(left)

    assert left not in found
    assert run.prefix in found


def refusal() -> str:
    with pytest.raises(StageError) as raised, run.run_of_namespaces():
        pass
    return str(raised.value)


def test_a_stage_without_root_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.geteuid", lambda: 1000)

    assert refusal() == "network namespaces need root on Linux"


def test_a_stage_on_another_system_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.geteuid", lambda: 0)
    monkeypatch.setattr("sys.platform", "darwin")

    assert refusal() == "network namespaces need root on Linux"


@pytest.mark.parametrize(("program", "package"), [("ip", "iproute2"), ("setpriv", "util-linux")])
def test_a_stage_without_its_program_names_the_package(
    program: str, package: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("os.geteuid", lambda: 0)
    monkeypatch.setattr("shutil.which", lambda name: None if name == program else name)

    assert refusal() == f"{program} ({package}) is not installed"


def test_a_kernel_without_a_device_is_told_by_its_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run, "_DEVICES", ("link add name try0 type nonesuch",))

    assert refusal().startswith("the kernel gives no nonesuch device: ")
