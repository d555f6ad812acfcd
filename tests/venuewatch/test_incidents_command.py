"""Tests of ``venuewatch incidents``: table, exit code, and words for a wrong answer."""

import base64
import http.server
import json
import socket
import sys
import threading
from collections.abc import Iterator
from http import HTTPStatus
from pathlib import Path
from typing import Any, ClassVar

import pytest

from venuewatch import cli
from venuewatch.base import clock

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
    "sentence": "STA-1 in STA is gone.",
    "severity": "critical",
    "since": NOW - 75,
    "alert": "VenuewatchHostDown",
    "path": "/incidents/8",
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
    assert Aggregator.asked == ["/api/v1/incidents", "/api/v1/venues"]


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
        (
            200,
            b"<html>",
            ": expected the answer of an aggregator of this version, got something else",
        ),
        (200, b"{}", ": expected the answer of an aggregator of this version, got something else"),
        (
            200,
            b"\xff",
            ": expected the answer of an aggregator of this version, got something else",
        ),
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
        f"nothing listens at 127.0.0.1:{port}: is the aggregator running? Start it"
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


@pytest.mark.parametrize(
    ("words", "asked"),
    [
        (["--venue", "STA"], "/api/v1/incidents?venue=STA"),
        (["--venue", "a b&c", "--open"], "/api/v1/incidents?open=1&venue=a+b%26c"),
        (["--limit", "5"], "/api/v1/incidents?limit=5"),
    ],
)
def test_what_is_wanted_is_asked_for(url: str, words: list[str], asked: str) -> None:
    say()

    assert cli.main(["incidents", "--url", url, *words]) == 0
    assert Aggregator.asked == [asked]


def test_a_list_says_what_where_since_when_and_how_long(
    url: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    say({**LOST, "falls": 4}, {**OVER, "number": 9, "cause": "silent"})
    monkeypatch.setattr(clock, "wall", lambda: NOW)

    cli.main(["incidents", "--url", url])

    heading, lost, over = capsys.readouterr().out.splitlines()
    assert heading.split() == ["NO", "SINCE", "LASTED", "WHERE", "CAUSE", "WHAT", "IT", "IS"]
    assert "1 min 15 s, open  STA/STA-1  host_down, 4 times  STA-1 in STA is gone." in lost
    assert over.startswith("9 ")  # what is over comes last, whatever its number


def test_one_incident_is_shown_with_its_timeline(
    url: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    step = {"at": NOW - 75, "kind": "seen", "by": "STA-2", "sentence": "It did not answer."}
    Aggregator.said = json.dumps({**LOST, "timeline": [step]}).encode()
    monkeypatch.setattr(clock, "wall", lambda: NOW)

    code = cli.main(["incidents", "8", "--url", url])

    output = capsys.readouterr().out
    assert code == 1
    assert "STA-1 in STA is gone." in output
    assert "STA-2: It did not answer." in output


@pytest.mark.parametrize("words", [["8", "--open"], ["8", "--venue", "STA"]])
def test_one_incident_is_asked_for_alone(
    url: str, words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    code = cli.main(["incidents", "--url", url, *words])

    error = "expected N alone, without --open and --venue\n"
    assert (code, capsys.readouterr().err) == (2, error)


def test_a_name_can_not_write_to_the_terminal(url: str, capsys: pytest.CaptureFixture[str]) -> None:
    hostile = "\x1b[2J\u202ea\nb" * 9
    say({**LOST, "host": hostile, "cause": hostile, "sentence": hostile})

    cli.main(["incidents", "--url", url])

    output = capsys.readouterr().out
    assert "\x1b" not in output
    assert "\u202e" not in output
    assert output.count("\n") < 20


@pytest.mark.parametrize(("no_color", "is_coloured"), [("", True), ("1", False)])
def test_colours_are_for_terminals_that_want_them(
    url: str,
    no_color: str,
    is_coloured: bool,  # noqa: FBT001 - a parameter of the table
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    say(LOST)
    monkeypatch.setenv("NO_COLOR", no_color)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)

    cli.main(["incidents", "--url", url])

    assert ("\x1b" in capsys.readouterr().out) is is_coloured


def test_an_old_incident_that_is_open_is_never_left_out(
    url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    Aggregator.said = json.dumps({"incidents": [LOST], "next": "8"}).encode()

    code = cli.main(["incidents", "--url", url, "--limit", "1"])

    assert code == 1
    assert "/api/v1/incidents?limit=1000&open=1" in Aggregator.asked[1]
    assert "Older ones are not shown" in capsys.readouterr().out


def test_what_puts_verdicts_off_is_told_once_a_reason(
    url: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def excuse(venue: str, reason: str, until: float | None) -> dict[str, Any]:
        hosts = [f"{venue}-1", f"{venue}-2"] if venue else []
        return {"venue": venue, "hosts": hosts, "reason": reason, "since": NOW, "until": until}

    monkeypatch.setattr(clock, "wall", lambda: NOW)
    codes = ("STA", "LYO", "MRS", "NIC")
    excuses = [
        *(excuse(code, "it starves", NOW + 3) for code in codes),
        excuse("STA", "it was cut off", NOW + 9),
        excuse("", "we hear nothing", None),
    ]
    Aggregator.said = json.dumps({"incidents": [], "excuses": excuses}).encode()

    cli.main(["incidents", "--url", url])

    assert capsys.readouterr().out.splitlines() == [
        "no incidents",
        "No verdict on 8 hosts of 4 venues yet: it starves, for 3 s more",
        "No verdict on 2 hosts of STA yet: it was cut off, for 9 s more",
        "No verdict on any host yet: we hear nothing",
    ]
