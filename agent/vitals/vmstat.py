"""/proc/vmstat: pages read, written and swapped, faults, and processes killed for memory."""

from agent.vitals import _files
from venuewatch.base.wire.readings import Readings

_PREFIX = "node_vmstat_"
_FAMILIES = {
    family.removeprefix(_PREFIX).encode(): family
    for family in Readings.__struct_fields__
    if family.startswith(_PREFIX)
}


def read() -> dict[str, object]:
    """Return the fields that node_exporter has by default; nothing on other systems than Linux."""
    return parsed(_files.proc_if_any("vmstat"))


def parsed(vmstat: bytes) -> dict[str, object]:
    """Return what /proc/vmstat says."""
    words = vmstat.split()
    values = dict(zip(words[::2], words[1::2], strict=False))
    return {
        family: number
        for field, family in _FAMILIES.items()
        if (number := _files.count(values.get(field, b""))) is not None
    }
