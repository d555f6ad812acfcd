"""Physical memory, in bytes."""

import psutil


def read() -> dict[str, object]:
    """Return what psutil knows of; buffers and page cache are known on Linux only.

    The page cache includes reclaimable slabs, as ``free`` counts it.
    """
    memory = psutil.virtual_memory()
    return {
        f"node_memory_{kind}_bytes": getattr(memory, kind)
        for kind in ("total", "available", "free", "buffers", "cached")
        if hasattr(memory, kind)
    }
