"""Prometheus' linter, without its complaint about node_exporter's own names."""

import re
import subprocess

from venuewatch.base.wire.kernel_fields import KernelFields

_CAMEL_CASE = re.compile(r"(\w+) metric names should be written in 'snake_case' not 'camelCase'")


def complaints(exposition: bytes) -> list[str]:
    """Return what ``promtool check metrics`` says of a page, without the names of the kernel."""
    command = ["promtool", "check", "metrics"]
    lint = subprocess.run(command, input=exposition, capture_output=True, check=False)
    said = (lint.stdout + lint.stderr).decode().splitlines()
    assert lint.returncode == 0 or said
    return [line for line in said if line and not _is_about_a_kernels_name(line)]


def _is_about_a_kernels_name(line: str) -> bool:
    match = _CAMEL_CASE.fullmatch(line)
    return match is not None and match[1] in KernelFields.__struct_fields__
