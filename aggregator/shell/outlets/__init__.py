"""Outlets: where the core's outputs go, one outlet a file.

An outlet has ``take(outputs)``, which is called with every batch of outputs, in order, and picks
what it is for. It does no work that waits: an outlet with a slow receiver has a queue and a task.
"""

from collections.abc import Sequence
from typing import Protocol

from aggregator.core.outputs import Output


class Outlet(Protocol):
    """One receiver of outputs."""

    def take(self, outputs: Sequence[Output]) -> None:
        """Take in what the core has said since the last call."""
