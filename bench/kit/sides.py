"""Measures one side of a comparison: memory, CPU, and the bytes that it exchanged over TCP.

A side is a process with all of its children: netdata's plugins are processes of their own. Bytes
come from the kernel's counters through ``ss``. They are payload, what TCP carries: TLS and HTTP are
in it, TCP's and IP's headers are not.
"""

import contextlib
import re
import subprocess
from collections.abc import Callable
from typing import NamedTuple

import psutil

from bench.kit import processes
from bench.kit.machine import program
from bench.kit.result import Row
from venuewatch.base import clock

_MIB = 1024 * 1024
_SENT = re.compile(r"\bbytes_acked:(\d+)")
_RECEIVED = re.compile(r"\bbytes_received:(\d+)")


class Payload(NamedTuple):
    """Bytes over the open connections of a process, since each was opened."""

    sent: int
    received: int


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
    """Return what a side has exchanged over the connections that it still has.

    None where there is no ``ss`` to tell.
    """
    if side.counted is not None:
        return side.counted()
    path = program("ss")
    if path is None:
        return None
    asked = [path, "--tcp", "--info", "--numeric", "--processes", "--no-header", "--oneline"]
    ran = subprocess.run(asked, capture_output=True, text=True, timeout=10, check=False)
    if ran.returncode:  # an old ss has no --oneline
        return None
    lines = [line for line in ran.stdout.splitlines() if f"pid={side.pid}," in line]
    return Payload(_sum(_SENT, lines), _sum(_RECEIVED, lines))


def _sum(pattern: re.Pattern[str], lines: list[str]) -> int:
    return sum(int(count) for line in lines for count in pattern.findall(line))


def used(side: Side) -> Used:
    """Return what a side has used so far."""
    cpu_s = ended_s = 0.0
    for process in family(side.pid):
        with contextlib.suppress(ProcessLookupError, psutil.NoSuchProcess):
            times = process.cpu_times()
            cpu_s += processes.cpu_s(process.pid)
            ended_s += times.children_user + times.children_system
    return Used(clock.monotonic(), cpu_s, ended_s, exchanged(side))


def row(name: str, side: Side, before: Used) -> Row:
    """Return what a side has used since ``before``, by the minute.

    ``pss_mib`` shares out the memory that other processes have too; it is Linux's.
    """
    after, members = used(side), family(side.pid)
    memory = [process.memory_full_info() for process in members]
    has_pss = hasattr(memory[0], "pss")
    minutes = (after.at - before.at) / 60
    found: Row = {
        "side": name,
        "rss_mib": round(sum(one.rss for one in memory) / _MIB, 2),
        "pss_mib": round(sum(one.pss for one in memory) / _MIB, 2) if has_pss else None,
        "cpu_s_per_min": round((after.cpu_s - before.cpu_s) / minutes, 4),
        "ended_children_cpu_s_per_min": round((after.ended_s - before.ended_s) / minutes, 4),
        "payload_kb_per_min": None,
        "sent_kb_per_min": None,
        "received_kb_per_min": None,
        "threads": sum(process.num_threads() for process in members),
        "processes": len(members),
    }
    if before.payload is not None and after.payload is not None:
        sent = (after.payload.sent - before.payload.sent) / 1000 / minutes
        received = (after.payload.received - before.payload.received) / 1000 / minutes
        found["payload_kb_per_min"] = round(sent + received, 2)
        found["sent_kb_per_min"] = round(sent, 2)
        found["received_kb_per_min"] = round(received, 2)
    return found


def family(pid: int) -> list[psutil.Process]:
    """Return a process and all of its children that have not ended."""
    process = psutil.Process(pid)
    children = process.children(recursive=True)
    return [process, *(one for one in children if one.status() != psutil.STATUS_ZOMBIE)]
