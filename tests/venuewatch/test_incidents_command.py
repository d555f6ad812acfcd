"""Tests of ``venuewatch incidents``: table, exit code, and words for a wrong answer."""

import base64
import http.server
import json
import re
import socket
import threading
from collections.abc import Iterator
from http import HTTPStatus
from pathlib import Path
from typing import Any, ClassVar

import pytest

from aggregator.shell.http.api.record import IncidentJson
from venuewatch import cli
from venuewatch.commands.incidents import table

NOW = 1_800_000_000.0
LOST = {
    "number": 8,
    "scope": "host",
    "venue": "STA",
    "host": "STA-1",
    "check": "",
    "cause": "host_down",
    "opened_at": NOW - 75,
    "closed_at": None,
}
OVER = {**LOST, "number": 7, "host": "STA-2", "closed_at": NOW}


class Aggregator(http.server.BaseHTTPRequestHandler):
    """Answers every question with ``said``."""

    status: ClassVar[int] = 200
    said: ClassVar[bytes] = b""
    asked: ClassVar[list[str]] = []
    users: ClassVar[list[str | None]] = []

    def do_GET(self) -> None:
        self.asked.append(self.path)
        self.users.append(self.headers["Authorization"])
        self.send_response(self.status)
        if self.status == HTTPStatus.FOUND:
            self.send_header("Location", "/elsewhere")
        self.end_headers()
        self.wfile.write(self.said)

    def log_message(self, *_: object) -> None: ...


@pytest.fixture
def url() -> Iterator[str]:
    Aggregator.status, Aggregator.asked, Aggregator.users = 200, [], []
    with http.server.HTTPServer(("127.0.0.1", 0), Aggregator) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def say(*incidents: dict[str, Any]) -> None:
    Aggregator.said = json.dumps({"incidents": incidents}).encode()


def told(**more: Any) -> IncidentJson:
    return IncidentJson(**{**LOST, **more})


def test_while_one_is_open_the_exit_code_says_so(
    url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    say(LOST, OVER)

    code = cli.main(["incidents", "--url", url])

    output = capsys.readouterr().out
    assert code == 1
    assert "STA/STA-1" in output
    assert "STA/STA-2" in output
    assert "\x1b" not in output


def test_when_all_is_over_the_exit_code_is_0(url: str, capsys: pytest.CaptureFixture[str]) -> None:
    say(OVER)

    code = cli.main(["incidents", "--url", f"{url}/"])

    assert code == 0
    assert "host_down" in capsys.readouterr().out
    assert Aggregator.asked == ["/api/v1/incidents"]


def test_only_the_open_ones_are_asked_for(url: str, capsys: pytest.CaptureFixture[str]) -> None:
    say()

    code = cli.main(["incidents", "--url", url, "--open"])

    assert (code, capsys.readouterr().out) == (0, "no incidents\n")
    assert Aggregator.asked == ["/api/v1/incidents?open=1"]


def test_json_is_what_the_aggregator_says(url: str, capsys: pytest.CaptureFixture[str]) -> None:
    say(LOST)

    code = cli.main(["incidents", "--url", url, "--json"])

    assert code == 1
    assert json.loads(capsys.readouterr().out) == {"incidents": [LOST]}


@pytest.mark.parametrize(
    ("status", "said", "line"),
    [
        (404, b"", "/api/v1/incidents: it answers 404"),
        (302, b"", "/api/v1/incidents: it answers 302"),
        (
            401,
            b"",
            "/api/v1/incidents: it answers 401, it wants another --user and --password-file",
        ),
        (200, b"<html>", ": expected an aggregator's incidents, got something else"),
        (200, b"{}", ": expected an aggregator's incidents, got something else"),
        (200, b"\xff", ": expected an aggregator's incidents, got something else"),
    ],
)
def test_an_aggregator_that_says_something_else_is_exit_2(
    url: str, capsys: pytest.CaptureFixture[str], status: HTTPStatus, said: bytes, line: str
) -> None:
    Aggregator.status, Aggregator.said = status, said

    code = cli.main(["incidents", "--url", url])

    assert (code, capsys.readouterr().err) == (2, f"{url}{line}\n")


def test_an_aggregator_that_is_not_there_is_exit_2(capsys: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]

    code = cli.main(["incidents", "--url", f"http://127.0.0.1:{port}"])

    assert code == 2
    assert (
        f"nothing listens at 127.0.0.1:{port}: is the aggregator running?"
        in capsys.readouterr().err
    )


@pytest.mark.parametrize(
    "url",
    ["file:///etc/passwd", "127.0.0.1:8039", "", "http://[", "http://", "http://h:x", "http://a b"],
)
def test_an_address_that_is_none_is_exit_2(url: str, capsys: pytest.CaptureFixture[str]) -> None:
    code = cli.main(["incidents", "--url", url])

    error = capsys.readouterr().err
    assert code == 2
    assert error.count("\n") == 1


def test_a_user_in_the_address_is_refused_unshown(capsys: pytest.CaptureFixture[str]) -> None:
    code = cli.main(["incidents", "--url", "http://me:s3cret@127.0.0.1:8039"])

    error = capsys.readouterr().err
    assert (code, "s3cret" in error) == (2, False)


def test_a_user_is_sent_with_its_password(url: str, tmp_path: Path) -> None:
    say()
    (tmp_path / "password").write_text("s3cret\n")

    code = cli.main(
        ["incidents", "--url", url, "--user", "me", "--password-file", f"{tmp_path}/password"]
    )

    assert code == 0
    assert Aggregator.users == [f"Basic {base64.b64encode(b'me:s3cret').decode()}"]


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (["--user", "me"], "expected --user and --password-file together"),
        (["--password-file", "x"], "expected --user and --password-file together"),
        (["--user", "me", "--password-file", "/no/file"], "/no/file: No such file or directory"),
        (["--ca-file", "/no/ca"], "/no/ca: No such file or directory"),
    ],
)
def test_a_user_that_is_half_given_is_exit_2(
    capsys: pytest.CaptureFixture[str], words: list[str], line: str
) -> None:
    code = cli.main(["incidents", *words])

    assert (code, capsys.readouterr().err) == (2, f"{line}\n")


def test_a_table_says_where_since_when_and_how_long() -> None:
    cut = told(
        number=12, scope="venue", host="", cause="venue_unreachable", children=("STA-1", "STA-2")
    )
    slow = told(number=3, scope="feed", check="results", falls=4, closed_at=NOW + 86_400)

    heading, first, second = (re.split(" {2,}", line) for line in table([cut, slow], NOW))

    assert heading == ["NO", "SINCE", "LASTED", "WHERE", "CAUSE", "HOSTS"]
    assert [first[0], *first[2:]] == ["12", "1 min 15 s, open", "STA", "venue_unreachable", "2"]
    assert second[2:] == ["1 d 0 h", "STA/STA-1/results (feed)", "host_down, 4 times"]


def test_colours_are_for_what_is_open() -> None:
    heading, lost, over = table([told(), told(**OVER)], NOW, has_colours=True)

    assert "\x1b" not in heading
    assert lost.startswith("\x1b[31m")
    assert over.startswith("\x1b[2m")


def test_a_name_can_not_write_to_the_terminal() -> None:
    _, line = table([told(host="\x1b[2J", cause="a\nb")], NOW)

    assert "\x1b" not in line
    assert "\n" not in line
