"""The spool's thread: the agent runs, and what it keeps waits, where it has to do without one.

So, too, while another agent of its host has the folder.
"""

import threading
from functools import partial
from pathlib import Path

import pytest

from agent.spool import thread
from agent.spool.disk import MEMORY_BYTES, Spool
from agent.spool.thread import WAITING_MAX, SpoolThread
from venuewatch.base import clock

PATIENCE_S = 10.0


def refuse(_thread: threading.Thread) -> None:
    raise RuntimeError("can't start new thread")


def spool_in(folder: Path) -> SpoolThread:
    made = partial(Spool, str(folder / "spool"), host="STA-1", max_bytes=1 << 22)
    return SpoolThread(made, lambda: None)


def refused(folder: Path, patched: pytest.MonkeyPatch) -> SpoolThread:
    """Return a spool for which there is no thread, for as long as this is patched."""
    patched.setattr(threading.Thread, "start", refuse)
    return spool_in(folder)


def test_what_was_kept_without_a_thread_is_stored_by_the_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patched:
        spool = refused(tmp_path, patched)
        spool.keep(b"one")

    spool.keep(b"two")
    assert spool.finished().wait(PATIENCE_S)
    spool.close()

    assert spool.status.pending == 2
    assert spool.status.dropped == 0


def test_what_waits_for_a_thread_is_bounded_and_the_rest_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patched:
        spool = refused(tmp_path, patched)
        for _ in range(WAITING_MAX + 7):
            spool.keep(b"reading")
        dropped = spool.status.dropped

    spool.keep(b"next")
    assert spool.finished().wait(PATIENCE_S)
    spool.close()

    assert dropped == 7
    assert spool.status.dropped == 7
    assert spool.status.pending == WAITING_MAX + 1


def test_look_for_an_answer_asks_for_the_thread_that_was_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patched:
        spool = refused(tmp_path, patched)
        spool.keep(b"one")
        assert spool.status.pending == 1
        assert spool.ask(0, max_bytes=1_000)
    assert spool.batch() is None

    with monkeypatch.context() as patched:
        patched.setattr(threading.Thread, "start", refuse)
        assert spool.finished().wait(PATIENCE_S)
    batch = spool.batch()

    spool.close()
    assert batch is not None
    assert [record.payload for record in batch.records] == [b"one"]


def test_end_without_a_thread_waits_for_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(threading.Thread, "start", refuse)
    spool = spool_in(tmp_path)

    spool.close(timeout_s=60.0)

    assert spool.status.pending == 0


@pytest.fixture
def other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Spool:
    """Return the spool of an agent that is still there; it is looked for often."""
    monkeypatch.setattr(thread, "TAKE_EVERY_S", 0.01)
    return Spool(str(tmp_path / "spool"), host="STA-1", max_bytes=1 << 22)


def until_refused(spool: SpoolThread, times: int) -> None:
    by = clock.monotonic() + PATIENCE_S
    while spool.status.failures < times:
        assert clock.monotonic() < by


def test_folder_of_another_agent_is_told_and_taken_once_that_has_ended(
    tmp_path: Path, other: Spool
) -> None:
    other.append(b"of the other")
    spool = spool_in(tmp_path)
    spool.keep(b"ours")
    until_refused(spool, times=2)
    before = spool.status

    other.close()
    assert spool.finished().wait(PATIENCE_S)
    assert spool.ask(0, max_bytes=1_000)
    assert spool.finished().wait(PATIENCE_S)
    batch = spool.batch()
    spool.close()

    assert "another agent of this host has" in before.trouble
    assert before.pending == 1
    assert batch is not None
    assert [record.payload for record in batch.records] == [b"of the other", b"ours"]
    assert spool.status.failures >= 2
    assert (spool.status.trouble, spool.status.dropped) == ("", 0)


def test_what_waits_for_a_folder_is_bounded_in_bytes(tmp_path: Path, other: Spool) -> None:
    spool = spool_in(tmp_path)
    until_refused(spool, times=1)
    catalogue = bytes(MEMORY_BYTES // 4)

    for _ in range(5):
        spool.keep(bytes(MEMORY_BYTES // 4), catalogue)

    assert spool.status.pending == 3
    assert spool.status.dropped == 2
    other.close()
    assert spool.finished().wait(PATIENCE_S)
    spool.close()
    assert (spool.status.pending, spool.status.dropped) == (3, 2)


def test_end_while_another_agent_has_the_folder_waits_for_nothing(
    tmp_path: Path, other: Spool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(thread, "TAKE_EVERY_S", 3_600.0)
    before = set(threading.enumerate())
    spool = spool_in(tmp_path)
    spool.keep(b"ours")
    until_refused(spool, times=1)

    spool.close(timeout_s=PATIENCE_S)

    assert set(threading.enumerate()) <= before
    assert other.pending == 0
    other.close()


def test_end_takes_a_folder_that_has_become_free(
    tmp_path: Path, other: Spool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(thread, "TAKE_EVERY_S", 3_600.0)
    spool = spool_in(tmp_path)
    spool.keep(b"ours")
    until_refused(spool, times=1)

    other.close()
    spool.close(timeout_s=PATIENCE_S)

    assert (spool.status.pending, spool.status.trouble) == (1, "")
