"""A spool's folder has one agent: no other reads, sends or deletes what is there."""

import errno
import fcntl
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from agent.spool import lock
from agent.spool.disk import Spool
from agent.spool.lock import InUseError
from tests.agent.spool.test_disk import payloads


def spool_of(host: str, folder: Path) -> Spool:
    return Spool(str(folder / "spool"), host=host, max_bytes=65_536, segment_bytes=600)


def test_second_agent_of_a_host_leaves_all_to_the_first(tmp_path: Path) -> None:
    first = spool_of("STA-1", tmp_path)
    first.append(b"one")

    with pytest.raises(InUseError) as refused:
        spool_of("STA-1", tmp_path)

    assert str(refused.value) == (
        f"another agent of this host has {tmp_path / 'spool'}: end one of the two, or give it a "
        "[spool] directory of its own"
    )
    first.append(b"two")
    assert payloads(first) == [b"one", b"two"]


def test_folder_is_free_once_its_agent_has_ended(tmp_path: Path) -> None:
    first = spool_of("STA-1", tmp_path)
    first.append(b"one")

    first.close()

    assert payloads(spool_of("STA-1", tmp_path)) == [b"one"]


def test_folder_is_free_at_once_after_a_kill(tmp_path: Path) -> None:
    program = (
        "from agent.spool.disk import Spool\n"
        f"spool = Spool({str(tmp_path / 'spool')!r}, host='STA-1', max_bytes=65536)\n"
        "spool.append(b'one')\n"
        "print(flush=True)\n"
        "input()\n"
    )
    pipe = subprocess.PIPE
    with subprocess.Popen([sys.executable, "-c", program], stdin=pipe, stdout=pipe) as process:
        assert process.stdout is not None
        process.stdout.readline()
        with pytest.raises(InUseError):
            spool_of("STA-1", tmp_path)
        process.kill()

    assert payloads(spool_of("STA-1", tmp_path)) == [b"one"]


@pytest.mark.parametrize("is_gone", [False, True])
def test_readings_of_one_host_are_never_those_of_another(tmp_path: Path, *, is_gone: bool) -> None:
    first = spool_of("STA-1", tmp_path)
    first.append(b"of the first")
    if is_gone:
        first.close()

    second = spool_of("STA-2", tmp_path)
    second.append(b"of the second")
    second.acknowledge(1)
    second.append(b"its next")
    second.close()
    first.close()

    assert payloads(spool_of("STA-1", tmp_path)) == [b"of the first"]
    assert payloads(spool_of("STA-2", tmp_path)) == [b"its next"]


def test_many_hosts_may_be_given_one_folder(tmp_path: Path) -> None:
    hosts = [f"STA-{number}" for number in range(5)]
    spools = [spool_of(host, tmp_path) for host in hosts]
    for host, spool in zip(hosts, spools, strict=True):
        spool.append(host.encode())

    assert [payloads(spool) for spool in spools] == [[host.encode()] for host in hosts]


def test_folder_of_an_older_agent_is_its_host_s_own(tmp_path: Path) -> None:
    older = spool_of("STA-1", tmp_path)
    older.append(b"one")
    older.close()
    (tmp_path / "spool" / "lock").unlink()

    assert payloads(spool_of("STA-1", tmp_path)) == [b"one"]


@pytest.mark.parametrize("left", [b"", bytes(5)])
def test_lock_that_a_power_cut_left_empty_is_nobody_s(tmp_path: Path, left: bytes) -> None:
    spool_of("STA-1", tmp_path).close()
    (tmp_path / "spool" / "lock").write_bytes(left)

    spool_of("STA-1", tmp_path).close()

    assert payloads(spool_of("STA-2", tmp_path)) == []
    assert (tmp_path / "spool" / "of-STA-2").is_dir()


def delete_and_make_again(folder: Path) -> None:
    shutil.rmtree(folder)
    folder.mkdir()


def delete_content(folder: Path) -> None:
    for path in folder.iterdir():
        path.unlink()


@pytest.mark.parametrize("lose", [shutil.rmtree, delete_and_make_again, delete_content])
def test_folder_that_was_lost_is_taken_again(tmp_path: Path, lose: Callable[[Path], None]) -> None:
    first = spool_of("STA-1", tmp_path)
    first.append(b"lost")
    lose(tmp_path / "spool")

    first.append(b"next")

    assert payloads(first) == [b"next"]
    with pytest.raises(InUseError):
        spool_of("STA-1", tmp_path)


def test_folder_that_another_took_meanwhile_is_left_to_it(tmp_path: Path) -> None:
    first = spool_of("STA-1", tmp_path)
    first.append(b"lost")
    shutil.rmtree(tmp_path / "spool")
    second = spool_of("STA-1", tmp_path)

    first.append(b"waits")
    trouble = first.trouble or ""
    second.append(b"one")

    assert payloads(second) == [b"one"]
    assert "another agent of this host has" in trouble
    second.close()
    first.sync()
    assert payloads(first) == [b"waits"]
    assert first.trouble is None


def test_filesystem_without_locks_is_used_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: Any) -> None:
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    monkeypatch.setattr(fcntl, "flock", refuse)

    spool = spool_of("STA-1", tmp_path)
    spool.append(b"one")

    assert payloads(spool) == [b"one"]
    assert (spool.trouble, spool.failures) == (None, 0)


def test_system_without_locks_keeps_hosts_apart(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "platform", "win32")
    monkeypatch.delattr(lock, "fcntl")

    first, second = spool_of("STA-1", tmp_path), spool_of("STA-2", tmp_path)
    first.append(b"one")

    assert payloads(second) == []
    assert payloads(spool_of("STA-1", tmp_path)) == [b"one"]
