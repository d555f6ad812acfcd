"""Tasks that ran or waited to run, averaged over 1, 5 and 15 minutes."""

import psutil


def read() -> dict[str, object]:
    """Return the three averages; on Windows psutil's emulation, which says 0 for its first 5 s."""
    load1, load5, load15 = psutil.getloadavg()
    return {
        "node_load1": round(load1, 2),
        "node_load5": round(load5, 2),
        "node_load15": round(load15, 2),
    }
