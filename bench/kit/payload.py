"""How many bytes a process exchanged over TCP, from the kernel's own counters through ``ss``.

Payload is what TCP carries: TLS and HTTP are in it, TCP's and IP's headers are not.
"""

import re
import subprocess
from typing import NamedTuple

from bench.kit.machine import program

_SENT = re.compile(r"\bbytes_acked:(\d+)")
_RECEIVED = re.compile(r"\bbytes_received:(\d+)")


class Payload(NamedTuple):
    """Bytes over the open connections of a process, since each was opened."""

    sent: int
    received: int


def payload(pid: int) -> Payload | None:
    """Return what ``pid`` has exchanged so far; None where there is no ``ss`` to tell."""
    path = program("ss")
    if path is None:
        return None
    asked = [path, "--tcp", "--info", "--numeric", "--processes", "--no-header", "--oneline"]
    ran = subprocess.run(asked, capture_output=True, text=True, timeout=10, check=False)
    if ran.returncode:  # an old ss has no --oneline
        return None
    lines = [line for line in ran.stdout.splitlines() if f"pid={pid}," in line]
    return Payload(_sum(_SENT, lines), _sum(_RECEIVED, lines))


def _sum(pattern: re.Pattern[str], lines: list[str]) -> int:
    return sum(int(count) for line in lines for count in pattern.findall(line))
