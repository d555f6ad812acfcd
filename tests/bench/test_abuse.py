"""One abusive host among few, with a real broker: kills elsewhere, memory, and who is named."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from bench import __main__ as command
from bench.abuse import QUIET
from bench.kit.abused import naming, others
from bench.kit.cable import cable
from bench.kit.machine import program
from venuewatch.rehearsal.stage.machine import StageError

PACE = ("--per-second", "20000")  # 200 MB/s, where messages have 10 kB
needs_mosquitto = pytest.mark.skipif(
    program("mosquitto") is None, reason="mosquitto is not installed"
)


@pytest.fixture
def packet_filter() -> None:
    """Skip the test where none can be loaded."""
    try:
        with cable():
            pass
    except StageError as error:
        pytest.skip(str(error))


def incident(cause: str, venue: str, host: str, *children: str) -> dict[str, object]:
    return {"cause": cause, "venue": venue, "host": host, "children": children}


def test_incident_of_a_killed_host_or_attacker_accuses_no_other() -> None:
    own = incident("over_budget", "V00", "loud")
    killed = incident("hung_up_together", "V01", "", "killed")
    more = incident("hung_up_together", "V01", "", "killed", "well")
    blind = incident("aggregator_blind", "", "")

    assert others([own, killed], {"loud", "killed"}) == []
    assert others([own, more, blind], {"loud", "killed"}) == [
        "hung_up_together V01",
        "aggregator_blind centre",
    ]


def test_host_is_named_by_its_incident_or_by_evidence() -> None:
    blind = {**incident("aggregator_blind", "", ""), "evidence": [{"by": "loud"}]}

    assert naming([incident("over_budget", "V00", "loud"), blind], "loud") == [
        "aggregator_blind",
        "over_budget",
    ]
    assert naming([blind], "other") == []


def test_more_kills_than_hosts_are_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main(["abuse", "--hosts", "60", "--kills", "10"]) == 1

    assert capsys.readouterr().err == ("abuse: expected --hosts of 120 or more for so many kills\n")


def run(folder: Path, *more: str) -> dict[str, Any]:
    """Run the bench with few hosts; return what it kept."""
    output = folder / "out.json"

    assert command.main(["abuse", "--hosts", "60", *more, "--output", str(output)]) == 0

    content: dict[str, Any] = json.loads(output.read_text(encoding="utf-8"))
    return content


def missed(content: dict[str, Any], *but: str) -> list[str]:
    """Return the goals that were missed, less those of some keys."""
    rows = {row["side"]: row for row in content["rows"]}
    goals = {goal: goal.rpartition(": ") for goal in content["goals"]}
    return [
        goal
        for goal, (side, _, key) in goals.items()
        if key not in but and rows[side][key] > content["goals"][goal]["at_most"]
    ]


@needs_mosquitto
@pytest.mark.real
@pytest.mark.timed
@pytest.mark.long
@pytest.mark.parametrize(
    ("attacks", "more"),
    [(("retained", "backlog"), ()), (("vitals",), ("--tls",))],
    ids=["plain", "tls"],
)
def test_nobody_pays_for_one_abusive_host(
    tmp_path: Path, attacks: Sequence[str], more: Sequence[str]
) -> None:
    content = run(tmp_path, "--kills", "2", *more, *PACE, "--attacks", *attacks)

    assert [row["side"] for row in content["rows"]] == [QUIET, *attacks]
    assert missed(content) == [], content["rows"]


@needs_mosquitto
@pytest.mark.real
@pytest.mark.timed
@pytest.mark.long
@pytest.mark.usefixtures("packet_filter")
def test_packet_filter_keeps_a_flood_from_the_broker(tmp_path: Path) -> None:
    short = ("--kills", "1", "--seconds", "4", "--attacks", "vitals", "--packet-filter")

    content = run(tmp_path, *short)

    _, without, filtered = content["rows"]
    assert (without["side"], filtered["side"]) == ("vitals", "vitals, filtered")
    assert missed(content, "unnamed") == [], content["rows"]
    assert filtered["packets_dropped"] > 0
    assert filtered["sent_per_s"] < without["sent_per_s"] / 10
