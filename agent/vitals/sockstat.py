"""Sockets by protocol: in use, waiting, and the memory that they hold."""

from mmap import PAGESIZE

from agent.vitals import _files
from venuewatch.base.wire.readings import Readings

_PREFIX = "node_sockstat_"
_FAMILIES = {
    family.removeprefix(_PREFIX).encode(): family
    for family in Readings.__struct_fields__
    if family.startswith(_PREFIX)
}


def read() -> dict[str, object]:
    """Return the fields of both files; nothing on other systems than Linux."""
    text = _files.proc_if_any("net/sockstat") + _files.proc_if_any("net/sockstat6")
    return parsed(text, PAGESIZE)


def parsed(sockstat: bytes, page_bytes: int) -> dict[str, object]:
    """Return what /proc/net/sockstat and sockstat6 say; ``mem`` is in pages, and in bytes too."""
    families: dict[str, object] = {}
    for line in sockstat.splitlines():
        protocol, _, rest = line.partition(b":")
        words = rest.split()
        for field, value in zip(words[::2], words[1::2], strict=False):
            family, number = _FAMILIES.get(protocol + b"_" + field), _files.count(value)
            if family is None or number is None:
                continue
            families[family] = number
            if field == b"mem":
                families[f"{family}_bytes"] = number * page_bytes
    return families
