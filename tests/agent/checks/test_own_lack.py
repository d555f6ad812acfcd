"""A machine that lacks descriptors, memory or threads accuses nobody whom it could not ask."""

import errno
import os
import socket
import threading
from typing import Any

import pytest

from agent.checks import gateway
from agent.checks.net import connect
from agent.checks.net.probing import ProbeConfig, judge
from agent.checks.net.reach import Rounds
from agent.checks.patterns.matcher import Matcher, UnmatchedError
from agent.checks.reading.asking import failed
from agent.checks.reading.times import Deadline
from tests.agent.checks.peers import LOOPBACK, read

PATIENCE_S = 10.0
NO_FILE = OSError(errno.EMFILE, os.strerror(errno.EMFILE))


def refuse(*_: Any, **__: Any) -> Any:
    raise NO_FILE


@pytest.mark.parametrize("number", [errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.ENOBUFS])
def test_lack_of_our_own_is_unknown_and_told(number: int) -> None:
    reading = failed(OSError(number, os.strerror(number)))

    assert reading.state == "unknown"
    assert reading.detail.startswith("this machine refuses us what it takes: ")


@pytest.mark.parametrize(
    "error",
    [
        ConnectionRefusedError(errno.ECONNREFUSED, "refused"),
        OSError(errno.EHOSTUNREACH, "no route"),
        TimeoutError(),
        socket.gaierror(socket.EAI_NONAME, "no such name"),
        socket.gaierror(errno.EMFILE, "a resolver's own number"),
    ],
    ids=repr,
)
def test_failure_of_the_other_side_is_critical(error: OSError) -> None:
    assert failed(error).state == "critical"


def test_name_that_no_thread_could_ask_for_is_unknown() -> None:
    assert failed(socket.gaierror(socket.EAI_MEMORY, "no thread to ask in")).state == "unknown"


def test_port_is_not_accused_for_want_of_a_descriptor(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connect, "connect_to", refuse)

    reading = read("tcp", address=LOOPBACK, port=1)

    assert reading.state == "unknown"
    assert "too many files" in reading.detail


def test_gateway_is_not_accused_for_want_of_a_descriptor(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gateway, "default_routes", refuse)

    assert read("gateway").state == "unknown"


def test_machine_that_could_not_be_probed_is_unknown() -> None:
    rounds = Rounds("tcp", 3, (), NO_FILE)
    config = ProbeConfig(name="a neighbour")

    assert judge(rounds, config).state == "unknown"


def test_pattern_without_a_thread_to_watch_it_is_not_matched(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def no_thread(_thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    matcher = Matcher()
    try:
        with monkeypatch.context() as patched:
            patched.setattr(threading.Thread, "start", no_thread)
            with pytest.raises(UnmatchedError, match="can't start new thread"):
                matcher.is_in("a", b"a", Deadline(PATIENCE_S))

        assert matcher.is_in("a", b"a", Deadline(PATIENCE_S))
    finally:
        matcher.close()
