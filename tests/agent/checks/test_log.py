"""Logs that are written, rotated, truncated and lost while they are followed: real files."""

import os
import sys
from pathlib import Path

import msgspec
import pytest

from agent.checks import Reading
from agent.checks.host.tail import MAX_LINE
from agent.checks.log import Check
from tests.agent.checks.peers import made
from venuewatch.base import clock


def check(path: Path, **fields: object) -> Check:
    found: Check = made("log", path=str(path), **{"pattern": "ERROR", **fields})
    return found


def append(path: Path, text: str | bytes) -> None:
    with path.open("ab") as log:
        log.write(text if isinstance(text, bytes) else text.encode())


def matches(reading: Reading) -> float | None:
    return reading.values.check_log_matches_total


@pytest.fixture
def log(tmp_path: Path) -> Path:
    path = tmp_path / "server.log"
    path.touch()
    return path


def begun(path: Path, **fields: object) -> Check:
    looked = check(path, **fields)
    assert looked.read()[:2] == ("ok", "no line matched")
    return looked


NONE, SO_FAR = "no line matched", "matched so far, the last 0 s ago:"
LONG = ["x" * MAX_LINE + "ERROR", "x" * (MAX_LINE - 5) + "ERROR", "x" * 200_000 + "ERROR", "ERROR"]
WRITTEN = {
    "nothing new": ("ERROR of yesterday\n", "", 0, NONE),
    "lines": ("INFO\n", "INFO\nERROR two\nERROR three\nINFO\n", 2, f"2 {SO_FAR} ERROR three"),
    "the rest of an old line": ("ERROR begun", " ERROR\nERROR new\n", 1, f"1 {SO_FAR} ERROR new"),
    "lines longer than are searched": (
        "",
        "\n".join([*LONG, ""]),
        2,
        f"2 {SO_FAR[:-1]}; passed over 195.9 kB: ERROR",
    ),
    "lines across chunks": (
        "",
        "".join(f"{number} ERROR {'.' * (number % 97)}\n" for number in range(5_001)),
        5_001,
        f"5001 {SO_FAR} 5000 ERROR {'.' * 53}",
    ),
    "no UTF-8": (
        "",
        b"\xff\x81 ERROR caf\xe9\r\n",
        1,
        f"1 {SO_FAR} \xff\ufffd ERROR caf\xe9",
    ),
}


@pytest.mark.parametrize(("old", "new", "count", "detail"), WRITTEN.values(), ids=WRITTEN)
def test_what_was_written_since_the_first_reading_is_searched(
    log: Path, old: str, new: str | bytes, count: int, detail: str
) -> None:
    append(log, old)
    looked = begun(log)
    append(log, new)

    reading = looked.read()

    assert reading[:2] == ("critical" if count else "ok", detail)
    assert matches(reading) == count
    assert msgspec.json.encode(reading)


def test_the_state_is_the_configured_one_and_ends_after_its_time(
    log: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [clock.monotonic()]
    monkeypatch.setattr(clock, "monotonic", lambda: now[0])
    looked = begun(log, state="warning", hold_s=60)
    append(log, "ERROR\n")
    readings = []

    for later_s in (0, 60, 1):
        now[0] += later_s
        readings.append(looked.read())

    assert [reading.state for reading in readings] == ["warning", "warning", "ok"]
    assert readings[1].detail == "1 matched so far, the last 60 s ago: ERROR"
    assert [matches(reading) for reading in readings] == [1, 1, 1]


def test_a_line_is_searched_once_it_is_whole(log: Path) -> None:
    looked = begun(log)
    append(log, "ERR")
    half = looked.read()
    append(log, "OR of the feed\n")

    assert half.state == "ok"
    assert looked.read().detail.endswith(": ERROR of the feed")


def test_a_rotated_log_is_read_to_its_end_and_the_new_one_from_its_start(log: Path) -> None:
    looked = begun(log)
    append(log, "ERROR before\n")
    log.rename(log.with_suffix(".1"))
    append(log.with_suffix(".1"), "ERROR after the renaming\nERROR unfinished")
    append(log, "ERROR in the new one\n")

    reading = looked.read()
    append(log, "ERROR later\n")

    assert matches(reading) == 4
    assert matches(looked.read()) == 5


def test_a_truncated_log_is_read_from_its_start(log: Path) -> None:
    append(log, "INFO " * 100 + "\n")
    looked = begun(log)
    log.write_text("ERROR\n")

    assert matches(looked.read()) == 1


def test_a_log_that_a_rotation_takes_away_for_a_while_is_no_trouble(log: Path) -> None:
    looked = begun(log)
    log.unlink()
    states = [looked.read().state]
    append(log, "ERROR at once\n")

    states.append(looked.read().state)

    assert states == ["ok", "critical"]


def test_a_log_that_stays_away_is_unknown(log: Path) -> None:
    looked = begun(log)
    log.unlink()

    readings = [looked.read(), looked.read()]

    assert [reading.state for reading in readings] == ["ok", "unknown"]
    assert readings[1].detail == f"{log}: No such file or directory"


def test_a_log_that_comes_later_is_read_from_its_start(tmp_path: Path) -> None:
    log = tmp_path / "later.log"
    looked = check(log)
    before = looked.read()
    append(log, "ERROR first\n")

    assert before[:2] == ("unknown", f"{log}: No such file or directory")
    assert looked.read().state == "critical"


def test_of_too_much_the_oldest_is_passed_over_and_told(log: Path) -> None:
    looked = begun(log, max_bytes=8_192)
    append(log, "ERROR lost\n" + "INFO\n" * 20_000 + "ERROR seen\n")

    reading = looked.read()
    append(log, "ERROR next\n")

    assert matches(reading) == 1
    assert "; passed over 91.8 kB: ERROR seen" in reading.detail
    assert reading.values.check_log_skipped_bytes_total == 11 + 100_000 + 11 - 8_192
    assert matches(looked.read()) == 2


def test_a_search_that_takes_too_long_is_given_up_and_told(
    log: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [0.0]

    def tick() -> float:
        now[0] += 0.1
        return now[0]

    looked = begun(log, timeout_s=1.0)
    append(log, "INFO\n" * 50_000)
    monkeypatch.setattr(clock, "monotonic", tick)

    reading = looked.read()
    append(log, "ERROR\n")

    assert reading.state == "warning"
    assert reading.detail.startswith("not searched within 1 s; passed over 118.")
    assert matches(looked.read()) == 1


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such pipes")
def test_a_pipe_is_refused_and_hangs_nobody(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")

    assert check(tmp_path / "pipe").read()[:2] == (
        "unknown",
        f"{tmp_path}/pipe: is no regular file",
    )


@pytest.mark.skipif(sys.platform != "linux", reason="/proc is Linux'")
def test_a_closed_check_holds_no_file(log: Path) -> None:
    before = len(list(Path("/proc/self/fd").iterdir()))
    looked = begun(log)
    looked.close()

    assert len(list(Path("/proc/self/fd").iterdir())) == before


def test_a_log_without_permission_is_not_taken_for_a_new_one(
    log: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    append(log, "ERROR of yesterday\n")

    def refuse(*_: object) -> int:
        raise PermissionError(13, "Permission denied")

    looked = check(log)
    with monkeypatch.context() as patch:
        patch.setattr(os, "open", refuse)
        before = looked.read()

    assert before[:2] == ("unknown", f"{log}: Permission denied")
    assert looked.read()[:2] == ("ok", "no line matched")
