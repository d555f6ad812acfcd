"""``venuewatch demo --results``: the whole day, each moment shown as it should be, and its end."""

import signal
import sys
from pathlib import Path

import pytest

from tests.integration.real import Process, until
from venuewatch.demo.results_day import day

pytestmark = pytest.mark.real

WITHIN_S = 240.0


def demo(folder: Path) -> Process:
    words = ("-I", "-m", "venuewatch.cli", "demo", "--port", "0", "--results", "0.5")
    return Process(folder, "demo", sys.executable, *words)


@pytest.mark.timeout(300)
def test_every_moment_of_the_day_is_shown_as_it_should_be(tmp_path: Path) -> None:
    with demo(tmp_path) as running:
        until("the day is over", lambda: not running.is_running, within_s=WITHIN_S, every_s=0.5)
        code = running.wait()

    lines = running.said().splitlines()
    moments = [event.moment.says for event in day.events()]
    told = [line for line in lines if any(says in line for says in moments)]
    assert [line for line in lines if line.startswith("WRONG")] == []
    assert code == 0
    assert len(told) == len(moments)
    summary = f"The results day is over: {len(moments)} moments, each shown as it should be."
    assert lines[-1] == summary


def test_interrupt_ends_the_day_and_says_so(tmp_path: Path) -> None:
    with demo(tmp_path) as running:
        until("it has begun", lambda: "two days before" in running.said(), within_s=60.0)

        running.signal(signal.SIGINT)

        assert running.wait() == 130
    assert "The results day was ended after" in running.said().splitlines()[-1]
    assert "Traceback" not in running.said()
