"""The number of processes."""

import os
import sys

import psutil


def read() -> dict[str, object]:
    """Return the count; no process is looked into."""
    if sys.platform == "linux":
        names = os.listdir("/proc")  # noqa: PTH208 - the agent spares pathlib's memory
        count = sum(map(str.isdigit, names))
    else:
        count = len(psutil.pids())
    return {"node_processes_pids": count}
