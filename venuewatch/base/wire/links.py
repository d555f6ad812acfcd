"""The classes of link between a venue and the centre."""

from typing import Literal, TypeAlias

Link: TypeAlias = Literal[
    "wired", "metro", "cellular", "satellite", "satellite_lossy", "bursty", "bursty_satellite"
]
