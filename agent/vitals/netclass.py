"""Network interfaces: up or not, speed, and the largest packet."""

import os

from agent.vitals import _files

_BYTES_PER_MBIT = 125_000
_UNKNOWN_MBIT = 2**31 - 1  # from here on: an unknown speed (-1), as old drivers write it


def read() -> dict[str, object]:
    """Return one row an interface, the loopback included.

    On Linux an interface is up when the kernel says ``up``: the loopback is ``unknown``, and one
    without a carrier ``down``. A speed (bytes/s) that is unknown is left out.
    """
    if _files.LINUX:
        return _linux()
    return _elsewhere()


def _linux() -> dict[str, object]:
    up: list[tuple[str, int]] = []
    speeds: list[tuple[str, int]] = []
    mtus: list[tuple[str, int]] = []
    for nic in os.listdir(f"{_files.SYS}/class/net"):
        state = _files.sys_if_any(f"class/net/{nic}/operstate")
        if not state:
            continue  # no interface: a file of the bonding driver
        up.append((nic, int(state.strip() == b"up")))
        speed = _files.count(_files.sys_if_any(f"class/net/{nic}/speed").strip())
        if speed and speed < _UNKNOWN_MBIT:
            speeds.append((nic, speed * _BYTES_PER_MBIT))
        mtu = _files.count(_files.sys_if_any(f"class/net/{nic}/mtu").strip())
        if mtu is not None:
            mtus.append((nic, mtu))
    return _families(up, speeds, mtus)


def _elsewhere() -> dict[str, object]:
    import psutil  # noqa: PLC0415 - Linux does without

    stats = psutil.net_if_stats().items()
    return _families(
        [(nic, int(stat.isup)) for nic, stat in stats],
        [(nic, stat.speed * _BYTES_PER_MBIT) for nic, stat in stats if stat.speed > 0],
        [(nic, stat.mtu) for nic, stat in stats],
    )


def _families(
    up: list[tuple[str, int]], speeds: list[tuple[str, int]], mtus: list[tuple[str, int]]
) -> dict[str, object]:
    return {
        "node_network_up": up,
        "node_network_speed_bytes": speeds,
        "node_network_mtu_bytes": mtus,
    }
