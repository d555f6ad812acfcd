"""Patterns are matched in one process apart, which is killed at its deadline: real processes."""

import os
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from agent.checks import Reading
from agent.checks.patterns import matcher
from agent.checks.patterns.matcher import MATCHER, Matcher, UnmatchedError
from agent.checks.reading.times import Deadline
from tests.agent.checks.peers import LOOPBACK, PATIENCE_S, made, read, say, say_nothing, tcp_peer

EVIL = "(a+)+$"
HASTY_S = 0.3
STOPPED = f"matching {EVIL!r} took over {HASTY_S} s and was stopped"
ENDLESS = b"a" * 64 + b"b"
PAGE = b"HTTP/1.1 200 OK\r\n\r\n"
MIB = 1_048_576
MATCHING = f"""
import sys
from agent.checks.patterns.matcher import MATCHER
from agent.checks.reading.times import Deadline
MATCHER.is_in("x", b"x", Deadline({PATIENCE_S}))
print(MATCHER.pid, flush=True)
for line in sys.stdin:
    MATCHER.is_in(line, {ENDLESS!r}, Deadline({PATIENCE_S}))
"""


@pytest.fixture
def ours() -> Iterator[Matcher]:
    made = Matcher()
    yield made
    made.close()


@pytest.fixture
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(matcher, "LONGEST_S", HASTY_S)


def beside(work: Callable[[], Reading]) -> tuple[Reading, int]:
    """Do the work in a thread; return what it says, and how often this one ran meanwhile."""
    said: list[Reading] = []
    thread = threading.Thread(target=lambda: said.append(work()))
    thread.start()
    count = 0
    while thread.is_alive():
        thread.join(0.001)
        count += 1
    return said[0], count


def soon() -> Deadline:
    return Deadline(PATIENCE_S)


def log_with(folder: Path, line: bytes, *, pattern: str) -> Reading:
    path = folder / f"{len(pattern)}.log"
    path.touch()
    check = made("log", path=str(path), pattern=pattern, timeout_s=PATIENCE_S)
    check.read()
    path.write_bytes(line + b"\n")
    reading: Reading = check.read()
    check.close()
    return reading


def page_with(_folder: Path, text: bytes, *, pattern: str) -> Reading:
    with tcp_peer(say(PAGE + text)) as port:
        return read("http", url=f"http://{LOOPBACK}:{port}/", regex=pattern)


def process_with(_folder: Path, argument: bytes, *, pattern: str) -> Reading:
    command = [b"sh", b"-c", b"echo; read line", argument]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()  # before, the kernel may not show its command line yet
        return read("process", command_line=pattern)


def console_with(_folder: Path, line: bytes, *, pattern: str) -> Reading:
    def script(conn: socket.socket, over: threading.Event) -> None:
        conn.sendall(line + b"\n")
        say_nothing(conn, over)

    with tcp_peer(script) as port:
        check = made("line", address=LOOPBACK, port=port, heartbeat=pattern)
        reading: Reading = check.read()
        while not reading.values.results_bytes_total:
            reading = check.read()
        check.close()
    return reading


@pytest.mark.usefixtures("hasty")
@pytest.mark.parametrize("take", [log_with, page_with, process_with, console_with])
def test_endless_pattern_is_unknown_and_stops_no_thread(
    tmp_path: Path, take: Callable[..., Reading]
) -> None:
    reading, turns = beside(lambda: take(tmp_path, ENDLESS, pattern=EVIL))

    more = {log_with: "; passed over 66 B", console_with: "; since "}.get(take, "")
    assert reading.state == "unknown"
    assert reading.detail.startswith(STOPPED + more)
    assert turns > 10  # one that holds the interpreter lets it have two or three


@pytest.mark.parametrize(("line", "data"), [(b"ALIVE 7", 0), (b"ALIVE 7!", 1), (b"HOME 3", 1)])
def test_heartbeat_fits_a_whole_line(tmp_path: Path, line: bytes, data: int) -> None:
    reading = console_with(tmp_path, line, pattern=r"ALIVE \d+")

    assert (reading.state, reading.values.results_messages_total) == ("flowing", data)


def test_other_patterns_are_matched_behind_an_endless_one(ours: Matcher) -> None:
    ours.is_in("x", b"x", soon())
    asked = threading.Thread(target=lambda: fails(ours, ENDLESS))
    asked.start()

    found = [ours.is_in("y", b"xyz", soon()) for _ in range(3)]

    asked.join(PATIENCE_S)
    assert found == [True] * 3


