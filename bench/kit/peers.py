"""What every peer of the agent is given, and whom to measure in return. A peer is one file."""

from pathlib import Path
from typing import NamedTuple

from bench.kit.machine import program
from bench.kit.processes import BenchError


class Surroundings(NamedTuple):
    """Where a peer keeps its files, how often (s) it says all it knows, and to which broker."""

    directory: Path
    every_s: float
    broker_port: int

    def folder(self, name: str) -> Path:
        """Return a new folder for one peer."""
        path = self.directory / name
        path.mkdir()
        return path


def installed(name: str, side: str) -> str:
    """Return where a program is.

    Raises:
        BenchError: it is not installed.
    """
    path = program(name)
    if path is None:
        raise BenchError(f"{side} is not installed")
    return path
