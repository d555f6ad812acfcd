"""Set-ups whose machine is at fault: files, spool, clock, unit, inventory."""

import contextlib
import os
import subprocess
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from tests.integration.asked_agent import status_in
from tests.integration.real import Agent, until
from tests.venuewatch.doctor.real.set_up import (
    HOST,
    Broken,
    Lay,
    Words,
    agent_of,
    broker,
    listed,
    ticking,
)
from venuewatch.base import clock

DAY_S = 86_400.0


def with_file(prepare: Callable[[Path], dict[str, object]]) -> Lay:
    """Return a set-up of a good broker, and an agent whose settings are changed."""

    @contextlib.contextmanager
    def lay(folder: Path) -> Iterator[Words]:
        with broker(folder) as running:
            yield [str(agent_of(folder, also=prepare(folder), port=running.port))]

    return lay


def password_for_all(folder: Path) -> dict[str, object]:
    path = folder / "password"
    path.write_text("secret\n", encoding="ascii")
    path.chmod(0o644)
    return {"username": HOST, "password_file": str(path)}


def file_that_is_not_there(folder: Path) -> dict[str, object]:
    return {"ca_file": str(folder / "none.pem")}


def file_in_the_place_of_the_spool(folder: Path) -> dict[str, object]:
    (folder / "spool").touch()
    return {}


@contextlib.contextmanager
def mounted(folder: Path, options: str) -> Iterator[Words]:
    """Have the spool on a filesystem of its own."""
    spool = folder / "spool"
    spool.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(spool)]
    if os.geteuid() != 0 or subprocess.run(mount, check=False, capture_output=True).returncode:
        pytest.skip("nothing can be mounted here")
    try:
        with broker(folder) as running:
            yield [str(agent_of(folder, port=running.port))]
    finally:
        subprocess.run(["umount", str(spool)], check=True)


@contextlib.contextmanager
def on_a_full_disk(folder: Path) -> Iterator[Words]:
    with mounted(folder, "size=1m") as words:
        yield words


@contextlib.contextmanager
def on_a_disk_to_read(folder: Path) -> Iterator[Words]:
    with mounted(folder, "ro") as words:
        yield words


@contextlib.contextmanager
def clock_that_began_anew(folder: Path) -> Iterator[Words]:
    """Have a file that was written tomorrow, by this machine's clock."""
    with broker(folder) as running:
        path = agent_of(folder, port=running.port)
        written = clock.wall() + DAY_S
        os.utime(path, (written, written))
        yield [str(path)]


@contextlib.contextmanager
def without_an_agent(folder: Path) -> Iterator[Words]:
    with broker(folder) as running:
        yield [str(agent_of(folder, port=running.port))]


def with_inventory(*hosts: Sequence[str], venue: str = "STA") -> Lay:
    """Return a set-up of a host that compares itself with an inventory of these hosts."""

    @contextlib.contextmanager
    def lay(folder: Path) -> Iterator[Words]:
        with broker(folder) as running:
            path = agent_of(folder, venue=venue, port=running.port)
            yield [str(path), "--inventory", str(listed(folder, *hosts))]

    return lay


@contextlib.contextmanager
def inventory_of_another_key(folder: Path) -> Iterator[Words]:
    with broker(folder) as running:
        path = folder / "inventory.toml"
        path.write_text('[[venue]]\ncode = "STA"\nlnk = "wired"\n', encoding="ascii")
        yield [str(agent_of(folder, port=running.port)), "--inventory", str(path)]


def hears_centre(folder: Path) -> bool:
    status = status_in(folder)
    return status is not None and status.hears_centre


@contextlib.contextmanager
def agent_with_an_earlier_file(folder: Path) -> Iterator[Words]:
    with (
        broker(folder) as running,
        ticking(running.port),
        Agent(folder, running.port, HOST),
    ):
        until("the agent hears the centre", lambda: hears_centre(folder))
        path = folder / f"agent-{HOST}.toml"
        path.write_text(path.read_text() + 'address = "localhost"\n')
        yield [str(path)]


CASES = {
    "secret that all may read": Broken(
        "modes", "other users may read this secret", with_file(password_for_all)
    ),
    "file that was not copied": Broken(
        "modes", "none.pem: there is no such file", with_file(file_that_is_not_there)
    ),
    "file in the spool's place": Broken(
        "spool", "expected a folder, got a file", with_file(file_in_the_place_of_the_spool)
    ),
    "spool on a full disk": Broken("spool", "and the disk has 1 MiB", on_a_full_disk),
    "spool on a disk that is read-only": Broken(
        "spool", "its filesystem is read-only", on_a_disk_to_read
    ),
    "clock that began anew": Broken(
        "clock", "before its configuration was written", clock_that_began_anew
    ),
    "no agent": Broken("unit", "agent", without_an_agent),
    "host in another venue": Broken(
        "inventory",
        f"has {HOST} in STA, and agent.toml in LIL",
        with_inventory([HOST], venue="LIL"),
    ),
    "host that is not listed": Broken(
        "inventory", f"has no host {HOST}", with_inventory(["STA-2"])
    ),
    "host that is listed as revoked": Broken(
        "inventory", f"has {HOST} as revoked", with_inventory([HOST, "revoked = true"])
    ),
    "inventory with an unknown key": Broken("inventory", "lnk", inventory_of_another_key),
    "agent with an earlier file": Broken(
        "credentials", "the agent runs with an earlier agent.toml", agent_with_an_earlier_file
    ),
}
