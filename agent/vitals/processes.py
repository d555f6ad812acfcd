"""The number of processes."""

import os
import sys

from agent.vitals import _files


def read() -> dict[str, object]:
    """Return the count; no process is looked into."""
    if sys.platform == "linux":
        names = os.listdir(_files.PROC)
        count = sum(map(str.isdigit, names))
    else:
        import psutil  # noqa: PLC0415 - Linux does without

        count = len(psutil.pids())
    return {"node_processes_pids": count}
