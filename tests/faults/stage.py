"""The stage of a test: the product's own, or a skip where this machine can't have one."""

import contextlib
import os
import signal
import socket
import struct
from collections.abc import Iterator

import psutil
import pytest

from venuewatch.rehearsal.stage.delay_line import Way
from venuewatch.rehearsal.stage.guarding import TIMER
from venuewatch.rehearsal.stage.leftovers import MARK
from venuewatch.rehearsal.stage.machine import Machine, StageError, inside
from venuewatch.rehearsal.stage.network import CENTRE, Lan, make_centre
from venuewatch.rehearsal.stage.run import Run, run_of_namespaces

PORT = 1883
UNACKED, RETRANSMITTED = 24, 100  # offsets in struct tcp_info (linux/tcp.h)


@contextlib.contextmanager
def staged() -> Iterator[Run]:
    """Yield a run of namespaces; skip the test where there can be none."""
    with contextlib.ExitStack() as stack:
        try:
            run = stack.enter_context(run_of_namespaces())
        except StageError as error:
            pytest.skip(str(error))
        yield run


class Site:
    """A centre that listens, and a venue of two hosts; ``way`` is each direction of its uplink."""

    def __init__(self, run: Run, way: Way | None = None) -> None:
        self.centre = Machine(run.prefix, "centre")
        make_centre(self.centre)
        self.lan = Lan(run, 1, self.centre, way)
        self.lan.make(2)
        self.listener = inside(
            self.centre.namespace, lambda: socket.create_server((CENTRE, PORT), backlog=8)
        )

    @property
    def host(self) -> Machine:
        return self.lan.hosts[1]

    def connection(self) -> tuple[socket.socket, socket.socket]:
        """Return both ends of a connection: the host's and the centre's."""
        mine = self.host.connect(CENTRE, PORT)
        theirs, _ = self.listener.accept()
        return mine, theirs

    def close(self) -> None:
        self.listener.close()
        self.lan.close()


def datagrams(machine: Machine, address: str) -> socket.socket:
    """Return a UDP socket of a machine, which waits a few seconds for a packet."""
    made = inside(machine.namespace, lambda: socket.socket(type=socket.SOCK_DGRAM))
    made.bind((address, PORT))
    made.settimeout(5.0)
    return made


def tcp_info(sock: socket.socket, offset: int) -> int:
    """Return a counter of the kernel's on this connection."""
    info = sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 104)
    value: int = struct.unpack_from("I", info, offset)[0]
    return value


def timers(of: str) -> list[int]:
    """Return the process ids of the timers of a run."""
    found = []
    for process in psutil.process_iter(["cmdline", "environ"]):
        words, variables = process.info["cmdline"] or (), process.info["environ"] or {}
        if TIMER in words and variables.get(MARK) == of:
            found.append(process.pid)
    return found


def end_timers(of: str) -> None:
    """End the timers that a killed guardian of a run has left: they would undo a later fault."""
    for pid in timers(of):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(pid, signal.SIGKILL)
