from types import SimpleNamespace
from typing import cast

import psutil
import pytest

from agent.vitals import disk

MATCHES = {
    "node_disk_reads_completed_total": ("read_count", 1),
    "node_disk_writes_completed_total": ("write_count", 1),
    "node_disk_read_bytes_total": ("read_bytes", 1),
    "node_disk_written_bytes_total": ("write_bytes", 1),
    "node_disk_read_time_seconds_total": ("read_time", 1000),
    "node_disk_write_time_seconds_total": ("write_time", 1000),
    "node_disk_io_time_seconds_total": ("busy_time", 1000),
}


def counted(**disks: SimpleNamespace) -> object:
    return lambda **_: disks


def a_disk(**fields: int) -> SimpleNamespace:
    zero = {"read_count": 0, "write_count": 0, "read_bytes": 0, "write_bytes": 0}
    return SimpleNamespace(**{**zero, "read_time": 0, "write_time": 0, **fields})


@pytest.mark.parametrize("family", MATCHES)
def test_counters_lie_between_two_readings_of_psutil(family: str) -> None:
    field, parts = MATCHES[family]
    before = psutil.disk_io_counters(perdisk=True, nowrap=False)

    rows = cast("list[tuple[str, float]]", disk.read()[family])

    after = psutil.disk_io_counters(perdisk=True, nowrap=False)
    for name, value in rows:
        assert getattr(before[name], field) <= round(value * parts) <= getattr(after[name], field)


PARTS = "loop0 loop12 ram3 zram0 fd0 sda1 hdb2 vda15 xvda1 nvme0n1p2"


@pytest.mark.parametrize("name", PARTS.split())
def test_a_device_that_node_exporter_excludes_is_left_out(
    monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setattr(psutil, "disk_io_counters", counted(**{name: a_disk()}))

    assert set(map(len, cast("dict[str, list[object]]", disk.read()).values())) == {0}


WHOLE = "sda vda xvda hdb nvme0n1 dm-0 md127 mmcblk0 sr0 disk0 PhysicalDrive0"


@pytest.mark.parametrize("name", WHOLE.split())
def test_a_whole_disk_is_read(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setattr(psutil, "disk_io_counters", counted(**{name: a_disk(read_count=3)}))

    assert disk.read()["node_disk_reads_completed_total"] == [(name, 3)]


def test_milliseconds_become_seconds_and_a_busy_time_is_said_only_where_known(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    disks = counted(sda=a_disk(read_time=1_234, busy_time=500), sdb=a_disk(read_time=1))
    monkeypatch.setattr(psutil, "disk_io_counters", disks)

    families = disk.read()

    assert families["node_disk_read_time_seconds_total"] == [("sda", 1.234), ("sdb", 0.001)]
    assert families["node_disk_io_time_seconds_total"] == [("sda", 0.5)]
