"""Imports of the score: the run's file and the run sheet's words, and nothing that plays."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from venuewatch.rehearsal import runfile, score

REHEARSAL = "venuewatch.rehearsal"
KNOWN = tuple(f"{REHEARSAL}.{name}" for name in ("runfile", "scenario", "score"))


def imported(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_bytes())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


@pytest.mark.parametrize("package", [score, runfile], ids=["score", "runfile"])
def test_a_score_imports_nothing_that_plays(package: object) -> None:
    (folder,) = package.__path__  # type: ignore[attr-defined]
    names = [name for path in Path(folder).glob("*.py") for name in imported(path)]

    others = [name for name in names if name.startswith(REHEARSAL) and not name.startswith(KNOWN)]

    assert others == []
    assert any(name.startswith(KNOWN) for name in names)
