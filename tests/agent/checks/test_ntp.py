"""A time server, whether it can be believed, and how far from it this machine's clock is."""

import os
import shutil
import struct
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.checks.net import sntp
from tests.agent.checks.peers import LOOPBACK, made, note, read, refused_port, udp_peer
from venuewatch.base import clock

EPOCH_S = 2_208_988_800  # from 1900 to 1970
NONCE = b"12345678"


def stamp(unixtime: float) -> bytes:
    whole = int(unixtime)
    return struct.pack("!II", (whole + EPOCH_S) % 2**32, int((unixtime - whole) * 2**32))


def packet(  # noqa: PLR0913 - a packet has many fields
    origin: bytes,
    *,
    received_s: float = 0.0,
    sent_s: float = 0.0,
    leap: int = 0,
    mode: int = 4,
    stratum: int = 2,
    reference: bytes = b"\x7f\0\0\1",
) -> bytes:
    head = struct.pack("!BBbb", leap << 6 | 4 << 3 | mode, stratum, 6, -20)
    times = stamp(received_s) + origin + stamp(received_s) + stamp(sent_s)
    return head + bytes(8) + reference + times


def served(*, ahead_s: float = 0.0, **fields: Any) -> Any:
    """Read from a server whose clock is ahead of ours by so much."""

    def answer(asked: bytes) -> list[bytes]:
        now = clock.wall() + ahead_s
        return [packet(asked[40:48], received_s=now, sent_s=now, **fields)]

    with udp_peer(answer) as port:
        return read("ntp", address=LOOPBACK, port=port)


@pytest.fixture
def chronyd(tmp_path: Path) -> Iterator[int]:
    """A real time server, of stratum 5 by its own clock, which it does not touch (-x)."""
    program = shutil.which("chronyd") or shutil.which("chronyd", path="/usr/sbin")
    if program is None:
        pytest.skip("chronyd (Debian: chrony) is not installed")
    if os.geteuid() != 0:
        pytest.skip("chronyd needs root")
    port = refused_port()
    settings = f"local stratum 5\nallow 127.0.0.0/8\nport {port}\nbindaddress {LOOPBACK}\n"
    file = tmp_path / "chrony.conf"
    file.write_text(f"{settings}cmdport 0\nbindcmdaddress /\npidfile {tmp_path / 'chronyd.pid'}\n")
    command = [program, "-d", "-x", "-u", "root", "-f", str(file)]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as server:
        assert server.stderr is not None
        lines = []
        for line in server.stderr:
            lines.append(line)
            if "starting" in line:
                break
        else:
            pytest.fail("".join(lines))
        yield port
        server.terminate()


@pytest.mark.real
def test_a_real_server_is_measured(chronyd: int) -> None:
    gives_up_at = clock.monotonic() + 10.0
    reading = read("ntp", address=LOOPBACK, port=chronyd)
    # It opens its port a moment after it says that it starts.
    while reading.detail == "nothing listens there" and clock.monotonic() < gives_up_at:
        reading = read("ntp", address=LOOPBACK, port=chronyd)

    assert reading.state == "ok"
    assert reading.values.check_stratum == 5
    assert reading.values.check_clock_offset_seconds == pytest.approx(0, abs=0.05)
    assert reading.values.check_round_trip_avg_seconds is not None


@pytest.mark.parametrize(
    ("ahead_s", "state", "words"),
    [
        (0.0, "ok", "this clock is 0.0"),
        (0.5, "warning", "s behind the server's, over 0.1"),
        (-0.5, "warning", "s ahead of the server's, over 0.1"),
        (3600.0, "critical", "s behind the server's, over 1"),
        (-3600.0, "critical", "s ahead of the server's, over 1"),
    ],
)
def test_an_offset_either_way_counts_and_is_said(ahead_s: float, state: str, words: str) -> None:
    reading = served(ahead_s=ahead_s)

    assert reading.state == state
    assert words in reading.detail
    assert reading.values.check_clock_offset_seconds == pytest.approx(ahead_s, abs=0.05)
    assert reading.values.check_stratum == 2


@pytest.mark.parametrize("fields", [{"leap": 3}, {"stratum": 16}])
def test_a_server_that_has_lost_the_time_is_critical_and_not_believed(
    fields: dict[str, int],
) -> None:
    reading = served(ahead_s=5.0, **fields)

    assert reading[:2] == ("critical", "the server itself has no synchronised clock")
    assert reading.values.check_clock_offset_seconds is None


@pytest.mark.parametrize("leap", [1, 2])
def test_a_leap_second_to_come_is_no_fault(leap: int) -> None:
    reading = served(leap=leap)

    assert reading.state == "ok"


@pytest.mark.parametrize(("kiss", "waits_s"), [(b"RATE", (60, 120)), (b"DENY", (3600, 3600))])
def test_a_server_that_sends_us_away_is_left_alone_for_a_while(
    kiss: bytes, waits_s: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[bytes] = []

    def refuse(question: bytes) -> list[bytes]:
        asked.append(question)
        return [packet(question[40:48], stratum=0, reference=kiss)]

    now = clock.monotonic()
    details = []
    with udp_peer(refuse) as port:
        check = made("ntp", address=LOOPBACK, port=port, every_s=30.0)
        for at in (0, 1, waits_s[0] + 2, waits_s[0] + 3):
            monkeypatch.setattr(clock, "monotonic", lambda at=at: now + at)
            details.append(check.read().detail)

    words = f"the server refuses us ({kiss.decode()}); it is asked again in"
    assert len(asked) == 2
    assert details[0] == f"{words} {waits_s[0]} s"
    assert details[1] == f"{words} {waits_s[0] - 1} s"
    assert details[2] == f"{words} {waits_s[1]} s"


def test_answers_to_other_questions_are_passed_over_until_the_true_one() -> None:
    def answer(asked: bytes) -> list[bytes]:
        now, nonce = clock.wall(), asked[40:48]
        true = packet(nonce, received_s=now, sent_s=now)
        forged = [b"", b"x", true[:47], packet(bytes(8), sent_s=9.0), packet(nonce, mode=3)]
        return [*forged, true]

    with udp_peer(answer) as port:
        reading = read("ntp", address=LOOPBACK, port=port)

    assert reading.state == "ok"


def test_a_silent_server_is_asked_again_and_given_up_in_time() -> None:
    asked: list[bytes] = []

    with udp_peer(note(asked)) as port:
        reading = read("ntp", address=LOOPBACK, port=port, timeout_s=0.6)

    assert reading[:2] == ("critical", "no answer in time")
    assert len(set(asked)) == 3


def test_offset_and_round_trip_are_those_of_the_rfc() -> None:
    server = sntp.Answer(1, is_synchronised=True, received_s=110.5, sent_s=110.75)

    offset_s = sntp.offset_s(100.0, server, 101.25)
    trip_s = sntp.round_trip_s(100.0, server, 101.25)

    assert (offset_s, trip_s) == (10.0, 1.0)


@pytest.mark.parametrize("now", [1_700_000_000.25, 2_085_978_496.5, 2_085_978_495.5, 4e9])
def test_the_era_that_begins_in_2036_is_understood(now: float) -> None:
    found = sntp.answer(packet(NONCE, received_s=now, sent_s=now), NONCE, now + 100)

    assert found is not None
    assert (found.received_s, found.sent_s) == (now, now)


@given(st.binary(max_size=100))
def test_reading_any_bytes_ends(garbage: bytes) -> None:
    found = sntp.answer(garbage, NONCE, 1.7e9)

    assert found is None or garbage[24:32] == NONCE
