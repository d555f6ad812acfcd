"""A walk: the calls of our own code that one thing takes, seen by a profile hook.

Comprehensions and generator expressions count as part of the function that they stand in: they are
frames of their own only in some versions of Python. What only makes the calls that it is handed is
passed through.
"""

import os
import sys
from collections.abc import Iterable
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from types import FrameType
from typing import Any, Self

ROOT = Path(__file__).parents[2]
_INNER = frozenset({"<listcomp>", "<dictcomp>", "<setcomp>", "<genexpr>"})
_WINGS = ("agent/", "aggregator/", "venuewatch/")
_PASSED = frozenset({"aggregator/core/inlets.py", "aggregator/core/slices.py"})


class Walk:
    """Watches calls while it is entered.

    Attributes:
        calls: calls of our code. ``files``: the files that they are in.
        levels: how deep they went. ``edges``: the calls from one file to another.
        reentered: files that were called again from beneath themselves, by way of another file.
    """

    def __init__(self) -> None:
        self.calls = 0
        self.files: set[str] = set()
        self.levels = 0
        self.edges: set[tuple[str, str]] = set()
        self.reentered: set[str] = set()
        self._stack: list[str | None] = []
        self._names: dict[str, str | None] = {}

    def __enter__(self) -> Self:
        sys.setprofile(self._note)
        return self

    def __exit__(self, *_raised: object) -> None:
        sys.setprofile(None)

    def _note(self, frame: FrameType, event: str, _argument: Any) -> None:
        if event == "call":
            self._enter(frame)
        elif event == "return" and self._stack:
            self._stack.pop()

    def _enter(self, frame: FrameType) -> None:
        file = None if frame.f_code.co_name in _INNER else self._file_of(frame.f_code.co_filename)
        if file is not None:
            ours = [each for each in self._stack if each is not None]
            if ours and ours[-1] != file:
                self.edges.add((ours[-1], file))
                if file in ours:
                    self.reentered.add(file)
            self.calls += 1
            self.files.add(file)
            self.levels = max(self.levels, len(ours) + 1)
        self._stack.append(file)

    def _file_of(self, path: str) -> str | None:
        if path not in self._names:
            name = os.path.relpath(path, ROOT)
            is_ours = name.startswith(_WINGS) and name not in _PASSED
            self._names[path] = name if is_ours else None
        return self._names[path]


def circle(edges: Iterable[tuple[str, str]], *, below: str) -> list[str]:
    """Return files below a folder that call each other in a circle; empty without one."""
    calls = TopologicalSorter[str]()
    for caller, called in edges:
        if caller.startswith(below) and called.startswith(below):
            calls.add(caller, called)
    try:
        calls.prepare()
    except CycleError as error:
        return list(error.args[1])
    return []
