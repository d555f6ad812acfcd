"""The archive of a backup: all files of a centre, each with its digest, in one file. Pure.

Its names are a kind and a path below it, as in ``pki/clients/ca.pem``; so it can be unpacked where
the settings of another machine put things. It holds private keys, and belongs where the authority
does.
"""

import gzip
import hashlib
import io
import tarfile
import zlib
from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import Final, NamedTuple

import msgspec

MANIFEST: Final = "manifest.json"
BYTES_MAX: Final = 1 << 30
"""How many bytes the files of an archive have at most."""

_FILES_MAX: Final = 500_000
_GZIP: Final = 31  # zlib's word for a gzip header, and the largest window
_BROKEN: Final = (
    *(tarfile.TarError, msgspec.MsgspecError),
    *(OSError, EOFError, zlib.error, ValueError),
)


class ArchiveError(ValueError):
    """An archive can not be used; its text is for the operator."""


class Stored(NamedTuple):
    """A file: what is in it, and who may read it; ``group``: beside root."""

    content: bytes
    mode: int
    group: str = ""


class Manifest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What an archive holds. ``crl_number``: of the latest list, which tells how old it is.

    ``made_at``: s since 1970. ``digests``: SHA-256 by name.
    """

    made_at: float
    crl_number: int
    digests: dict[str, str]


def make(files: Mapping[str, Stored], made_at: float, crl_number: int) -> bytes:
    """Return the archive of files, by name."""
    digests = {name: _digest(stored.content) for name, stored in sorted(files.items())}
    manifest = msgspec.json.encode(Manifest(made_at, crl_number, digests))
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as tar:
        for name, stored in [(MANIFEST, Stored(manifest, 0o600)), *sorted(files.items())]:
            entry = tarfile.TarInfo(name)
            entry.size, entry.mode, entry.mtime = len(stored.content), stored.mode, int(made_at)
            entry.gname = stored.group
            tar.addfile(entry, io.BytesIO(stored.content))
    return gzip.compress(packed.getvalue(), mtime=0)


def read(data: bytes) -> tuple[Manifest, dict[str, Stored]]:
    """Return what an archive holds.

    Raises:
        ArchiveError: it is cut short, damaged, or none of ours.
    """
    try:
        files = _unpacked(data)
        manifest = msgspec.json.decode(files.pop(MANIFEST).content, type=Manifest)
    except ArchiveError:
        raise
    except KeyError:
        raise ArchiveError("expected a backup of venuewatch venue") from None
    except _BROKEN:
        raise ArchiveError(
            "expected a whole backup, got one that is cut short or damaged: copy it again"
        ) from None
    found = {name: _digest(stored.content) for name, stored in files.items()}
    if found != manifest.digests:
        differing = min(found.items() ^ manifest.digests.items())[0]
        raise ArchiveError(f"expected a whole backup, {differing} is missing or another one")
    return manifest, files


def _unpacked(data: bytes) -> dict[str, Stored]:
    engine = zlib.decompressobj(_GZIP)
    plain = engine.decompress(data, BYTES_MAX)
    if not engine.eof:  # its end has the sum of all
        raise EOFError
    files: dict[str, Stored] = {}
    with tarfile.open(fileobj=io.BytesIO(plain), mode="r:") as tar:
        for entry in tar:
            path = PurePosixPath(entry.name)
            is_within = not path.is_absolute() and ".." not in path.parts and "\0" not in entry.name
            if not (entry.isreg() and is_within) or len(files) >= _FILES_MAX:
                raise ArchiveError(f"expected plain files in a backup, got {entry.name!r}")
            opened = tar.extractfile(entry)
            content = b"" if opened is None else opened.read(entry.size)
            files[entry.name] = Stored(content, entry.mode & 0o777, entry.gname)
    return files


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
