"""Builds a peer that is a Go module of ours, where Go and the module's own modules are to be had.

Modules come as `go` is set up to get them on this machine; ``go.sum`` says what they have to be.
"""

import functools
import os
import subprocess
from pathlib import Path

from bench.kit.machine import program
from bench.kit.processes import ROOT, BenchError

_PEERS = ROOT / "bench" / "peers"
_BUILD_S = 600.0


def built(name: str, directory: Path) -> str:
    """Return the program that is built of ``bench/peers/NAME``; it is put into ``directory``.

    Raises:
        BenchError: Go is not installed, or it can not be built.
    """
    target = directory / name
    if not target.exists():
        _build(name, target)
    return str(target)


@functools.cache
def _go() -> str:
    path = program("go")
    if path is None:
        raise BenchError("go is not installed")
    return path


def _build(name: str, target: Path) -> None:
    command = [_go(), "build", "-mod=readonly", "-o", str(target), "."]
    surroundings = {**os.environ, "CGO_ENABLED": "0"}
    try:
        ran = subprocess.run(
            command,
            cwd=_PEERS / name,
            env=surroundings,
            capture_output=True,
            text=True,
            timeout=_BUILD_S,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise BenchError(f"{name} is not built within {_BUILD_S:g} s") from None
    if ran.returncode:
        said = ran.stderr.strip().splitlines() or ["it said nothing"]
        raise BenchError(f"{name} can not be built: {said[-1]}")
