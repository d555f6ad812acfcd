"""Results systems of the ten scenarios: each says the same twice a second, as long as it runs."""

import gzip
import http.client
import socket
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from pathlib import Path
from zoneinfo import ZoneInfo

from tests.integration.real import READY_S
from venuewatch.base import clock
from venuewatch.base.odf import code_of, document, schedule_of, score_of

EVERY_S = 0.5

_NOON_H = 12 - datetime.fromtimestamp(clock.wall(), UTC).hour
HALL = ZoneInfo(f"Etc/GMT{-_NOON_H:+d}")
"""The hall's zone: it is noon there. A day of competition begins at 3:00 in its hall."""

AN_HOUR_BEHIND = timezone(timedelta(hours=_NOON_H - 1))
KEY = "s3cret"
_SOUND = 7
_ERROR_EACH = 6
BASKETBALL, HANDBALL = code_of("BKB"), code_of("HBL")
UNIT = code_of("BKB", "WTEAM5-------------GPA-000100")
HANDBALL_UNIT = code_of("HBL", "WTEAM7-------------GPA-000100")
EVENT = code_of("VBV", "WTEAM2")
VOLLEYBALL_UNIT = code_of("VBV", "WTEAM2-------------GPA-000100")

Step = Callable[[int], None]
"""What a system does at its step of a number, from 0 on."""


def said(
    kind: str,
    code: str = "",
    more: Mapping[str, str] | None = None,
    *,
    zone: tzinfo = HALL,
    body: str = "",
) -> bytes:
    """Return a document of this moment; ``more`` is further attributes of its header."""
    stamp = datetime.fromtimestamp(clock.wall(), UTC).astimezone(zone).replace(tzinfo=None)
    return document(kind, stamp, "HALL1", body=body, more={"DocumentCode": code, **(more or {})})


def live(number: int, unit: str = UNIT, zone: tzinfo = HALL) -> bytes:
    """Return the score of a live unit, as version ``number``."""
    more = {"ResultStatus": "LIVE", "Version": str(number)}
    return said("DT_RESULT", unit, more, zone=zone, body=score_of(number))


class Folder:
    """A folder that a system writes its documents to."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._written = 0
        path.mkdir()

    def write(self, *contents: bytes) -> None:
        """Write documents; a folder that is gone takes none."""
        with suppress(OSError):
            for content in contents:
                self._written += 1
                begun = self.path / f"{self._written}.part"
                begun.write_bytes(content)
                begun.rename(self.path / f"{self._written:06}.xml")


def pushes(port: int) -> Step:
    """Push a live score with the head that the feed's own document prints: a list in two lines."""

    def push(number: int) -> None:
        packed = gzip.compress(live(number))
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=READY_S)
        try:
            connection.putrequest("POST", "/results", skip_accept_encoding=True)
            for name, value in (
                ("Accept-Encoding", "gzip, deflate"),
                ("User-Agent", "Sender/1.0"),
                ("Content-Type", "application/xml"),
                ("Content-Encoding", "gzip"),
                ("Accept-Encoding", "gzip"),
                ("X-Api-Key", KEY),
                ("Content-Length", str(len(packed))),
            ):
                connection.putheader(name, value)
            connection.endheaders(packed)
            connection.getresponse().read()
        except OSError:
            pass  # nobody listens yet
        finally:
            connection.close()

    return push


def sends_schedules(folder: Folder) -> Step:
    """Send entries and a schedule once, and nothing else."""

    def send(number: int) -> None:
        if number == 0:
            entries = said("DT_ENTRIES", BASKETBALL)
            folder.write(entries, said("DT_SCHEDULE", BASKETBALL, body=schedule_of({UNIT: "X"})))

    return send


def plays(folder: Folder, zone: tzinfo = HALL) -> Step:
    """Send live scores, by a clock in ``zone``."""
    return lambda number: folder.write(live(number + 1, zone=zone))


def breaks(folder: Folder) -> Step:
    """Send live scores, with one byte in a name that is no UTF-8 from the eighth on."""

    def send(number: int) -> None:
        content = live(number + 1)
        if number >= _SOUND:
            content = content.replace(b"Result=", b'Name="Ren\xe9" Result=')
        folder.write(content)

    return send


def freezes(folder: Folder) -> Step:
    """Send one live score, and then keep-alives only."""
    return lambda number: folder.write(said("DT_KA") if number else live(1))


def sends_statistics(folder: Folder) -> Step:
    """Send a unit that is live and ends, statistics of its event that say live, and keep-alives."""

    def send(number: int) -> None:
        if number == 0:
            official = {"ResultStatus": "OFFICIAL", "Version": "2"}
            statistics = said("DT_STATS", EVENT, {"ResultStatus": "LIVE", "Version": "1"})
            folder.write(
                live(1, VOLLEYBALL_UNIT), said("DT_RESULT", VOLLEYBALL_UNIT, official), statistics
            )
        folder.write(said("DT_KA"))

    return send


def shares_a_hall(folder: Folder) -> Step:
    """Open two disciplines, close the first at once, and play the second."""

    def send(number: int) -> None:
        if number == 0:
            begins = (said("DT_LOCAL_ON", code) for code in (BASKETBALL, HANDBALL))
            folder.write(*begins, live(1, HANDBALL_UNIT), said("DT_LOCAL_OFF", BASKETBALL))
        folder.write(live(number + 2, HANDBALL_UNIT))

    return send


def is_removed(folder: Folder, after: int) -> Step:
    """Send live scores, until the folder is renamed after so many."""

    def send(number: int) -> None:
        if number == after:
            folder.path.rename(folder.path.with_suffix(".gone"))
        else:
            folder.write(live(number + 1))

    return send


def logs(path: Path) -> Step:
    """Append a line each step to a log in UTF-16LE; the sixth one and its like are errors."""

    def log(number: int) -> None:
        word = "INFO" if (number + 1) % _ERROR_EACH else "ERROR"
        with path.open("ab") as file:
            file.write(f"{word} step {number}\r\n".encode("utf-16-le"))

    return log


class Console:
    """A console that ends its lines with CR: a heartbeat each step, and a passing now and then."""

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._listener.settimeout(0)
        self._heard: list[socket.socket] = []
        self.port = int(self._listener.getsockname()[1])

    def step(self, number: int) -> None:
        """Say a heartbeat, and each third time a passing."""
        with suppress(BlockingIOError):
            self._heard.append(self._listener.accept()[0])
        text = b"*\r" if number % 3 else b"*\r01539;22-08-2024 16:17:53.123;0A;559;80;0\r"
        for sock in self._heard:
            with suppress(OSError):
                sock.sendall(text)

    def close(self) -> None:
        for sock in (*self._heard, self._listener):
            sock.close()


@contextmanager
def speaking(steps: Sequence[Step]) -> Iterator[None]:
    """Have all of them go on, in a thread, until the block ends."""
    is_over = threading.Event()

    def speak() -> None:
        number = 0
        while not is_over.wait(EVERY_S):
            for step in steps:
                step(number)
            number += 1

    thread = threading.Thread(target=speak, name="results systems")
    thread.start()
    try:
        yield
    finally:
        is_over.set()
        thread.join(READY_S)
