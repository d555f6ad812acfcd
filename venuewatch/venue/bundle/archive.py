"""Writes a bundle as one tar file, by rename, and returns the digest to compare it by.

It is not compressed: wheels are already. Its files are root's when root unpacks it.
"""

import io
import os
import tarfile
import tempfile
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Final

from venuewatch.base.config import unusable
from venuewatch.venue.bundle.content import Entry

_PUBLIC: Final = 0o644
_ROOT: Final = "root"


def write(path: Path, entries: Iterable[Entry], *, folder: str, made_at_s: float) -> str:
    """Write the archive; ``folder`` is the one that it unpacks to. Return its SHA-256.

    Raises:
        ConfigError: it can't be written, or a wheel can't be read; nothing is left behind.
    """
    beside = None
    try:
        # A name of its own: another command may write the same archive.
        descriptor, name = tempfile.mkstemp(f".{path.name}.new", ".", path.parent)
        beside = Path(name)
        with os.fdopen(descriptor, "wb") as file:
            with tarfile.open(fileobj=file, mode="w", format=tarfile.PAX_FORMAT) as archive:
                for entry in entries:
                    _add(archive, entry, folder, int(made_at_s))
            file.flush()
            os.fsync(file.fileno())
        beside.chmod(_PUBLIC)
        digest = Entry(path.name, _PUBLIC, beside).digest()  # of what the disk has
        beside.replace(path)
    except OSError as error:
        raise unusable(path, error) from None
    finally:
        if beside is not None:
            with suppress(OSError):
                beside.unlink(missing_ok=True)
    return digest


def _add(archive: tarfile.TarFile, entry: Entry, folder: str, made_at_s: int) -> None:
    content = entry.source if isinstance(entry.source, bytes) else entry.source.read_bytes()
    about = tarfile.TarInfo(f"{folder}/{entry.path}")
    about.size, about.mode, about.mtime = len(content), entry.mode, made_at_s
    about.uname = about.gname = _ROOT
    archive.addfile(about, io.BytesIO(content))