def fails(matcher: Matcher, data: bytes) -> None:
    with pytest.raises(UnmatchedError):
        matcher.is_in(EVIL, data, Deadline(HASTY_S))


def test_matcher_is_killed_at_its_deadline_and_started_again(ours: Matcher) -> None:
    ours.is_in("x", b"x", soon())
    first = psutil.Process(ours.pid)

    fails(ours, ENDLESS)

    assert not first.is_running()
    assert ours.is_in("x", b"x", soon())
    assert ours.pid != first.pid


def test_matcher_that_others_killed_is_started_again(ours: Matcher) -> None:
    ours.is_in("x", b"x", soon())
    psutil.Process(ours.pid).kill()

    assert ours.is_in("x", b"x", soon())


def test_checks_share_one_matcher(tmp_path: Path) -> None:
    log_with(tmp_path, b"ERROR", pattern="ERROR")
    pid = MATCHER.pid
    page = page_with(tmp_path, b"version: 7", pattern="version: [0-9]+")

    assert page.state == "ok"
    assert pid is not None
    assert pid == MATCHER.pid


def test_checks_without_a_pattern_start_no_matcher(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(subprocess, "Popen", None)
    (tmp_path / "server.log").touch()

    console_with(tmp_path, b"*", pattern=r"\*")
    read("process", program="venuewatch")
    quiet = read("log", path=str(tmp_path / "server.log"), pattern="ERROR")
    with tcp_peer(say(PAGE + b"ready")) as port:
        page = read("http", url=f"http://127.0.0.1:{port}/", contains="ready")

    assert [quiet.state, page.state] == ["ok", "ok"]


@pytest.mark.long
@pytest.mark.parametrize("is_busy", [False, True])
def test_matcher_ends_with_its_killed_agent(*, is_busy: bool) -> None:
    command = [sys.executable, "-c", MATCHING]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as agent:
        assert agent.stdin is not None
        assert agent.stdout is not None
        child = psutil.Process(int(agent.stdout.readline()))
        if is_busy:
            agent.stdin.write(f"{EVIL}\n")
            agent.stdin.flush()
            while child.cpu_times().user < 0.1:
                assert child.is_running()
        agent.kill()

    child.wait(PATIENCE_S)

    assert not child.is_running()


@pytest.mark.skipif(sys.platform != "linux", reason="/proc is Linux'")
def test_matcher_inherits_no_socket_and_goes_behind_the_agent(ours: Matcher) -> None:
    with tcp_peer(say(b"")):
        ours.is_in("x", b"x", soon())

    held = {int(each.name) for each in Path(f"/proc/{ours.pid}/fd").iterdir()}

    assert held == {0, 1, 2}
    assert psutil.Process(ours.pid).nice() == min(os.nice(0) + 10, 19)


@pytest.mark.skipif(sys.platform != "linux", reason="measured on Linux")
def test_matcher_has_at_most_5_mib_for_itself(ours: Matcher) -> None:
    for pattern in (r"version: [0-9]+", r"(?i)error|fatal", r"^\d{4}-\d\d-\d\d .*timeout"):
        ours.is_in(pattern, b"x" * MIB, soon())
        ours.in_lines(pattern, [b"INFO all is well"] * 4_000, soon())

    # The rest of its memory is the interpreter's, which the agent has mapped as well.
    assert psutil.Process(ours.pid).memory_full_info().uss <= 5 * MIB


@pytest.mark.parametrize(
    ("pattern", "lines", "found"),
    [
        ("ERROR", [b"ERROR a", b"b", b"ERROR c", b"d"], [1, 0, 1, 0]),
        ("^$", [b"a", b""], [0, 1]),
        ("^$", [], []),
        ("caf\xe9", ["café".encode(), b"caf\xe9"], [1, 0]),
        ("\ufffd", [b"caf\xe9"], [1]),
    ],
)
def test_each_line_is_told_whether_it_matches(
    ours: Matcher, pattern: str, lines: list[bytes], found: list[int]
) -> None:
    assert list(ours.in_lines(pattern, lines, soon())) == found


def test_without_time_nothing_is_matched(ours: Matcher) -> None:
    with pytest.raises(UnmatchedError, match="no time was left to match 'x'"):
        ours.is_in("x", b"x", Deadline(-1.0))

    assert ours.pid is None


def test_interpreter_that_is_gone_is_told(ours: Matcher, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/nowhere/python")

    with pytest.raises(UnmatchedError, match="no process for matching: No such file or directory"):
        ours.is_in("x", b"x", soon())
