"""The web port under abuse, small: a quiet time and an abused one of the same programs."""

import json
from pathlib import Path

import pytest

from bench import __main__ as command


@pytest.mark.real
@pytest.mark.timed
@pytest.mark.long
def test_abuse_of_the_web_port_keeps_nobody_from_watching(tmp_path: Path) -> None:
    output = tmp_path / "out.json"
    small = ["--hosts", "30", "--series", "500", "--hanging", "20", "--half", "600", "--kills", "1"]

    assert command.main(["web", *small, "--output", str(output)]) == 0

    quiet, abused = json.loads(output.read_text(encoding="utf-8"))["rows"]
    assert quiet["failed_scrapes"] == abused["failed_scrapes"] == 0
    assert abused["half_came"] > 600  # they were closed, and came again
    assert abused["kill_worst_s"] <= quiet["kill_worst_s"] + 2.0
    assert abused["rss_growth_mib"] <= 80.0
    assert abused["back_at_broker_s"] <= 5.0
