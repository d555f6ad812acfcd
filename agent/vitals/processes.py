"""The number of processes."""

import os
import sys

import psutil

from agent.vitals import _files


def read() -> dict[str, object]:
    """Return the count; no process is looked into."""
    if sys.platform == "linux":
        names = os.listdir(_files.PROC)
        count = sum(map(str.isdigit, names))
    else:
        count = len(psutil.pids())
    return {"node_processes_pids": count}
