"""Files and pages whose content must advance: real ones, on a clock of the test."""

import contextlib
import itertools
import os
import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from agent import checks
from agent.checks import Reading
from agent.checks.reading.times import Now
from tests.agent.checks.peers import LOOPBACK, say, tcp_peer

EXPORT = '<ResultList createTime="{at}"><Count>{count}</Count><Event id="7"/></ResultList>'
MIB = 1_048_576


class Followed:
    """A check, whose content is written before each reading."""

    def __init__(self, kind: str, write: Callable[[bytes], object], **fields: Any) -> None:
        self._second = 0.0
        self.write = write
        module = checks.load(kind)
        config = msgspec.convert({"kind": kind, "name": "it", **fields}, module.Config)
        self._check = module.Check(config, lambda _name: None, self._now)

    def _now(self) -> Now:
        return Now(self._second, 1e9 + self._second)

    def at(self, second: float, content: str | bytes) -> Reading:
        self._second = second
        self.write(content.encode() if isinstance(content, str) else content)
        reading: Reading = self._check.read()
        assert len(reading.detail) <= 256
        return reading


def file(folder: Path, name: str = "a.xml", **fields: Any) -> Followed:
    return Followed("file", writer(folder / name), pattern=str(folder / "*"), **fields)


def writer(path: Path) -> Callable[[bytes], None]:
    """Return what writes a file, each time a second later."""
    seconds = itertools.count(1_000_000_000)

    def write(content: bytes) -> None:
        path.write_bytes(content)
        second = next(seconds)
        os.utime(path, (second, second))

    return write


@pytest.mark.parametrize("extra", [{}, {"must_grow": True}])
def test_export_that_is_rewritten_without_progress_is_critical(
    tmp_path: Path, extra: dict[str, Any]
) -> None:
    export = file(tmp_path, number={"xml": "Count"}, number_rests_s=120.0, **extra)

    said = [export.at(60.0 * at, EXPORT.format(at=100 + at, count=12)) for at in range(4)]

    assert [reading.state for reading in said] == ["ok", "ok", "ok", "critical"]
    assert said[2].detail.startswith("number is 12: a.xml, 74 B, ")
    assert said[3].detail.startswith("number is 12 for 180 s, limit 120 s: a.xml, 74 B, ")
    assert said[3].values.check_content_number == 12
    assert said[3].values.check_content_rest_seconds == 180


def test_export_whose_count_advances_is_ok(tmp_path: Path) -> None:
    export = file(tmp_path, number={"xml": "Count"}, number_rests_s=30.0)

    said = [export.at(60.0 * at, EXPORT.format(at=100, count=at)).state for at in range(4)]

    assert said == ["ok"] * 4


