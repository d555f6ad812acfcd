"""Pressure stall information: time in which tasks waited for CPU, I/O or memory (Linux 4.20)."""

import re

from agent.vitals import _files

_FAMILIES = {
    "cpu": {b"some": "waiting"},
    "io": {b"some": "waiting", b"full": "stalled"},
    "irq": {b"full": "stalled"},
    "memory": {b"some": "waiting", b"full": "stalled"},
}
_TOTAL_US = re.compile(rb"^(some|full) .*\btotal=(\d{1,20})$", re.MULTILINE)


def read() -> dict[str, object]:
    """Return seconds since boot; nothing of a resource whose pressure the kernel doesn't watch."""
    families: dict[str, object] = {}
    for resource in _FAMILIES:
        families |= parsed(resource, _files.proc_if_any(f"pressure/{resource}"))
    return families


def parsed(resource: str, pressure: bytes) -> dict[str, object]:
    """Return what a file of /proc/pressure says: some tasks waited, all tasks stalled."""
    kinds = _FAMILIES[resource]
    return {
        f"node_pressure_{resource}_{kinds[who]}_seconds_total": int(total_us) / 1_000_000
        for who, total_us in _TOTAL_US.findall(pressure)
        if who in kinds
    }
