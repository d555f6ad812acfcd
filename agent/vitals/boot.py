"""The machine's boot time and its clock."""

import psutil

from venuewatch.base.clock import wall


def read() -> dict[str, object]:
    """Return both in seconds since 1970; the first moves when the wall clock is set."""
    return {
        "node_boot_time_seconds": round(psutil.boot_time()),
        "node_time_seconds": round(wall(), 3),
    }
