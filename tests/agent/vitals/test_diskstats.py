"""Disks: what /proc/diskstats says, and what psutil says elsewhere."""

from types import SimpleNamespace
from typing import cast

import psutil
import pytest

from agent.vitals import _files, diskstats
from tests.agent.vitals import machines

OLD = "8 0 {} 1 2 3 4000 5 6 7 8000 9 10000 11000\n"
NEW = "254 0 vda 1 2 3 4000 5 6 7 8000 9 10000 11000 12 13 14 15000 16 17000\n"
UNTIL_4_18 = {
    "node_disk_reads_completed_total": 1,
    "node_disk_reads_merged_total": 2,
    "node_disk_read_bytes_total": 3 * 512,
    "node_disk_read_time_seconds_total": 4.0,
    "node_disk_writes_completed_total": 5,
    "node_disk_writes_merged_total": 6,
    "node_disk_written_bytes_total": 7 * 512,
    "node_disk_write_time_seconds_total": 8.0,
    "node_disk_io_now": 9,
    "node_disk_io_time_seconds_total": 10.0,
    "node_disk_io_time_weighted_seconds_total": 11.0,
}
SINCE = {
    "node_disk_discards_completed_total": 12,
    "node_disk_discards_merged_total": 13,
    "node_disk_discarded_sectors_total": 14,
    "node_disk_discard_time_seconds_total": 15.0,
    "node_disk_flush_requests_total": 16,
    "node_disk_flush_requests_time_seconds_total": 17.0,
}


def of(diskstats_text: str) -> dict[str, list[tuple[str, float]]]:
    families = diskstats.parsed(diskstats_text.encode())
    return cast("dict[str, list[tuple[str, float]]]", families)


def told(text: str) -> dict[str, list[tuple[str, float]]]:
    return {family: rows for family, rows in of(text).items() if rows}


def test_bytes_and_seconds_come_of_sectors_and_milliseconds() -> None:
    columns = {**UNTIL_4_18, **SINCE}

    assert told(NEW) == {family: [("vda", value)] for family, value in columns.items()}


def test_an_old_kernel_has_the_columns_that_it_writes() -> None:
    assert told(OLD.format("sda")) == {
        family: [("sda", value)] for family, value in UNTIL_4_18.items()
    }


def test_disks_of_both_kinds_stand_side_by_side() -> None:
    families = of(machines.DISKSTATS)

    assert [disk for disk, _ in families["node_disk_io_now"]] == ["sda", "nvme0n1"]
    assert families["node_disk_discarded_sectors_total"] == [("nvme0n1", 5678)]


@pytest.mark.parametrize("text", ["", "8\n", "8 0\n", "8 0 sda\n", "8 0 sda x -1 1.5\n"])
def test_a_line_that_says_nothing_is_left_out(text: str) -> None:
    assert told(text) == {}


def test_a_column_that_is_no_number_costs_only_itself() -> None:
    line = OLD.format("sda").replace(" 2 ", " ? ", 1)

    assert told(line).keys() == UNTIL_4_18.keys() - {"node_disk_reads_merged_total"}


PARTS = "loop0 loop12 ram3 zram0 fd0 sda1 hdb2 vda15 xvda1 nvme0n1p2"


@pytest.mark.parametrize("name", PARTS.split())
def test_a_device_that_node_exporter_excludes_is_left_out(name: str) -> None:
    assert told(OLD.format(name)) == {}


WHOLE = "sda vda xvda hdb nvme0n1 dm-0 md127 mmcblk0 sr0 disk0 PhysicalDrive0"


@pytest.mark.parametrize("name", WHOLE.split())
def test_a_whole_disk_is_read(name: str) -> None:
    assert told(OLD.format(name))["node_disk_reads_completed_total"] == [(name, 1)]


def test_elsewhere_milliseconds_become_seconds_and_what_is_unknown_is_left_out(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    zero = {"read_count": 3, "write_count": 0, "read_bytes": 0, "write_bytes": 0}
    disk = SimpleNamespace(**zero, read_time=1_234, write_time=1)
    monkeypatch.setattr(_files, "LINUX", False)
    monkeypatch.setattr(psutil, "disk_io_counters", lambda **_: {"PhysicalDrive0": disk})

    families = diskstats.read()

    assert families["node_disk_reads_completed_total"] == [("PhysicalDrive0", 3)]
    assert families["node_disk_read_time_seconds_total"] == [("PhysicalDrive0", 1.234)]
    assert "node_disk_io_time_seconds_total" not in families
