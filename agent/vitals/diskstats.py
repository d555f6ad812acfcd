"""Disks: how much was read, written and discarded, and how long that took."""

import os
import re

from agent.vitals import _files

_EXCLUDED = re.compile(r"(z?ram|loop|fd|[hsv]d[a-z]|xvd[a-z]|nvme\d+n\d+p)\d+")
_SECTOR_BYTES = 512  # whatever the disk's own is
_MS = None  # milliseconds, told as seconds

_COLUMNS = (
    ("node_disk_reads_completed_total", 1),
    ("node_disk_reads_merged_total", 1),
    ("node_disk_read_bytes_total", _SECTOR_BYTES),
    ("node_disk_read_time_seconds_total", _MS),
    ("node_disk_writes_completed_total", 1),
    ("node_disk_writes_merged_total", 1),
    ("node_disk_written_bytes_total", _SECTOR_BYTES),
    ("node_disk_write_time_seconds_total", _MS),
    ("node_disk_io_now", 1),
    ("node_disk_io_time_seconds_total", _MS),
    ("node_disk_io_time_weighted_seconds_total", _MS),
    ("node_disk_discards_completed_total", 1),
    ("node_disk_discards_merged_total", 1),
    ("node_disk_discarded_sectors_total", 1),
    ("node_disk_discard_time_seconds_total", _MS),
    ("node_disk_flush_requests_total", 1),
    ("node_disk_flush_requests_time_seconds_total", _MS),
)
"""Families by the columns of /proc/diskstats behind the name, and the unit of each.

Discards are there from Linux 4.18 on, flushes from 5.5 on.
"""

_ELSEWHERE = {
    "node_disk_reads_completed_total": ("read_count", 1),
    "node_disk_writes_completed_total": ("write_count", 1),
    "node_disk_read_bytes_total": ("read_bytes", 1),
    "node_disk_written_bytes_total": ("write_bytes", 1),
    "node_disk_read_time_seconds_total": ("read_time", _MS),
    "node_disk_write_time_seconds_total": ("write_time", _MS),
}


def read() -> dict[str, object]:
    """Return one row a disk, without the devices that node_exporter excludes by default.

    Those are RAM disks, loop devices, floppies and most partitions. Counters are the kernel's
    own: one that wraps is a reset, as Prometheus expects.
    """
    if _files.LINUX:
        return parsed(_files.proc("diskstats"))
    return _elsewhere()


def parsed(diskstats: bytes) -> dict[str, object]:
    """Return what /proc/diskstats says."""
    families: dict[str, list[tuple[str, float]]] = {family: [] for family, _ in _COLUMNS}
    for line in diskstats.splitlines():
        device, *values = line.split()[2:] or [b""]
        name = os.fsdecode(device)
        if not name or _EXCLUDED.fullmatch(name):
            continue
        for (family, unit), number in zip(_COLUMNS, _files.counts(values), strict=False):
            if number is not None:
                families[family].append((name, _told(number, unit)))
    return dict(families)


def _elsewhere() -> dict[str, object]:
    import psutil  # noqa: PLC0415 - Linux does without

    disks = psutil.disk_io_counters(perdisk=True, nowrap=False)
    return {
        family: [(name, _told(getattr(disk, field), unit)) for name, disk in disks.items()]
        for family, (field, unit) in _ELSEWHERE.items()
    }


def _told(number: int, unit: int | None) -> float:
    return number / 1000 if unit is None else number * unit
