"""Disks: how much was read and written, and how long that took."""

import re

import psutil

_EXCLUDED = re.compile(r"(z?ram|loop|fd|[hsv]d[a-z]|xvd[a-z]|nvme\d+n\d+p)\d+")

_COUNTERS = {
    "node_disk_reads_completed_total": "read_count",
    "node_disk_writes_completed_total": "write_count",
    "node_disk_read_bytes_total": "read_bytes",
    "node_disk_written_bytes_total": "write_bytes",
}
_DURATIONS_MS = {
    "node_disk_read_time_seconds_total": "read_time",
    "node_disk_write_time_seconds_total": "write_time",
    "node_disk_io_time_seconds_total": "busy_time",
}


def read() -> dict[str, object]:
    """Return one row a disk, without the devices that node_exporter excludes by default.

    Those are RAM disks, loop devices, floppies and most partitions. Counters are the kernel's
    own: one that wraps is a reset, as Prometheus expects. Durations are in seconds, to the
    millisecond that psutil gives.
    """
    counted = psutil.disk_io_counters(perdisk=True, nowrap=False)
    disks = {name: disk for name, disk in counted.items() if not _EXCLUDED.fullmatch(name)}
    families: dict[str, object] = {}
    for family, field in _COUNTERS.items():
        families[family] = [(name, getattr(disk, field)) for name, disk in disks.items()]
    for family, field in _DURATIONS_MS.items():
        families[family] = [
            (name, getattr(disk, field) / 1000)
            for name, disk in disks.items()
            if hasattr(disk, field)
        ]
    return families
