"""Gives bare Debian hosts: each an overlay of one tree, in its own namespaces, on one network.

A host has its own mounts, processes and network. Its changes are in memory and gone at the end. No
host reaches anything but the others: there is no route out, so no index is reachable.
"""

import contextlib
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

import psutil

from bench.kit.processes import BenchError, running, wait_for
from venuewatch.rehearsal.stage.machine import Machine
from venuewatch.rehearsal.stage.run import run_of_namespaces

NETWORK: Final = "10.78.0"
_SWITCH: Final = "switch"
_INIT: Final = """
set -e
mount --make-rprivate /
mount -t tmpfs tmpfs "$2"
mkdir "$2/upper" "$2/work" "$2/root"
mount -t overlay overlay -o "lowerdir=$1,upperdir=$2/upper,workdir=$2/work" "$2/root"
mount -t proc proc "$2/root/proc"
mount --rbind /dev "$2/root/dev"
mount -t tmpfs tmpfs "$2/root/run"
touch "$2/root/run/ready"
exec sleep infinity
"""
_ENVIRONMENT: Final = ("PATH=/usr/sbin:/usr/bin:/sbin:/bin", "HOME=/root", "LC_ALL=C.UTF-8")


class BareHost:
    """One host: what a person types there, and what is carried to it.

    Attributes:
        address: its own, on the network of all.
    """

    def __init__(self, address: str, pid: int, root: Path) -> None:
        self.address = address
        self._pid = pid
        self._root = root

    def path(self, inside: str) -> Path:
        """Return where a path of the host can be reached from here."""
        return Path(f"/proc/{self._pid}/root{self._root}") / inside.lstrip("/")

    def carry(self, source: Path, to: str = "/root") -> None:
        """Copy a file there, as by a stick."""
        shutil.copy(source, self.path(to))

    def type(self, line: str, *, at_most_s: float = 180.0, code: int = 0) -> str:
        """Do a line of shell in /root there, as root; return what it prints.

        Raises:
            BenchError: it ended with another code, or not in time.
        """
        found, said = self.tried(line, at_most_s=at_most_s)
        if found != code:
            last = said.strip().splitlines()[-1:] or ["nothing"]
            raise BenchError(f"{line}: expected exit code {code}, got {found}: {last[0]}")
        return said

    def tried(self, line: str, *, at_most_s: float = 180.0) -> tuple[int, str]:
        """Do a line of shell there; return its exit code and what it prints.

        Raises:
            BenchError: it did not end in time.
        """
        enter = ("nsenter", "-t", str(self._pid), "-m", "-n", "-p", "chroot", str(self._root))
        script = f"cd /root && {{ {line}\n}} 2>&1"
        try:
            done = subprocess.run(
                [*enter, "env", "-i", *_ENVIRONMENT, "sh", "-c", script],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                text=True,
                errors="replace",
                timeout=at_most_s,
                check=False,
            )
        except subprocess.TimeoutExpired:
            raise BenchError(f"{line}: not done within {at_most_s:g} s") from None
        return done.returncode, done.stdout


@contextlib.contextmanager
def bare_hosts(tree: Path, names: Sequence[str], *, folder: Path) -> Iterator[dict[str, BareHost]]:
    """Yield hosts by name, each on ``tree``; logs and mount points are in ``folder``.

    Raises:
        BenchError: one did not start.
        StageError: this machine can't give namespaces; the text says what lacks.
    """
    with contextlib.ExitStack() as stack:
        run = stack.enter_context(run_of_namespaces())
        switch = Machine(run.prefix, _SWITCH)
        switch.make()
        switch.ip("link add name ports type bridge", "link set ports up")
        hosts = {}
        for number, name in enumerate(names, start=1):
            machine = Machine(run.prefix, f"h{number}")
            machine.make()
            address = f"{NETWORK}.{number}"
            _plug_in(machine, switch, number, address)
            place = folder / f"host-{number}"
            place.mkdir()
            log = folder / f"host-{number}.log"
            apart = ("unshare", "--mount", "--pid", "--fork", "--kill-child")
            words = machine.enter(*apart, "sh", "-c", _INIT, "sh", str(tree), str(place))
            process = stack.enter_context(running(words, log=log))
            hosts[name] = _begun(process.pid, address, place / "root", log)
        yield hosts


def _plug_in(machine: Machine, switch: Machine, number: int, address: str) -> None:
    """Join a host to the switch by a cable."""
    switch.ip(
        f"link add port{number} type veth peer name eth0 netns {machine.namespace}",
        f"link set port{number} master ports",
        f"link set port{number} up",
    )
    machine.ip(f"addr add {address}/24 dev eth0", "link set eth0 up")


def _begun(pid: int, address: str, root: Path, log: Path) -> BareHost:
    """Wait until a host is there, and return it."""
    found: list[BareHost] = []

    def is_there() -> bool:
        with contextlib.suppress(psutil.NoSuchProcess):
            for child in psutil.Process(pid).children():
                host = BareHost(address, child.pid, root)
                if host.path("/run/ready").exists():
                    found.append(host)
                    return True
        return False

    if not wait_for(is_there):
        raise BenchError(f"a host did not start: {log.read_text(errors='replace').strip()[-200:]}")
    return found[0]
