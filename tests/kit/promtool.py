"""Prometheus' linter, without its complaint about node_exporter's own names."""

import re
import subprocess

from venuewatch.base.wire.kernel_fields import KernelFields

_CAMEL_CASE = re.compile(r"(\w+) metric names should be written in 'snake_case' not 'camelCase'")


def complaints(exposition: bytes) -> list[str]:
    """Return what ``promtool check metrics`` says of a page, without the names of the kernel."""
    return [line for line in _lint(exposition) if _camel_case(line) is None]


def camel_case(exposition: bytes) -> set[str]:
    """Return the names of the kernel that it wants in snake_case."""
    return {name for line in _lint(exposition) if (name := _camel_case(line)) is not None}


def _lint(exposition: bytes) -> list[str]:
    command = ["promtool", "check", "metrics"]
    lint = subprocess.run(command, input=exposition, capture_output=True, check=False)
    said = (lint.stdout + lint.stderr).decode().splitlines()
    assert lint.returncode == 0 or said
    return [line for line in said if line]


def _camel_case(line: str) -> str | None:
    match = _CAMEL_CASE.fullmatch(line)
    return match[1] if match and match[1] in KernelFields.__struct_fields__ else None
