"""Interfaces' counters: what /proc/net/dev says, and what psutil says elsewhere."""

from types import SimpleNamespace
from typing import cast

import psutil
import pytest

from agent.vitals import _files, netdev
from tests.agent.vitals import machines

COLUMNS = [
    *(f"receive_{kind}" for kind in ["bytes", "packets", "errs", "drop", "fifo", "frame"]),
    *("receive_compressed", "receive_multicast"),
    *(
        f"transmit_{kind}"
        for kind in ["bytes", "packets", "errs", "drop", "fifo", "colls", "carrier"]
    ),
    "transmit_compressed",
]


def of(text: bytes) -> dict[str, list[tuple[str, int]]]:
    return cast("dict[str, list[tuple[str, int]]]", netdev.parsed(text))


def test_each_column_of_each_interface_is_told() -> None:
    families = of(machines.NET_DEV.encode())

    values = [68210035552, 520993275, 1, 2, 3, 4, 5, 6, 9315587528, 43451486, *range(7, 13)]
    assert [f"node_network_{column}_total" for column in COLUMNS] == list(families)
    assert [rows[1] for rows in families.values()] == [("enp3s0", value) for value in values]
    assert families["node_network_receive_bytes_total"][0] == ("lo", 435_303)


@pytest.mark.parametrize(
    ("line", "interface"),
    [(b"eth0:12 34", "eth0"), (b"  eth0: 12 34", "eth0"), (b"eth0:1:12 34", "eth0:1")],
    ids=["no blank", "blanks", "an alias"],
)
def test_an_interface_ends_at_the_last_colon(line: bytes, interface: str) -> None:
    families = of(line)

    assert families["node_network_receive_packets_total"] == [(interface, 34)]


def test_a_column_that_lacks_or_is_no_number_costs_only_itself() -> None:
    families = of(b"eth0: 1 x 3\n")

    assert {family: rows for family, rows in families.items() if rows} == {
        "node_network_receive_bytes_total": [("eth0", 1)],
        "node_network_receive_errs_total": [("eth0", 3)],
    }


def test_elsewhere_counters_are_psutils(monkeypatch: pytest.MonkeyPatch) -> None:
    fields = [
        "bytes_recv",
        "bytes_sent",
        "packets_recv",
        "packets_sent",
        "errin",
        "errout",
        "dropin",
        "dropout",
    ]
    counters = SimpleNamespace(**{field: at for at, field in enumerate(fields)})
    monkeypatch.setattr(_files, "LINUX", False)
    monkeypatch.setattr(psutil, "net_io_counters", lambda **_: {"en0": counters})

    families = netdev.read()

    assert families["node_network_receive_bytes_total"] == [("en0", 0)]
    assert families["node_network_transmit_drop_total"] == [("en0", 7)]
