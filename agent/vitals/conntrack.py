"""Connections that the firewall tracks, and the most that it can."""

from agent.vitals import _files

_FAMILIES = {
    "node_nf_conntrack_entries": "sys/net/netfilter/nf_conntrack_count",
    "node_nf_conntrack_entries_limit": "sys/net/netfilter/nf_conntrack_max",
}


def read() -> dict[str, object]:
    """Return both; nothing where no connection is tracked."""
    return {
        family: number
        for family, name in _FAMILIES.items()
        if (number := _files.count(_files.proc_if_any(name).strip())) is not None
    }
