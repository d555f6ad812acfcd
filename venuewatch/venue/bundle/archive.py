"""Writes a bundle as one tar file, by rename, and returns the digest to compare it by.

It is not compressed: wheels are already.
"""

import hashlib
import io
import os
import tarfile
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Final, Protocol

from venuewatch.base.config import ConfigError, unusable
from venuewatch.venue.bundle.content import Entry

_PUBLIC: Final = 0o644
_ROOT: Final = "root"


class _Writes(Protocol):
    def write(self, data: bytes, /) -> int: ...


class _Summing(io.RawIOBase):
    """A file whose digest is known once it is written."""

    def __init__(self, to: _Writes) -> None:
        super().__init__()
        self._to = to
        self.digest = hashlib.sha256()

    def writable(self) -> bool:
        """Tell that it is for writing."""
        return True

    def write(self, data: bytes) -> int:  # type: ignore[override] # tarfile writes bytes alone
        """Write, and add to the digest."""
        self.digest.update(data)
        return self._to.write(data)


def write(path: Path, entries: Iterable[Entry], *, folder: str, made_at_s: float) -> str:
    """Write the archive; ``folder`` is the one that it unpacks to. Return its SHA-256.

    Raises:
        ConfigError: it can't be written, or a wheel can't be read; nothing is left behind.
    """
    beside = path.with_name(f".{path.name}.new")
    try:
        with beside.open("wb") as file:
            summing = _Summing(file)
            with tarfile.open(fileobj=summing, mode="w|", format=tarfile.PAX_FORMAT) as archive:
                for entry in entries:
                    _add(archive, entry, folder, int(made_at_s))
            file.flush()
            os.fsync(file.fileno())
        beside.chmod(_PUBLIC)
        beside.replace(path)
    except OSError as error:
        with suppress(OSError):
            beside.unlink(missing_ok=True)
        raise unusable(path, error) from None
    except ConfigError:
        beside.unlink(missing_ok=True)
        raise
    return summing.digest.hexdigest()


def _add(archive: tarfile.TarFile, entry: Entry, folder: str, made_at_s: int) -> None:
    content = entry.source if isinstance(entry.source, bytes) else entry.source.read_bytes()
    about = tarfile.TarInfo(f"{folder}/{entry.path}")
    about.size, about.mode, about.mtime = len(content), entry.mode, made_at_s
    about.uname = about.gname = _ROOT
    archive.addfile(about, io.BytesIO(content))
