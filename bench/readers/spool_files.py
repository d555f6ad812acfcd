"""Files of a spool: a segment, and the number up to which all was acknowledged."""

import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path

from agent.spool.disk import Spool
from agent.spool.records import Record, encode

ERRORS: tuple[type[Exception], ...] = ()  # damage costs what it hits, and is counted

_MEMORY = Path("/dev/shm")  # noqa: S108 - where there is one, no disk is worn


def read(data: bytes) -> None:
    """Open a spool, read all of it, add to it and acknowledge it.

    The first line of ``data`` is the file of what was acknowledged, the rest a segment.
    """
    acknowledged, _, segment = data.partition(b"\n")
    where = _MEMORY if _MEMORY.is_dir() else None
    folder = Path(tempfile.mkdtemp(prefix="fuzz-spool-", dir=where))
    try:
        folder.joinpath("acknowledged").write_bytes(acknowledged)
        folder.joinpath(f"{1:016x}.spool").write_bytes(segment)
        spool = Spool(str(folder), host="STA-1", max_bytes=65_536)
        found = spool.read(0, max_bytes=65_536)
        assert spool.pending >= 0  # noqa: S101 - it is a count
        spool.append(b"{}", b"catalogue")
        spool.acknowledge(found[-1].number if found else spool.last)
        spool.close()
    finally:
        shutil.rmtree(folder)


def seeds() -> Sequence[bytes]:
    """Return a spool that is whole, and one that is damaged within."""
    whole = encode(Record(3, b'{"a":1}', b"names")) + encode(Record(4, b"{}"))
    return [b"2\n" + whole, b"\n" + whole[:20] + b"?" + whole[21:]]
