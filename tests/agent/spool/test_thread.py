"""The spool's thread: where the system gives none, the agent runs, and what it keeps waits."""

import threading
from pathlib import Path

import pytest

from agent.spool.disk import Spool
from agent.spool.thread import WAITING_MAX, SpoolThread

PATIENCE_S = 10.0


def refuse(_thread: threading.Thread) -> None:
    raise RuntimeError("can't start new thread")


def spool_in(folder: Path) -> SpoolThread:
    return SpoolThread(lambda: Spool(str(folder / "spool"), max_bytes=1 << 22), lambda: None)


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
