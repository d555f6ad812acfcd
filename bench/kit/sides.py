"""Measures one side of a comparison, and tells a peer where it runs.

A side is a process with all of its children: netdata's plugins are processes of their own. A peer
is one file.
"""

import contextlib
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import psutil

from bench.kit import processes
from bench.kit.machine import program
from bench.kit.payload import Payload, payload
from bench.kit.processes import BenchError, Memory
from bench.kit.result import Row
from venuewatch.base import clock

_MIB = 1024 * 1024


class Side(NamedTuple):
    """``pid`` and its children; ``counted`` counts the bytes where the kernel can not tell."""

    pid: int
    counted: Callable[[], Payload] | None = None


class Used(NamedTuple):
    """Resources that a side has used until a moment (monotonic s).

    ``ended_s`` is the CPU time (s) of children that have ended, in ticks of 10 ms.
    """

    at: float
    cpu_s: float
    ended_s: float
    payload: Payload | None


def exchanged(side: Side) -> Payload | None:
    """Return what a side has exchanged over the connections that it still has."""
    return payload(side.pid) if side.counted is None else side.counted()


def used(side: Side) -> Used:
    """Return what a side has used so far."""
    cpu_s = ended_s = 0.0
    for pid in family(side.pid):
        with contextlib.suppress(ProcessLookupError, psutil.NoSuchProcess):
            times = psutil.Process(pid).cpu_times()
            cpu_s += processes.cpu_s(pid)
            ended_s += times.children_user + times.children_system
    return Used(clock.monotonic(), cpu_s, ended_s, exchanged(side))


def row(name: str, side: Side, before: Used) -> Row:
    """Return what a side has used since ``before``, by the minute."""
    after, held = used(side), _memory(side)
    minutes = (after.at - before.at) / 60
    found: Row = {
        "side": name,
        "rss_mib": round(held.rss / _MIB, 2),
        "pss_mib": None if held.pss is None else round(held.pss / _MIB, 2),
        "cpu_s_per_min": round((after.cpu_s - before.cpu_s) / minutes, 4),
        "ended_children_cpu_s_per_min": round((after.ended_s - before.ended_s) / minutes, 4),
        "payload_kb_per_min": None,
        "sent_kb_per_min": None,
        "received_kb_per_min": None,
        "threads": sum(processes.threads(pid) for pid in family(side.pid)),
        "processes": len(family(side.pid)),
    }
    if before.payload is not None and after.payload is not None:
        sent = (after.payload.sent - before.payload.sent) / 1000 / minutes
        received = (after.payload.received - before.payload.received) / 1000 / minutes
        found["payload_kb_per_min"] = round(sent + received, 2)
        found["sent_kb_per_min"] = round(sent, 2)
        found["received_kb_per_min"] = round(received, 2)
    return found


def family(pid: int) -> list[int]:
    """Return a process and all of its children that have not ended."""
    children = psutil.Process(pid).children(recursive=True)
    return [pid, *(each.pid for each in children if each.status() != psutil.STATUS_ZOMBIE)]


def _memory(side: Side) -> Memory:
    each = [processes.memory(pid) for pid in family(side.pid)]
    shares = [one.pss for one in each if one.pss is not None]
    return Memory(sum(one.rss for one in each), sum(shares) if len(shares) == len(each) else None)


class Surroundings(NamedTuple):
    """A peer's folder for files, the time (s) between its reports, and its broker."""

    directory: Path
    every_s: float
    broker_port: int

    def folder(self, name: str) -> Path:
        """Return a new folder for one peer."""
        path = self.directory / name
        path.mkdir()
        return path


def installed(name: str, side: str) -> str:
    """Return where a program is.

    Raises:
        BenchError: it is not installed.
    """
    path = program(name)
    if path is None:
        raise BenchError(f"{side} is not installed")
    return path
