"""The agent's own cost to its machine."""

import os
import threading
from mmap import PAGESIZE

from agent.vitals import _files


def read() -> dict[str, object]:
    """Return the agent's memory, CPU and threads."""
    user, system = os.times()[:2]
    return {
        "venuewatch_agent_resident_memory_bytes": _resident_bytes(),
        "venuewatch_agent_cpu_seconds_total": round(user + system, 2),
        "venuewatch_agent_threads": threading.active_count(),
    }


def _resident_bytes() -> int:
    if _files.LINUX:
        pages = _files.content("/proc/self/statm").split()[1]
        return int(pages) * PAGESIZE
    import psutil  # noqa: PLC0415 - Linux does without

    return psutil.Process().memory_info().rss
