"""Bonded network interfaces: how many each has, and how many of those have a link."""

import os

from agent.vitals import _files


def read() -> dict[str, object]:
    """Return one row a bond; nothing on a machine without any."""
    slaves: list[tuple[str, int]] = []
    active: list[tuple[str, int]] = []
    for bond in os.fsdecode(_files.sys_if_any("class/net/bonding_masters")).split():
        names = os.fsdecode(_files.sys_if_any(f"class/net/{bond}/bonding/slaves")).split()
        slaves.append((bond, len(names)))
        active.append((bond, sum(_has_link(bond, name) for name in names)))
    return {"node_bonding_slaves": slaves, "node_bonding_active": active} if slaves else {}


def _has_link(bond: str, slave: str) -> bool:
    place = f"class/net/{bond}/lower_{slave}/bonding_slave/mii_status"
    return _files.sys_if_any(place).strip() == b"up"
