"""The kernel's clock discipline: what adjtimex(2) says."""

import struct

import psutil
import pytest

from agent.vitals import timex

NANO, ERROR, OK = 0x2000, 5, 0
FIELDS = """offset freq maxerror esterror status constant precision tolerance sec usec tick
    ppsfreq jitter shift stabil jitcnt calcnt errcnt stbcnt tai"""


def told(state: int, **fields: int) -> dict[str, object]:
    values = [fields.get(field, 0) for field in FIELDS.split()]
    content = struct.pack("@I4l i 3l 2l l 2l i 5l i", 0, *values).ljust(256, b"\0")
    return {
        name.removeprefix("node_timex_"): value
        for name, value in timex.parsed(state, content).items()
    }


def test_a_clock_that_is_synchronized_says_so() -> None:
    assert told(OK)["sync_status"] == 1
    assert told(ERROR)["sync_status"] == 0


@pytest.mark.parametrize(("status", "offset_s"), [(0, -2.5), (NANO, -0.0025)])
def test_an_offset_is_in_the_unit_that_the_status_says(status: int, offset_s: float) -> None:
    assert told(OK, status=status, offset=-2_500_000)["offset_seconds"] == offset_s


def test_errors_are_microseconds_and_frequencies_parts_of_a_million() -> None:
    families = told(
        OK,
        maxerror=16_000_000,
        esterror=250,
        tick=10_000,
        freq=-65_536_000,
        stabil=6_553_600,
        tai=37,
    )

    assert families["maxerror_seconds"] == 16.0
    assert families["estimated_error_seconds"] == 0.00025
    assert families["tick_seconds"] == 0.01
    assert families["frequency_adjustment_ratio"] == 0.999
    assert families["pps_stability_hertz"] == 0.0001
    assert families["tai_offset_seconds"] == 37


@pytest.mark.skipif(not psutil.LINUX, reason="asks the kernel")
def test_this_machine_says_all_of_it() -> None:
    families = timex.read()

    assert len(families) == 17
    assert families["node_timex_tick_seconds"] == pytest.approx(0.01, rel=0.1)


def test_a_machine_that_may_not_be_asked_has_no_figures(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timex, "_asked", lambda: (-1, bytes(256)))

    assert timex.read() == {}


def test_a_short_answer_has_no_figures() -> None:
    assert timex.parsed(OK, b"") == {}
