"""The archive of a backup: whole, or refused."""

import gzip
import io
import tarfile

import pytest

from venuewatch.venue.archive import ArchiveError, Stored, make, read

FILES = {"pki/clients/ca.key": Stored(b"key", 0o600), "settings": Stored(b"a", 0o644)}
WHOLE = make(FILES, 1_800_000_000.0, 7)


def packed(name: str, *, kind: bytes = tarfile.REGTYPE) -> bytes:
    into = io.BytesIO()
    with tarfile.open(fileobj=into, mode="w") as tar:
        entry = tarfile.TarInfo(name)
        entry.type, entry.linkname = kind, "/etc/passwd"
        tar.addfile(entry)
    return gzip.compress(into.getvalue())


def test_archive_gives_back_what_was_stored() -> None:
    manifest, files = read(WHOLE)

    assert files == FILES
    assert (manifest.crl_number, manifest.made_at) == (7, 1_800_000_000.0)


@pytest.mark.parametrize("bytes_kept", [0, 1, len(WHOLE) // 2, len(WHOLE) - 1])
def test_archive_that_is_cut_short_is_refused(bytes_kept: int) -> None:
    with pytest.raises(ArchiveError, match="expected a"):
        read(WHOLE[:bytes_kept])


def test_archive_with_another_file_in_it_is_refused() -> None:
    with tarfile.open(fileobj=io.BytesIO(WHOLE)) as tar:
        manifest = tar.extractfile("manifest.json")
        assert manifest is not None
        content = manifest.read()
    into = io.BytesIO()
    with tarfile.open(fileobj=into, mode="w:gz") as tar:
        for name, data in (("manifest.json", content), ("settings", b"b")):
            entry = tarfile.TarInfo(name)
            entry.size = len(data)
            tar.addfile(entry, io.BytesIO(data))

    with pytest.raises(ArchiveError, match="is missing or another one"):
        read(into.getvalue())


@pytest.mark.parametrize(
    "data",
    [
        packed("../../etc/cron.d/x"),
        packed("/etc/cron.d/x"),
        packed("pki/link", kind=tarfile.SYMTYPE),
        packed("pki/device", kind=tarfile.CHRTYPE),
    ],
)
def test_archive_that_would_write_elsewhere_is_refused(data: bytes) -> None:
    with pytest.raises(ArchiveError, match="expected plain files"):
        read(data)


@pytest.mark.parametrize("data", [b"no archive", packed("settings")])
def test_file_that_is_no_backup_is_refused(data: bytes) -> None:
    with pytest.raises(ArchiveError, match="expected a"):
        read(data)
