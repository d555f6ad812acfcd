"""The part that runs on a bare host imports the standard library alone."""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

from venuewatch.venue.bundle import host

FOLDER = Path(host.__file__).parent
MADE_FROM_WHEELS = {"request.py"}
"""Runs by itself, in an environment with the package cryptography."""


def imported(path: Path) -> Iterator[tuple[int, str]]:
    """Yield the level and the name of each module that a file imports, anywhere in it."""
    for node in ast.walk(ast.parse(path.read_bytes())):
        if isinstance(node, ast.Import):
            yield from ((0, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.level, node.module or ""


def test_host_modules_import_the_standard_library_and_each_other() -> None:
    foreign = {
        f"{path.name}: {name}"
        for path in FOLDER.glob("*.py")
        if path.name not in MADE_FROM_WHEELS
        for level, name in imported(path)
        if level != 1 and name.split(".")[0] not in sys.stdlib_module_names
    }

    assert foreign == set()


def test_script_can_be_read_by_an_old_python() -> None:
    ast.parse((FOLDER / "script.py").read_bytes(), feature_version=(3, 7))
