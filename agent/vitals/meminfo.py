"""Memory and swap space, under the names that node_exporter has on each operating system."""

import re

from agent.vitals import _files
from venuewatch.base.wire.readings import Readings

_KIB = 1024
_PREFIX = "node_memory_"
_LINE = re.compile(rb"^(\S+): *(\d{1,16})( kB)?$", re.MULTILINE)
_FAMILIES = {
    re.sub(r"_(anon|file)\b", r"(\1)", re.sub("_bytes$", " kB", field)).encode(): family
    for family in Readings.__struct_fields__
    if (field := family.removeprefix(_PREFIX)) != family
}
"""Families by field and unit: ``Active(anon) kB`` is ``node_memory_Active_anon_bytes``."""


def read() -> dict[str, object]:
    """Return each field of /proc/meminfo on Linux, from one read; elsewhere what psutil knows of.

    On macOS ``free`` is without the pages that were read in advance, which node_exporter counts.
    """
    if _files.LINUX:
        return parsed(_files.proc("meminfo"))
    return _elsewhere()


def parsed(meminfo: bytes) -> dict[str, object]:
    """Return what /proc/meminfo says, fields that the catalogue lacks left out."""
    return {
        family: int(number) * _KIB if unit else int(number)
        for field, number, unit in _LINE.findall(meminfo)
        if (family := _FAMILIES.get(field + unit)) is not None
    }


def _elsewhere() -> dict[str, object]:
    import psutil  # noqa: PLC0415 - Linux does without

    memory, swap = psutil.virtual_memory()._asdict(), psutil.swap_memory()
    families: dict[str, object] = {
        f"{_PREFIX}{kind}_bytes": memory[kind]
        for kind in ("total", "available", "free", "active", "inactive", "wired")
        if kind in memory
    }
    for kind in ("total", "used", "free"):
        families[f"{_PREFIX}swap_{kind}_bytes"] = getattr(swap, kind)
    if psutil.MACOS:
        families[f"{_PREFIX}swapped_in_bytes_total"] = swap.sin
        families[f"{_PREFIX}swapped_out_bytes_total"] = swap.sout
    return families
