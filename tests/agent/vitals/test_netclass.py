"""Interfaces: what /sys/class/net says, and what psutil says elsewhere."""

from pathlib import Path
from types import SimpleNamespace
from typing import cast

import psutil
import pytest

from agent.vitals import _files, netclass
from tests.agent.vitals import machines


@pytest.fixture
def net(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    machines.look_at(monkeypatch, tmp_path)
    (tmp_path / "sys/class/net").mkdir(parents=True)
    return tmp_path / "sys/class/net"


def add(net: Path, nic: str, **attributes: str) -> None:
    machines.write(net, {f"{nic}/{name}": f"{text}\n" for name, text in attributes.items()})


def rows(family: str) -> dict[str, int]:
    return dict(cast("list[tuple[str, int]]", netclass.read()[family]))


def test_an_interface_is_up_when_the_kernel_says_up(net: Path) -> None:
    states = {"eth0": "up", "eth1": "down", "lo": "unknown", "eth2": "lowerlayerdown"}
    for nic, state in states.items():
        add(net, nic, operstate=state)

    assert rows("node_network_up") == {"eth0": 1, "eth1": 0, "lo": 0, "eth2": 0}


UNKNOWN = ["-1", "0", "4294967295", "fast"]


@pytest.mark.parametrize("speed", UNKNOWN)
def test_a_speed_that_is_unknown_is_left_out(net: Path, speed: str) -> None:
    add(net, "eth0", operstate="up", speed=speed)
    add(net, "eth1", operstate="up", speed="1000")
    add(net, "lo", operstate="unknown")

    assert rows("node_network_speed_bytes") == {"eth1": 125_000_000}


def test_an_interface_has_its_largest_packet(net: Path) -> None:
    add(net, "eth0", operstate="up", mtu="1500")
    add(net, "tun0", operstate="up", mtu="?")

    assert rows("node_network_mtu_bytes") == {"eth0": 1_500}
    assert rows("node_network_up") == {"eth0": 1, "tun0": 1}


def test_a_file_between_the_interfaces_is_none(net: Path) -> None:
    add(net, "bond0", operstate="up")
    (net / "bonding_masters").write_text("bond0\n")

    assert rows("node_network_up") == {"bond0": 1}


def test_elsewhere_psutil_tells(monkeypatch: pytest.MonkeyPatch) -> None:
    stats = {
        "en0": SimpleNamespace(isup=True, speed=1_000, mtu=1_500),
        "lo0": SimpleNamespace(isup=True, speed=0, mtu=16_384),
    }
    monkeypatch.setattr(_files, "LINUX", False)
    monkeypatch.setattr(psutil, "net_if_stats", lambda: stats)

    assert rows("node_network_up") == {"en0": 1, "lo0": 1}
    assert rows("node_network_speed_bytes") == {"en0": 125_000_000}
    assert rows("node_network_mtu_bytes") == {"en0": 1_500, "lo0": 16_384}
