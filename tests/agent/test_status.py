"""An agent's socket: who is answered, with what, and what becomes of an old one."""

import os
import socket
import stat
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import msgspec
import pytest

from agent import status
from agent.status import Answering, NoAnswerError, Status, asked, socket_beside
from tests.integration.real import until
from venuewatch.base import threads

PATIENCE_S = 10.0
STATUS = Status(
    venue="STA",
    host="STA-1",
    agent_version="1",
    pid=7,
    broker="10.1.0.7:8883",
    is_connected=True,
    sessions=1,
    refused=("venuewatch/v1/STA/STA-1/birth: Not authorized",),
)


@pytest.fixture
def path(short_folder: Path) -> str:
    return socket_beside(str(short_folder / "spool"))


@pytest.fixture
def answering(path: str) -> Iterator[Answering]:
    with closing(Answering(path, lambda: STATUS)) as answering:
        yield answering


def test_socket_is_beside_the_spool() -> None:
    assert socket_beside("/var/lib/agent/spool") == "/var/lib/agent/spool.sock"
    assert socket_beside("/srv/spool/") == "/srv/spool.sock"


@pytest.mark.usefixtures("answering")
def test_agent_is_asked_again_and_again(path: str) -> None:
    assert [asked(path, timeout_s=PATIENCE_S) for _ in range(3)] == [STATUS] * 3


@pytest.mark.usefixtures("answering")
def test_socket_is_its_owner_s_alone(path: str) -> None:
    mode = Path(path).stat().st_mode

    assert stat.S_ISSOCK(mode)
    assert stat.S_IMODE(mode) == 0o600


@pytest.mark.usefixtures("answering")
def test_program_that_asks_and_reads_nothing_keeps_no_other_waiting(path: str) -> None:
    with socket.socket(socket.AF_UNIX) as silent:
        silent.connect(path)

        assert asked(path, timeout_s=PATIENCE_S) == STATUS


def test_where_no_agent_listens_nothing_is_known(path: str) -> None:
    assert asked(path) is None


def test_socket_goes_with_the_agent(path: str) -> None:
    Answering(path, lambda: STATUS).close()

    assert not Path(path).exists()
    assert asked(path) is None


def test_socket_that_a_killed_agent_left_is_no_agent_and_is_replaced(path: str) -> None:
    with socket.socket(socket.AF_UNIX) as left:
        left.bind(path)

    before = asked(path)
    with closing(Answering(path, lambda: STATUS)):
        after = asked(path, timeout_s=PATIENCE_S)

    assert (before, after) == (None, STATUS)


@pytest.mark.usefixtures("answering")
def test_second_agent_with_the_same_spool_leaves_the_first_its_socket(path: str) -> None:
    other = msgspec.structs.replace(STATUS, pid=8)

    Answering(path, lambda: other).close()

    assert asked(path, timeout_s=PATIENCE_S) == STATUS


def test_socket_of_an_agent_that_ended_is_taken_by_the_second(
    path: str, answering: Answering, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(status, "_TAKE_EVERY_S", 0.01)
    other = msgspec.structs.replace(STATUS, pid=8)
    with closing(Answering(path, lambda: other)):
        before = asked(path, timeout_s=PATIENCE_S)

        answering.close()

        until("the second answers", lambda: asked(path, timeout_s=PATIENCE_S) == other)
    assert before == STATUS
    assert not Path(path).exists()


def test_end_of_an_agent_without_a_socket_leaves_the_other_s(
    path: str, answering: Answering, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(status, "_TAKE_EVERY_S", 3_600.0)
    before = set(threading.enumerate())
    second = Answering(path, lambda: STATUS)

    second.close()
    answering.close()

    until("its thread has ended", lambda: set(threading.enumerate()) <= before)
    assert not Path(path).exists()


def test_file_in_the_socket_s_place_is_left_alone(path: str) -> None:
    Path(path).write_text("mine")

    Answering(path, lambda: STATUS).close()

    assert Path(path).read_text() == "mine"


def test_agent_without_a_thread_for_its_socket_goes_on(
    path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threads, "begin", refuse)

    with closing(Answering(path, lambda: STATUS)):
        assert asked(path) is None
        assert not Path(path).exists()


def test_path_that_is_too_long_for_a_socket_stops_no_agent(tmp_path: Path) -> None:
    path = socket_beside(str(tmp_path / ("deep" * 30) / "spool"))

    with closing(Answering(path, lambda: STATUS)):
        assert not Path(path).exists()


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (b"", "it answers only root and its own user"),
        (b"hello\n", "its answer is not that of an agent of this version"),
        (b'{"venue": 7}\n', "its answer is not that of an agent of this version"),
        (b"\xff" * 100_000, "its answer is not that of an agent of this version"),
    ],
)
def test_other_answer_is_an_agent_that_says_nothing(path: str, answer: bytes, why: str) -> None:
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(path)
        listening.listen()
        thread = threading.Thread(target=_answer, args=(listening, answer))
        thread.start()

        with pytest.raises(NoAnswerError) as refused:
            asked(path, timeout_s=PATIENCE_S)
        thread.join(PATIENCE_S)

    assert str(refused.value) == why


def test_agent_that_hangs_is_an_agent_that_says_nothing(path: str) -> None:
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(path)
        listening.listen()

        with pytest.raises(NoAnswerError, match="no answer in time"):
            asked(path, timeout_s=0.05)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may ask any agent")
def test_socket_of_another_user_is_an_agent_that_says_nothing(path: str) -> None:
    with closing(Answering(path, lambda: STATUS)):
        Path(path).chmod(0)

        with pytest.raises(NoAnswerError, match="only root"):
            asked(path)


def _answer(listening: socket.socket, answer: bytes) -> None:
    peer, _ = listening.accept()
    with peer:
        try:
            peer.sendall(answer)
        except ConnectionError:
            return  # the other side has had enough
