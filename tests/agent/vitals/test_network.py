from types import SimpleNamespace
from typing import cast

import psutil
import pytest

from agent.vitals import network

MATCHES = {
    "node_network_receive_bytes_total": "bytes_recv",
    "node_network_transmit_bytes_total": "bytes_sent",
    "node_network_receive_packets_total": "packets_recv",
    "node_network_transmit_packets_total": "packets_sent",
    "node_network_receive_errs_total": "errin",
    "node_network_transmit_errs_total": "errout",
    "node_network_receive_drop_total": "dropin",
    "node_network_transmit_drop_total": "dropout",
}


@pytest.mark.parametrize("family", MATCHES)
def test_counters_lie_between_two_readings_of_psutil(family: str) -> None:
    field = MATCHES[family]
    before = psutil.net_io_counters(pernic=True, nowrap=False)

    rows = cast("list[tuple[str, int]]", network.read()[family])

    after = psutil.net_io_counters(pernic=True, nowrap=False)
    assert {nic for nic, _ in rows} == before.keys()
    for nic, value in rows:
        assert getattr(before[nic], field) <= value <= getattr(after[nic], field)


def test_state_and_mtu_are_what_psutil_says() -> None:
    stats = psutil.net_if_stats()

    families = network.read()

    assert families["node_network_up"] == [(nic, stat.isup) for nic, stat in stats.items()]
    assert families["node_network_mtu_bytes"] == [(nic, stat.mtu) for nic, stat in stats.items()]


def test_a_speed_is_in_bytes_a_second_and_left_out_when_unknown(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    stats = {
        "eth0": SimpleNamespace(isup=True, speed=1_000, mtu=1_500),
        "lo": SimpleNamespace(isup=True, speed=0, mtu=65_536),
    }
    monkeypatch.setattr(psutil, "net_if_stats", lambda: stats)

    assert network.read()["node_network_speed_bytes"] == [("eth0", 125_000_000)]
