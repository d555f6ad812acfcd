"""Bonded network interfaces: how many each has, and how many of those have a link."""

import os

from agent.vitals import _files


def read() -> dict[str, object]:
    """Return one row a bond; nothing on a machine without any."""
    slaves: list[tuple[str, int]] = []
    active: list[tuple[str, int]] = []
    for bond in _names("class/net/bonding_masters"):
        names = _names(f"class/net/{bond}/bonding/slaves")
        slaves.append((bond, len(names)))
        active.append((bond, sum(_has_link(bond, name) for name in names)))
    return {"node_bonding_slaves": slaves, "node_bonding_active": active} if slaves else {}


def _names(place: str) -> list[str]:
    return [os.fsdecode(name) for name in _files.sys_if_any(place).split()]


def _has_link(bond: str, slave: str) -> bool:
    place = f"class/net/{bond}/lower_{slave}/bonding_slave/mii_status"
    return _files.sys_if_any(place).strip() == b"up"
