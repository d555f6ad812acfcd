"""Swap space, in bytes; 0 on a machine without any."""

import psutil


def read() -> dict[str, object]:
    """Return its size and how it is used."""
    swap = psutil.swap_memory()
    return {
        "node_memory_swap_total_bytes": swap.total,
        "node_memory_swap_used_bytes": swap.used,
        "node_memory_swap_free_bytes": swap.free,
    }
