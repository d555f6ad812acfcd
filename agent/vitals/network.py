"""Network interfaces: state, speed, and what passed through them."""

import psutil

_COUNTERS = {
    "node_network_receive_bytes_total": "bytes_recv",
    "node_network_transmit_bytes_total": "bytes_sent",
    "node_network_receive_packets_total": "packets_recv",
    "node_network_transmit_packets_total": "packets_sent",
    "node_network_receive_errs_total": "errin",
    "node_network_transmit_errs_total": "errout",
    "node_network_receive_drop_total": "dropin",
    "node_network_transmit_drop_total": "dropout",
}
_BYTES_PER_MBIT = 125_000


def read() -> dict[str, object]:
    """Return one row an interface, the loopback included.

    Counters are the kernel's own: one that wraps is a reset, as Prometheus expects. An interface
    is up when it is enabled and has a carrier. A speed (bytes/s) that is unknown is left out.
    """
    stats = psutil.net_if_stats()
    counted = psutil.net_io_counters(pernic=True, nowrap=False)
    families: dict[str, object] = {
        "node_network_up": [(nic, int(stat.isup)) for nic, stat in stats.items()],
        "node_network_speed_bytes": [
            (nic, stat.speed * _BYTES_PER_MBIT) for nic, stat in stats.items() if stat.speed > 0
        ],
        "node_network_mtu_bytes": [(nic, stat.mtu) for nic, stat in stats.items()],
    }
    for family, field in _COUNTERS.items():
        families[family] = [(nic, getattr(counters, field)) for nic, counters in counted.items()]
    return families
