"""Logs in any encoding and with any line end: real files."""

import os
import zlib
from pathlib import Path

import pytest

from tests.agent.checks.test_log import append, check, matches

TEXT = "INFO begun\nERROR of café\nINFO\n"
ENCODINGS = {
    "UTF-8 with a mark": "utf-8-sig",
    "UTF-16LE": "utf-16-le",
    "UTF-16BE": "utf-16-be",
    "UTF-16 with a mark": "utf-16",
    "cp1252": "cp1252",
}
ENDS = {"CR": "\r", "LF": "\n", "CRLF": "\r\n"}


@pytest.fixture
def log(tmp_path: Path) -> Path:
    path = tmp_path / "server.log"
    path.touch()
    return path


@pytest.mark.parametrize("end", ENDS.values(), ids=ENDS)
@pytest.mark.parametrize("encoding", ENCODINGS.values(), ids=ENCODINGS)
def test_error_is_found_in_each_encoding_and_line_end(log: Path, encoding: str, end: str) -> None:
    looked = check(log, pattern="^ERROR of café$")
    looked.read()
    whole = TEXT.replace("\n", end).encode(encoding)
    counts = []

    for part in (whole[:1], whole[1:31], whole[31:]):
        append(log, part)
        reading = looked.read()
        counts.append(matches(reading))

    assert (reading.state, counts[-1]) == ("critical", 1)
    assert reading.detail.endswith(": ERROR of café")


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-be"])
@pytest.mark.parametrize("end", ENDS.values(), ids=ENDS)
def test_log_is_followed_from_inside_a_utf_16_line(log: Path, encoding: str, end: str) -> None:
    old = f"INFO 1{end}ERROR old{end}ERROR be".encode(encoding)
    append(log, old[:-1])
    looked = check(log)
    looked.read()

    append(log, old[-1:] + f"gun{end}ERROR new{end}".encode(encoding).removeprefix(b"\xff\xfe"))

    assert matches(looked.read()) == 1


def test_crlf_that_comes_in_two_parts_ends_one_line(log: Path) -> None:
    looked = check(log, pattern="^$")
    looked.read()
    for part in ("INFO\r", "\nINFO\r", "\n\r\n"):
        append(log, part)
        reading = looked.read()

    assert matches(reading) == 1


def test_utf_16_of_which_the_oldest_is_passed_over_is_read_on(log: Path) -> None:
    looked = check(log, max_bytes=8_193)
    looked.read()
    append(log, ("ERROR lost\n" + "INFO\n" * 20_000 + "ERROR seen\n").encode("utf-16"))

    assert looked.read().detail.endswith(": ERROR seen")


def test_log_that_begins_anew_may_have_another_encoding(log: Path) -> None:
    append(log, "INFO of a long first day\n".encode("utf-16"))
    looked = check(log)
    looked.read()
    log.write_bytes(b"ERROR\n")

    assert matches(looked.read()) == 1


@pytest.mark.parametrize(
    "data",
    [zlib.compress(os.urandom(4_000)), "ERROR\n".encode("utf-32"), b"\x00\x01\x02\x03ERROR\n" * 9],
    ids=["compressed", "UTF-32", "records"],
)
def test_log_that_is_no_text_is_never_ok(log: Path, data: bytes) -> None:
    append(log, data)
    looked = check(log)
    states = [looked.read().state, looked.read().state]
    append(log, data)

    reading = looked.read()

    assert [*states, reading.state, looked.read().state] == ["unknown"] * 4
    assert reading.detail.startswith("can't be read: expected text in UTF-8, UTF-16 or cp1252")
    assert reading.values.check_log_skipped_bytes_total == len(data)


def test_utf_16_appended_to_ascii_is_told_and_ends_with_text(log: Path) -> None:
    append(log, "INFO of a program\n")
    looked = check(log)
    looked.read()
    append(log, "ERROR of a shell\n".encode("utf-16-le"))
    told = looked.read().state
    append(log, "\nERROR\n")

    assert told == "unknown"
    assert looked.read().state == "critical"


def test_hole_of_zeros_does_not_hide_a_line(log: Path) -> None:
    looked = check(log)
    looked.read()
    append(log, b"\0" * 9_000 + b"\nERROR\n")

    assert matches(looked.read()) == 1


def test_text_without_a_line_end_is_never_ok(log: Path) -> None:
    looked = check(log)
    looked.read()
    append(log, "ERROR " * 20_000)

    reading = looked.read()

    told = "can't be read: no line end in 120.0 kB; passed over 115.9 kB"
    assert reading[:2] == ("unknown", told)


def test_long_utf_8_line_cut_inside_a_character_stays_utf_8(log: Path) -> None:
    looked = check(log, pattern="^é")
    looked.read()
    append(log, "é" * 2_000 + "x" + "é" * 2_000 + "\n")

    assert matches(looked.read()) == 1


@pytest.mark.parametrize("parts", [1, 7])
def test_rest_of_a_long_line_is_told_as_passed_over(log: Path, parts: int) -> None:
    looked = check(log)
    looked.read()
    text = "x" * 10_000 + "ERROR\n" + "y" * 5_000 + "\nINFO\n"
    step = len(text) // parts + 1

    details = []
    for at in range(0, len(text), step):
        append(log, text[at : at + step])
        reading = looked.read()
        details.append(reading.detail)

    assert reading.values.check_log_skipped_bytes_total == 10_005 + 5_000 - 2 * 4_096
    assert any("no line matched; passed over" in detail for detail in details)