@pytest.mark.parametrize(
    ("extract", "contents"),
    [
        ({"regex": r"(?m)^TOTAL;(\d+)\r?$"}, ["at;{at}\r\nTOTAL;12\r\n"]),
        ({"json": "/total"}, ['{{"at": {at}, "total": 12}}', '{{"total": "12", "at": {at}}}']),
        ({"columns": [4, 6]}, ["at:012:{at}\n", "AT:12 \n{at}"]),
    ],
)
def test_progress_is_looked_for_in_any_form(
    tmp_path: Path, extract: dict[str, Any], contents: list[str]
) -> None:
    export = file(tmp_path, number=extract, number_rests_s=60.0)

    for second in (0, 30, 60):
        content = contents[second // 30 % len(contents)].format(at=second)
        assert export.at(second, content).state == "ok"

    assert export.at(90, contents[0].format(at=90)).state == "critical"


def test_name_of_the_newest_file_may_be_what_advances(tmp_path: Path) -> None:
    folder = file(tmp_path, "heat-1.lif", number={"file_name": r"-(\d+)"}, number_rests_s=60.0)
    folder.at(0, "one")
    assert folder.at(100, "one, again").detail.startswith("number is 1 for 100 s, limit 60 s: ")
    folder.write = (tmp_path / "heat-2.lif").write_bytes

    assert folder.at(120, "two").detail.startswith("number is 2: heat-2.lif, ")


def test_file_that_is_half_written_is_no_alarm(tmp_path: Path) -> None:
    export = file(tmp_path, number={"json": "/n"}, number_rests_s=60.0)
    export.at(0, '{"n": 1}')

    assert export.at(30, '{"n": ').state == "ok"
    assert export.at(50, "").state == "ok"
    broken = export.at(70, '{"n": ')

    assert broken.state == "critical"
    assert broken.detail.startswith("number is 1 for 70 s, limit 60 s; the body is not JSON: ")


def test_content_that_was_never_found_is_unknown_and_then_critical(tmp_path: Path) -> None:
    export = file(tmp_path, number={"xml": "Total"}, number_rests_s=60.0)
    words = "no number yet; the body has no Total: a.xml, "

    assert export.at(0, EXPORT.format(at=1, count=2)).state == "unknown"
    last = export.at(61, EXPORT.format(at=2, count=2))

    assert (last.state, last.detail[: len(words)]) == ("critical", words)


def test_file_of_any_size_is_read_up_to_4_mib(tmp_path: Path) -> None:
    front = EXPORT.format(at=1, count=2).encode()

    found = file(tmp_path, number={"xml": "Count"}).at(0, front + b" " * 5 * MIB)
    behind = file(tmp_path, number={"regex": "Count>(.)"}).at(0, b" " * 5 * MIB + front)
    whole = file(tmp_path, number={"json": "/n"}).at(0, b" " * 5 * MIB + b'{"n": 1}')

    assert found.state == "ok"
    assert behind.detail.startswith("no number yet; the body has nothing that matches: ")
    assert "the body is over 4194304 bytes, too long to read as JSON" in whole.detail


def test_file_that_can_not_be_read_any_more_rests(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    export = file(tmp_path, number={"json": "/n"}, number_rests_s=60.0)
    export.at(0, '{"n": 1}')
    monkeypatch.setattr("agent.checks.file.open_regular", _deny)

    assert export.at(30, '{"n": 2}').state == "ok"
    denied = export.at(61, '{"n": 3}')

    words = "number is 1 for 61 s, limit 60 s; permission denied: "
    assert (denied.state, denied.detail[: len(words)]) == ("critical", words)


def _deny(_path: str) -> int:
    raise PermissionError(13, "Permission denied")


@contextlib.contextmanager
def page(**fields: Any) -> Iterator[Followed]:
    """Serve what is written as the body of a page."""
    body = [b""]

    def answer(conn: socket.socket, over: threading.Event) -> None:
        head = f"HTTP/1.1 200 OK\r\nContent-Length: {len(body[0])}\r\n\r\n"
        say(head.encode() + body[0])(conn, over)

    with tcp_peer(answer) as port:
        url = f"http://{LOOPBACK}:{port}/"
        yield Followed("http", lambda content: body.__setitem__(0, content), url=url, **fields)


def test_page_that_is_well_but_whose_number_rests_is_critical() -> None:
    with page(number={"json": "/messages"}, number_rests_s=120.0) as api:
        said = [api.at(60.0 * at, '{"success":true,"messages":1234}') for at in range(4)]
        moved = api.at(200, '{"success":true,"messages":1235}')

    assert [reading.state for reading in said] == ["ok", "ok", "ok", "critical"]
    assert said[3].detail == "number is 1234 for 180 s, limit 120 s"
    assert said[3].values.check_http_status_code == 200
    assert said[3].values.check_content_number == 1234
    assert moved.state == "ok"
    assert moved.detail.endswith("; number is 1235")


def test_page_of_xml_whose_clock_stands_is_critical_while_it_runs() -> None:
    clock = '<s:Board xmlns:s="urn:s"><s:Clock Running="{runs}" Time="{time}"/></s:Board>'
    facts = {"clock": {"xml": "Clock@Time"}, "running": {"xml": "Clock@Running"}}
    with page(**facts, clock_rests_s=3.0) as board:
        said = [board.at(at, clock.format(runs="true", time=f"9:{at}")).state for at in range(5)]
        stopped = board.at(60, clock.format(runs="false", time="9:4"))
        stuck = [board.at(at, clock.format(runs="true", time="9:4")).state for at in (61, 63, 64)]

    assert said == ["ok"] * 5
    assert stopped.state == "ok"
    assert stopped.detail.endswith("; clock is 9:4; not running")
    assert stuck == ["ok", "ok", "critical"]


def test_error_page_and_rest_are_told_together() -> None:
    with page(number={"regex": "at=(\\d+)"}, number_rests_s=60.0, contains="at=") as api:
        api.at(0, "at=1")
        reading = api.at(61, "down for maintenance")

    assert reading.state == "critical"
    assert reading.detail == (
        "the body lacks 'at='; number is 1 for 61 s, limit 60 s; the body has nothing that matches"
    )


def test_page_that_is_cut_has_what_comes_before() -> None:
    body = "<a n='7'>" + "x" * 5_000
    with page(number={"xml": "@n"}, max_body_bytes=1_000) as api:
        assert api.at(0, body).state == "ok"
    with page(number={"json": "/n"}, max_body_bytes=1_000) as api:
        assert "is over 1000 bytes, too long to read as JSON" in api.at(0, body).detail


def test_file_of_a_page_has_no_name() -> None:
    with page(number={"file_name": r"(\d+)"}) as api:
        assert "no number yet; the body is no file" in api.at(0, "1").detail
