"""Readers of what others send or leave: one a file, found by folder, for ``bench/fuzz.py``.

A module here has ``ERRORS``, the exceptions that the reader's contract names, ``read``, which
reads any bytes, and ``seeds``, which returns bytes that are right. ``read`` may raise ``ERRORS``
alone, ends within ``LONGEST_S`` of CPU, and holds no more than ``MEMORY_BYTES`` at a time. It
keeps nothing from one call to the next. ``bench/corpus/`` has a folder of bytes for each reader.
"""

import contextlib
import importlib
import pkgutil
import tracemalloc
from collections.abc import Sequence
from pathlib import Path
from time import process_time
from typing import Final, Protocol, cast

CORPUS: Final = Path(__file__).parents[1] / "corpus"
LONGEST_S: Final = 1.0
MEMORY_BYTES: Final = 64 * 1024 * 1024


class Reader(Protocol):
    """A module of this folder."""

    ERRORS: tuple[type[Exception], ...]

    def read(self, data: bytes) -> None:
        """Read any bytes; raises what ``ERRORS`` has, and nothing else."""

    def seeds(self) -> Sequence[bytes]:
        """Return bytes that are right."""


class BrokenPromiseError(Exception):
    """A reader took too long, or too much memory."""


def names() -> list[str]:
    """Return the name of every reader."""
    return sorted(module.name for module in pkgutil.iter_modules(__path__))


def named(name: str) -> Reader:
    """Return the reader of that name; one with a dot in it is a module elsewhere."""
    return cast("Reader", importlib.import_module(name if "." in name else f"{__name__}.{name}"))


def kept(name: str) -> list[Path]:
    """Return the files of a reader's corpus."""
    return sorted(CORPUS.joinpath(name).glob("*"))


def check(reader: Reader, data: bytes) -> None:
    """Read bytes as a test does.

    Raises:
        BrokenPromiseError: it took too long, or too much memory.
        Exception: what the reader may not raise.
    """
    began = process_time()
    with contextlib.suppress(*reader.ERRORS):
        reader.read(data)
    spent_s = process_time() - began
    if spent_s > LONGEST_S:
        raise BrokenPromiseError(f"expected an end within {LONGEST_S:g} s, took {spent_s:.1f} s")
    tracemalloc.start()
    try:
        reader.read(data)
    except reader.ERRORS:
        pass
    finally:
        most = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    if most > MEMORY_BYTES:
        raise BrokenPromiseError(f"expected at most {MEMORY_BYTES:,} bytes, took {most:,}")
