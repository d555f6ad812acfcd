"""Tasks that ran or waited to run, averaged over 1, 5 and 15 minutes."""

import re

from agent.vitals import _files

_FAMILIES = ("node_load1", "node_load5", "node_load15")
_LOADS = re.compile(rb"(\d{1,9}\.\d\d) (\d{1,9}\.\d\d) (\d{1,9}\.\d\d) ")


def read() -> dict[str, object]:
    """Return the three averages; on Windows psutil's emulation, which says 0 for its first 5 s."""
    if _files.LINUX:
        return parsed(_files.proc("loadavg"))
    import psutil  # noqa: PLC0415 - Linux does without

    return dict(zip(_FAMILIES, (round(load, 2) for load in psutil.getloadavg()), strict=True))


def parsed(loadavg: bytes) -> dict[str, object]:
    """Return what /proc/loadavg says."""
    loads = _LOADS.match(loadavg)
    return dict(zip(_FAMILIES, map(float, loads.groups()), strict=True)) if loads else {}
