"""A spool whose files or folder are lost, or can't be read: what it cost is counted, no more."""

import errno
import os
import shutil
from pathlib import Path
from typing import Any

import pytest

from agent.spool import disk
from agent.spool.disk import Spool
from tests.agent.spool.test_disk import KIB, open_spool, payloads
from venuewatch.base.files import open_regular


def filled(folder: Path, count: int = 18) -> Spool:
    """Return a spool with as many records, in files of a few each; the last has room for more."""
    spool = open_spool(folder, segment_bytes=600)
    for number in range(count):
        spool.append(b"%02d" % number * 50)
    return spool


def files(folder: Path) -> list[Path]:
    return sorted((folder / "spool").glob("*.spool"))


def test_folder_that_is_gone_is_made_again_and_its_loss_counted(tmp_path: Path) -> None:
    spool = filled(tmp_path)
    shutil.rmtree(tmp_path / "spool")

    spool.append(b"next")

    assert payloads(spool) == [b"next"]
    assert spool.dropped == 18
    spool.close()
    assert payloads(open_spool(tmp_path)) == [b"next"]


def test_folder_that_is_gone_leaves_nothing_waiting(tmp_path: Path) -> None:
    spool = filled(tmp_path)
    shutil.rmtree(tmp_path / "spool")

    assert payloads(spool) == []
    assert spool.dropped == 18
    assert spool.pending == 0


def test_folder_that_was_moved_away_takes_no_more_records(tmp_path: Path) -> None:
    spool = filled(tmp_path)
    (tmp_path / "spool").rename(tmp_path / "elsewhere")

    spool.append(b"next")

    assert payloads(spool) == [b"next"]


def test_file_that_was_deleted_costs_its_own_records(tmp_path: Path) -> None:
    spool = filled(tmp_path)
    files(tmp_path)[1].unlink()

    left = payloads(spool)

    assert 0 < spool.dropped < 18
    assert spool.dropped + len(left) == 18
    assert spool.trouble is not None


def test_acknowledged_records_of_a_lost_file_are_not_lost(tmp_path: Path) -> None:
    spool = filled(tmp_path)
    spool.acknowledge(17)
    shutil.rmtree(tmp_path / "spool")

    spool.append(b"next")

    assert spool.dropped == 1
    assert payloads(spool) == [b"next"]


def test_folder_that_could_not_be_made_is_made_once_it_can(tmp_path: Path) -> None:
    (tmp_path / "spool").write_text("a file, not a folder")
    spool = open_spool(tmp_path)
    spool.append(b"one")
    (tmp_path / "spool").unlink()

    spool.append(b"two")

    assert spool.trouble is None
    spool.close()
    assert payloads(open_spool(tmp_path)) == [b"one", b"two"]


def test_file_that_can_not_be_opened_now_is_neither_passed_nor_lost(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spool = filled(tmp_path)
    with monkeypatch.context() as patched:
        patched.setattr(disk, "open_regular", refuse_once(errno.EMFILE))
        assert payloads(spool) == []

    assert len(payloads(spool)) == 18
    assert spool.dropped == 0


def test_file_that_the_disk_can_not_read_is_counted_and_passed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spool = filled(tmp_path)
    spool.close()
    with monkeypatch.context() as patched:
        patched.setattr(disk, "open_regular", refuse(errno.EIO))
        assert payloads(spool) == []

    assert spool.dropped == 18
    assert spool.pending == 0


def test_each_failure_of_the_disk_is_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spool = open_spool(tmp_path)
    with monkeypatch.context() as patched:
        patched.setattr(os, "open", refuse(errno.EROFS))
        for _ in range(3):
            spool.append(bytes(KIB))

    assert spool.failures == 3
    assert spool.trouble == os.strerror(errno.EROFS)
    spool.sync()
    assert spool.dropped == 0


def test_trouble_is_over_when_nothing_is_left_to_write(tmp_path: Path) -> None:
    spool = filled(tmp_path)
    shutil.rmtree(tmp_path / "spool")
    assert payloads(spool) == []
    before = spool.trouble

    spool.sync()

    assert before is not None
    assert spool.trouble is None


def test_trouble_lasts_while_something_is_not_stored(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spool = filled(tmp_path)
    spool.acknowledge(3)
    with monkeypatch.context() as patched:
        patched.setattr(os, "open", refuse(errno.EROFS))
        spool.sync()
        spool.sync()

    assert spool.trouble == os.strerror(errno.EROFS)
    spool.sync()
    assert spool.trouble is None


def refuse(number: int) -> Any:
    def fail(*_: Any) -> int:
        raise OSError(number, os.strerror(number))

    return fail


def refuse_once(number: int) -> Any:
    calls: list[str] = []

    def open_or_fail(path: str) -> int:
        calls.append(path)
        if len(calls) == 1:
            raise OSError(number, os.strerror(number))
        return open_regular(path)

    return open_or_fail
