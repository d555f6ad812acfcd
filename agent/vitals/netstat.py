"""Counters of the network protocols: IP, ICMP, TCP and UDP."""

from functools import lru_cache

from agent.vitals import _files
from venuewatch.base.wire.readings import Readings

_PREFIX = "node_netstat_"
_FAMILIES = {
    family.removeprefix(_PREFIX).encode(): family
    for family in Readings.__struct_fields__
    if family.startswith(_PREFIX)
}
_FAMILIES_OF_IPV6 = {
    field.replace(b"6_", b"6"): family for field, family in _FAMILIES.items() if b"6_" in field
}


def read() -> dict[str, object]:
    """Return the fields that node_exporter has by default; nothing on other systems than Linux."""
    return {
        **parsed(_files.proc_if_any("net/netstat")),
        **parsed(_files.proc_if_any("net/snmp")),
        **parsed_of_ipv6(_files.proc_if_any("net/snmp6")),
    }


def parsed(netstat: bytes) -> dict[str, object]:
    """Return what /proc/net/netstat or /proc/net/snmp says.

    They have two lines a protocol: the names of its fields, and their values. A protocol that has
    not as many of one as of the other is left out.
    """
    families: dict[str, object] = {}
    lines = netstat.splitlines()
    for names, values in zip(lines[::2], lines[1::2], strict=False):
        length, columns = _columns(names)
        words = values.split()
        if len(words) != length or not names.startswith(words[0]):
            continue
        for place, family in columns:
            number = _files.count(words[place])
            if number is not None:
                families[family] = number
    return families


def parsed_of_ipv6(snmp6: bytes) -> dict[str, object]:
    """Return what /proc/net/snmp6 says: a name and a value a line."""
    words = snmp6.split()
    values = dict(zip(words[::2], words[1::2], strict=False))
    return {
        family: number
        for field, family in _FAMILIES_OF_IPV6.items()
        if (number := _files.count(values.get(field, b""))) is not None
    }


@lru_cache(maxsize=32)
def _columns(names: bytes) -> tuple[int, tuple[tuple[int, str], ...]]:
    """Return how many words a line of names has, and the place of each family in it."""
    protocol, *fields = names.split() or [b""]
    known = (
        (place, _FAMILIES.get(protocol.rstrip(b":") + b"_" + field))
        for place, field in enumerate(fields, start=1)
    )
    return 1 + len(fields), tuple((place, family) for place, family in known if family)
