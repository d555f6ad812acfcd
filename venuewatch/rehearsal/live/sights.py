"""Witnesses of a live world: each looks at one thing that a fault may change.

A sight knows no fault, and does not ask whether one was ordered. It finds one subject of the world
as it should be (True) or not (False), or it can't see (None), and by another way than any fault
acts: by a packet across a line, by /proc, by a connection of its own. Their names are those of the
simulated world's.
"""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Final, TypeAlias

import psutil

from aggregator.core.incidents.record import Subject
from venuewatch.rehearsal.live.programs import runs
from venuewatch.rehearsal.live.seen.centre import (
    aggregator_clock,
    aggregator_line,
    connected,
    disk,
    fleet,
    receiver,
    strangers,
)
from venuewatch.rehearsal.live.seen.checks import names, watched
from venuewatch.rehearsal.live.seen.messages import clock, terms, ticks, traffic
from venuewatch.rehearsal.live.seen.packets import connection, line, loss
from venuewatch.rehearsal.live.servers import is_ready
from venuewatch.rehearsal.live.world import World

Sight: TypeAlias = Callable[[World, Subject], bool | None]

_SHELLS: Final = frozenset({"sh", "/bin/sh"})


def agent(world: World, subject: Subject) -> bool | None:
    """Look in /proc whether the process of a host's agent runs."""
    return runs(world.hosts[subject.host].agent)


def aggregator(world: World, _: Subject) -> bool | None:
    """Look in /proc whether the aggregator's process runs."""
    return runs(world.aggregator)


def broker(world: World, _: Subject) -> bool | None:
    """Connect to the broker, as any client may."""
    return is_ready(lambda: connection(world, world.broker.address, world.broker.port))


def sessions(world: World, subject: Subject) -> bool | None:
    """Look among the connections of the centre's kernel for one of each host that is meant."""
    there = connected(world)
    hosts = [world.hosts[subject.host]] if subject.host else world.venue(subject.venue)
    return all(host.address in there for host in hosts)


def twins(world: World, subject: Subject) -> bool | None:
    """Count the agents that go by the name of a host; at a venue, by a name of no host."""
    if subject.host:
        config = f"agent-{subject.host}.toml"
        return sum(path.name == config for path in configurations(world.folder)) <= 1
    at = {host.name for host in world.venue(subject.venue)}
    return not any(
        path.stem.removeprefix("agent-") not in world.hosts
        for path in configurations(world.folder)
        if path.parts[0] in at
    )


SIGHTS: Final[Mapping[str, Sight]] = {
    sight.__name__: sight
    for sight in (
        agent,
        aggregator,
        aggregator_clock,
        aggregator_line,
        broker,
        clock,
        disk,
        fleet,
        line,
        loss,
        names,
        receiver,
        sessions,
        strangers,
        terms,
        ticks,
        traffic,
        twins,
        watched,
    )
}
"""Every sight, by its name."""


def configurations(folder: Path) -> Iterator[Path]:
    """Yield the file of each agent that runs, as seen from the folder that all of them are in.

    A shell that may start one later is none, nor is the copy that an agent makes of itself when
    it starts a program: for a moment that goes by the words of its parent.
    """
    running: dict[int, tuple[Path, int]] = {}
    for process in psutil.process_iter(["cmdline", "ppid"]):
        words = process.info["cmdline"] or [""]
        for file in map(Path, words if words[0] not in _SHELLS else ()):
            is_read = file.name.startswith("agent-") and file.suffix == ".toml"
            if is_read and file.is_relative_to(folder):
                running[process.pid] = file.relative_to(folder), process.info["ppid"]
    for file, parent in running.values():
        if parent not in running or running[parent][0] != file:
            yield file
