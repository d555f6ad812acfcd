"""The agent's own cost to its machine."""

import threading

import psutil

_process = psutil.Process()


def read() -> dict[str, object]:
    """Return the agent's memory, CPU and threads."""
    return {
        "venuewatch_agent_resident_memory_bytes": _process.memory_info().rss,
        "venuewatch_agent_cpu_seconds_total": round(sum(_process.cpu_times()[:2]), 2),
        "venuewatch_agent_threads": threading.active_count(),
    }
