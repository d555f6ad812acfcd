"""Tests of output that nobody reads, or that can not be written: no command ends in a traceback."""

import http.server
import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

MANY = 2_000
CLOSED = """
import os, sys
read, write = os.pipe()
os.close(read)
os.dup2(write, 1)
from venuewatch.cli import main
sys.exit(main(sys.argv[1:]))
"""


def incident(number: int) -> dict[str, object]:
    return {
        "number": number,
        "scope": "host",
        "venue": "STA",
        "host": f"STA-{number}",
        "check": "",
        "cause": "silent",
        "opened_at": 1e9,
        "sentence": f"STA-{number} in STA sends nothing.",
        "severity": "critical",
        "since": 1e9,
        "alert": "VenuewatchHostDown",
        "path": f"/incidents/{number}",
    }


class Aggregator(http.server.BaseHTTPRequestHandler):
    """Has many incidents that are open."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(
            json.dumps({"incidents": [incident(at) for at in range(1, MANY)]}).encode()
        )

    def log_message(self, *_: object) -> None: ...


@pytest.fixture
def url() -> Iterator[str]:
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Aggregator) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def closed(*words: str) -> subprocess.CompletedProcess[str]:
    """Run a command whose reader has gone before it writes its first line."""
    return subprocess.run(
        [sys.executable, "-c", CLOSED, *words], capture_output=True, text=True, check=False
    )


def test_a_reader_that_leaves_changes_no_exit_code(url: str) -> None:
    command = f"{sys.executable} -m venuewatch.cli incidents --url {url} | head -1"

    done = subprocess.run(
        ["bash", "-o", "pipefail", "-c", command], capture_output=True, text=True, check=False
    )

    assert (done.returncode, done.stderr) == (1, "")
    assert done.stdout.count("\n") == 1


@pytest.mark.parametrize(
    "words",
    [
        ("--help",),
        ("--version",),
        ("incidents", "--help"),
        ("rehearse", "simulate", "--help"),
        ("aggregator", "--version"),
    ],
    ids=" ".join,
)
def test_help_that_nobody_reads_is_no_error(words: tuple[str, ...]) -> None:
    done = closed(*words)

    assert (done.returncode, done.stderr) == (0, "")


def test_a_check_that_nobody_reads_has_its_exit_code(tmp_path: Path) -> None:
    wrong = tmp_path / "agent.toml"
    wrong.write_text('venue = "STA"\nhost = 1\n')

    assert closed("check-config", str(wrong)).returncode == 2


RICH = """
import sys
from venuewatch.terminal import output
with output.reader_may_leave() as is_gone:
    for _ in range(10_000):
        output.rich_console().print("a table")
sys.exit(7 if is_gone else 0)
"""


def test_a_rich_page_that_nobody_reads_ends_quietly() -> None:
    command = ["bash", "-o", "pipefail", "-c", f"{sys.executable} -c '{RICH}' | head -1"]

    done = subprocess.run(command, capture_output=True, text=True, check=False)

    assert (done.returncode, done.stderr) == (7, "")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a disk that is always full")
def test_a_full_disk_is_one_line_and_exit_2(url: str) -> None:
    with open("/dev/full", "w", encoding="utf-8") as full:  # noqa: PTH123 - a device
        done = subprocess.run(
            [sys.executable, "-m", "venuewatch.cli", "incidents", "--url", url],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )

    assert done.returncode == 2
    assert done.stderr == "the output can not be written: No space left on device\n"


def test_an_encoding_without_a_sign_shows_another(url: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "venuewatch.cli", "incidents", "--url", url],
        env={**os.environ, "PYTHONIOENCODING": "ascii", "COLUMNS": "30"},
        capture_output=True,
        text=True,
        check=False,
    )

    assert (done.returncode, done.stderr) == (1, "")


def test_closed_standard_output_is_no_error(url: str) -> None:
    command = f"{sys.executable} -m venuewatch.cli incidents --url {url} >&-"

    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=False)

    assert (done.returncode, done.stderr) == (1, "")
