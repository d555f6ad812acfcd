"""A folder that a results system writes into, on a clock of its own."""

import os
from pathlib import Path
from typing import Any

from agent.checks.reading.times import Deadline, Now
from agent.checks.ways import Heard, Terms
from agent.checks.ways.files import Files, Settings, open_way
from tests.agent.checks.ways.hall import PATIENCE_S

TERMS = Terms(1000, 60.0)
START_S = 1_722_700_000.0


class Hall:
    def __init__(self, folder: Path, pattern: str = "*.lif", **more: Any) -> None:
        self.folder = folder
        self.now_s = 1000.0
        self.way: Files = open_way(Settings(pattern=str(folder / pattern), **more), TERMS)

    def writes(self, name: str, content: bytes, ago_s: float = 2.0) -> Path:
        """Write a file as if it was written so long ago."""
        path = self.folder / name
        path.write_bytes(content)
        at_s = START_S + self.now_s - 1000.0 - ago_s
        os.utime(path, (at_s, at_s))
        return path

    def hears(self, later_s: float = 10.0, timeout_s: float = PATIENCE_S) -> Heard:
        self.now_s += later_s
        now = Now(self.now_s, START_S + self.now_s - 1000.0)
        return self.way.hear(now, Deadline(timeout_s))


def contents(heard: Heard) -> list[bytes]:
    return [piece.content for piece in heard.pieces]
