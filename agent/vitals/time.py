"""The machine's clock."""

from venuewatch.base.clock import wall


def read() -> dict[str, object]:
    """Return its time in seconds since 1970."""
    return {"node_time_seconds": round(wall(), 3)}
