"""Witnesses of a live world: each looks at one thing that a fault may change.

A sight knows no fault, and does not ask whether one was ordered. It finds one subject of the world
as it should be (True) or not (False), or it can't see (None), and by another way than any fault
acts: by a packet across a line, by /proc, by a connection of its own. Their names are those of the
simulated world's.
"""

import socket
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Final, TypeAlias

from aggregator.core.incidents.record import Subject
from venuewatch.base import clock
from venuewatch.rehearsal.live.host import Host
from venuewatch.rehearsal.live.programs import Process
from venuewatch.rehearsal.live.servers import is_ready
from venuewatch.rehearsal.live.world import World
from venuewatch.rehearsal.stage.machine import inside

Sight: TypeAlias = Callable[[World, Subject], bool | None]

_CLOSED_PORT: Final = 9  # nothing of ours listens there, so that a kernel refuses at once
_ANSWER_S: Final = 1.0
_SLOWER_S: Final = 0.1
_PACKETS: Final = 3
_ESTABLISHED: Final = "01"  # linux/tcp_states.h
_STANDING: Final = frozenset("TtZX")  # proc_pid_stat(5): stopped, traced, zombie, dead


def agent(world: World, subject: Subject) -> bool | None:
    """Look in /proc whether the process of a host's agent runs."""
    return runs(world.hosts[subject.host].agent)


def aggregator(world: World, _: Subject) -> bool | None:
    """Look in /proc whether the aggregator's process runs."""
    return runs(world.aggregator)


def broker(world: World, _: Subject) -> bool | None:
    """Connect to the broker, as any client may."""
    return is_ready(lambda: _connection(world, world.broker.address, world.broker.port))


def line(world: World, subject: Subject) -> bool | None:
    """Send packets from the centre to the hosts that are meant, and wait for their kernels' word.

    A line is not as it should be where most of the packets come late, or none comes.
    """
    for host in _hosts(world, subject):
        took_s = [_round_trip_s(world, host.address) for _ in range(_PACKETS)]
        usual_s = host.where.lan.uplink.round_trip_s + _SLOWER_S
        if sum(each is not None and each <= usual_s for each in took_s) <= _PACKETS // 2:
            return False
    return True


def sessions(world: World, subject: Subject) -> bool | None:
    """Look among the connections of the centre's kernel for one of each host that is meant."""
    there = _connected(world)
    return all(host.address in there for host in _hosts_of(world, subject))


def twins(world: World, subject: Subject) -> bool | None:
    """Count in /proc the agents that go by the name of a host."""
    config = f"agent-{subject.host}.toml"
    found = [words for words in _command_lines() if f"{world.folder}/" in words and config in words]
    return len(found) <= 1


SIGHTS: Final[Mapping[str, Sight]] = {
    sight.__name__: sight for sight in (agent, aggregator, broker, line, sessions, twins)
}
"""Every sight, by its name."""


def runs(process: Process) -> bool:
    """Tell whether a process is there and does not stand still."""
    try:
        stat = Path(f"/proc/{process.pid}/stat").read_text(encoding="utf-8")
    except (AttributeError, OSError):
        return False
    return stat.rpartition(")")[2].split()[0] not in _STANDING


def _hosts_of(world: World, subject: Subject) -> list[Host]:
    """Return the host of a subject, or all of its venue."""
    return [world.hosts[subject.host]] if subject.host else world.venue(subject.venue)


def _hosts(world: World, subject: Subject) -> list[Host]:
    """Return the host of a subject, or the first one of its venue, or of each."""
    if subject.host or subject.venue:
        return _hosts_of(world, subject)[:1]
    return [world.venue(code)[0] for code in world.lans]


def _connection(world: World, address: str, port: int) -> socket.socket:
    def connect() -> socket.socket:
        return socket.create_connection((address, port), _ANSWER_S)

    return inside(world.centre.namespace, connect)


def _round_trip_s(world: World, address: str) -> float | None:
    """Return how long (s) a kernel takes to refuse a connection; None: it says nothing."""
    begin = clock.monotonic()
    try:
        _connection(world, address, _CLOSED_PORT).close()
    except ConnectionRefusedError:
        return clock.monotonic() - begin
    except OSError:
        return None
    return None


def _connected(world: World) -> set[str]:
    """Return the addresses that have a connection with the broker, as the centre's kernel says."""

    def read() -> str:
        return Path("/proc/thread-self/net/tcp").read_text(encoding="ascii")

    found = set()
    for row in inside(world.centre.namespace, read).splitlines()[1:]:
        _, local, remote, state, *_ = row.split()
        if state == _ESTABLISHED and int(local.partition(":")[2], 16) == world.broker.port:
            number = int(remote.partition(":")[0], 16)
            found.add(socket.inet_ntoa(number.to_bytes(4, sys.byteorder)))
    return found


def _command_lines() -> Iterator[str]:
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            yield path.read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:  # it has ended meanwhile
            continue
