"""Tests of ``venuewatch status``: whom it asks, exit codes, words for a wrong answer, a watch."""

import contextlib
import http.server
import json
import os
import pty
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from typing import Any, ClassVar

import pytest

from venuewatch import cli
from venuewatch.terminal.ask import words_of

NOW = 1_800_000_000.0
CENTRE = {
    "name": "aggregator",
    "version": "1",
    "at": NOW,
    "state": "hears",
    "sentence": None,
    "severity": None,
    "since": None,
    "incident": None,
    "round_trip_s": 0.001,
    "others": [],
    "venues": 2,
    "hosts": {"up": 3},
    "open": {},
}
WELL = {
    "venue": "STA",
    "name": "Stade",
    "town": "Saint-Denis",
    "timezone": "Europe/Paris",
    "group": "",
    "lat": None,
    "lon": None,
    "state": "ok",
    "up": True,
    "counts": {"up": 3},
    "states": ["up", "up", "up"],
    "sentence": None,
    "severity": None,
    "since": None,
    "incident": None,
    "incidents": [],
}
CUT = {
    **WELL,
    "venue": "MRS",
    "state": "unreachable",
    "up": False,
    "counts": {"unreachable": 3},
    "sentence": "MRS is cut off.",
    "severity": "critical",
    "since": NOW - 75,
    "incident": 4,
    "incidents": [4],
}


class Api(http.server.BaseHTTPRequestHandler):
    """Answers for a path what is kept of it, with 200; else a problem."""

    kept: ClassVar[dict[str, Any]] = {}
    asked: ClassVar[list[str]] = []
    fields: ClassVar[dict[str, str]] = {}

    def do_GET(self) -> None:
        self.asked.append(self.path)
        found = self.kept.get(self.path)
        if found is None:
            self.send_response(404)
            found = {
                "title": "Not Found",
                "status": 404,
                "detail": 'unknown venue "X" - Known: STA',
            }
        else:
            self.send_response(200)
        for name, value in self.fields.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(found if isinstance(found, bytes) else json.dumps(found).encode())

    def log_message(self, *_: object) -> None: ...


@pytest.fixture
def url() -> Iterator[str]:
    Api.kept, Api.asked, Api.fields = {}, [], {}
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Api) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def say(*venues: dict[str, Any], **centre: Any) -> None:
    Api.kept["/api/v1/venues"] = {"venues": venues, "centre": {**CENTRE, **centre}}


def test_a_well_fleet_is_exit_0(url: str, capsys: pytest.CaptureFixture[str]) -> None:
    say(WELL)

    assert cli.main(["status", "--url", url]) == 0
    assert "1 venues, all well" in capsys.readouterr().out


def test_the_worst_comes_first_and_is_exit_1(url: str, capsys: pytest.CaptureFixture[str]) -> None:
    mild = {**CUT, "venue": "LYO", "severity": "warning", "sentence": "LYO is slow."}
    say(WELL, mild, CUT)

    code = cli.main(["status", "--url", url])

    output = capsys.readouterr().out
    assert code == 1
    assert output.index("MRS is cut off.") < output.index("LYO is slow.") < output.index("STA")
    assert "\x1b" not in output


def test_a_blind_centre_is_exit_1_and_told_first(
    url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    say(WELL, state="blind", sentence="The broker is gone.", severity="critical", since=NOW - 3)

    code = cli.main(["status", "--url", url])

    assert code == 1
    assert "The broker is gone." in capsys.readouterr().out.splitlines()[1]


@pytest.mark.parametrize("command", [["status"], ["incidents"]])
def test_each_line_is_marked_in_an_exercise(
    url: str,
    command: list[str],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    say(WELL, CUT)
    Api.kept["/api/v1/incidents"] = {"incidents": [], "next": None}
    Api.fields["Venuewatch-Exercise"] = "Rehearsal%202%1b%5b2J"

    cli.main([*command, "--url", url])

    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "EXERCISE: Rehearsal 2?[2J"
    assert len(lines) > 1
    assert all(line.startswith("EXERCISE: ") and len(line) <= 80 for line in lines)


def test_json_is_what_the_aggregator_says(url: str, capsys: pytest.CaptureFixture[str]) -> None:
    say(CUT)

    code = cli.main(["status", "--url", url, "--json"])

    assert code == 1
    assert json.loads(capsys.readouterr().out)["venues"] == [CUT]


def test_a_venue_that_is_unknown_is_told_in_its_words(
    url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    code = cli.main(["status", "X/../Y", "--url", url])

    assert (code, capsys.readouterr().err) == (2, 'unknown venue "X" - Known: STA\n')
    assert Api.asked == ["/api/v1/hosts/..%2FY"]


@pytest.mark.parametrize("more", [[], ["--json"]])
@pytest.mark.parametrize("body", ["deep", "bytes", "no JSON"])
def test_an_answer_of_something_else_is_one_line(
    url: str, capsys: pytest.CaptureFixture[str], body: str, more: list[str]
) -> None:
    page = json.dumps({"venues": [WELL], "centre": CENTRE, "new": "?"}).encode()
    deep = page.replace(b'"?"', b"[" * 100_000)
    answers = {"deep": deep, "bytes": page.replace(b"?", b"\xff"), "no JSON": b"<html>"}
    Api.kept["/api/v1/venues"] = answers[body]

    code = cli.main(["status", "--url", url, *more])

    said, error = capsys.readouterr()
    assert (code, said, error.count("\n")) == (2, "", 1)
    assert "expected the answer of an aggregator of this version" in error


@pytest.mark.parametrize("body", [b'{"detail":' * 100_000, b'{"detail":"\xff"}', b"no"])
def test_a_refusal_of_something_else_is_told_by_its_code(body: bytes) -> None:
    assert words_of(body) is None


def test_nothing_there_says_what_to_do(capsys: pytest.CaptureFixture[str]) -> None:
    code = cli.main(["status", "--url", "http://127.0.0.1:9"])

    error = capsys.readouterr().err
    assert code == 2
    assert error.count("\n") == 1
    assert "nothing listens at 127.0.0.1:9: is the aggregator running? Start it" in error
    assert "--url" in error


@pytest.mark.parametrize("more", [[], ["--json"]])
def test_watching_needs_a_terminal(
    url: str, more: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    code = cli.main(["status", "--watch", "--url", url, *more])

    assert (code, capsys.readouterr().err) == (
        2,
        "expected a terminal for --watch, and no --json\n",
    )


def test_watching_shows_each_change_and_a_lost_aggregator(url: str) -> None:
    say(WELL)
    ours, theirs = pty.openpty()
    watching = subprocess.Popen(
        [sys.executable, "-m", "venuewatch.cli", "status", "--watch", "--url", url],
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        env={**os.environ, "COLUMNS": "80", "LINES": "24"},
    )
    os.close(theirs)
    seen = ""

    def until(words: str) -> None:
        nonlocal seen
        while words not in seen:
            seen += re.sub(r"\x1b\[[0-9;]*[A-Za-z]", "", os.read(ours, 65_536).decode())

    try:
        until("all well")
        say(WELL, CUT)
        until("MRS is cut off.")
        Api.kept.clear()
        until("LOST: what you see is how it was at")
        watching.send_signal(signal.SIGINT)
        with contextlib.suppress(OSError):  # its end; until then a terminal takes what is drawn
            while os.read(ours, 65_536):
                pass
        assert watching.wait(10) == 130
    finally:
        watching.kill()
        watching.wait()
        os.close(ours)
