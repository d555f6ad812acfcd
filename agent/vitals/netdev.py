"""Network interfaces: bytes and packets that passed, and those that did not."""

import os

from agent.vitals import _files

_RECEIVED = ("bytes", "packets", "errs", "drop", "fifo", "frame", "compressed", "multicast")
_SENT = ("bytes", "packets", "errs", "drop", "fifo", "colls", "carrier", "compressed")
_COLUMNS = (
    *(f"node_network_receive_{kind}_total" for kind in _RECEIVED),
    *(f"node_network_transmit_{kind}_total" for kind in _SENT),
)
_ELSEWHERE = {
    "node_network_receive_bytes_total": "bytes_recv",
    "node_network_transmit_bytes_total": "bytes_sent",
    "node_network_receive_packets_total": "packets_recv",
    "node_network_transmit_packets_total": "packets_sent",
    "node_network_receive_errs_total": "errin",
    "node_network_transmit_errs_total": "errout",
    "node_network_receive_drop_total": "dropin",
    "node_network_transmit_drop_total": "dropout",
}


def read() -> dict[str, object]:
    """Return one row an interface, the loopback included.

    Counters are the kernel's own: one that wraps is a reset, as Prometheus expects.
    """
    if _files.LINUX:
        return parsed(_files.proc("net/dev"))
    return _elsewhere()


def parsed(dev: bytes) -> dict[str, object]:
    """Return what /proc/net/dev says."""
    families: dict[str, list[tuple[str, int]]] = {family: [] for family in _COLUMNS}
    for line in dev.splitlines():
        name, colon, rest = line.rpartition(b":")
        if not colon:
            continue
        device = os.fsdecode(name.strip())
        for family, number in zip(_COLUMNS, _files.counts(rest.split()), strict=False):
            if number is not None:
                families[family].append((device, number))
    return dict(families)


def _elsewhere() -> dict[str, object]:
    import psutil  # noqa: PLC0415 - Linux does without

    counted = psutil.net_io_counters(pernic=True, nowrap=False)
    return {
        family: [(nic, getattr(counters, field)) for nic, counters in counted.items()]
        for family, field in _ELSEWHERE.items()
    }
