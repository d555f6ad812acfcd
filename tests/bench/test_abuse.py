"""One abusive host among few, with a real broker: kills elsewhere, memory, and who is named."""

import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from bench import __main__ as command
from bench.abuse import QUIET
from bench.kit.abused import naming, others
from bench.kit.machine import program


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

    assert capsys.readouterr().err == ("abuse: expected --hosts of 109 or more for so many kills\n")


@pytest.mark.skipif(program("mosquitto") is None, reason="mosquitto is not installed")
@pytest.mark.real
@pytest.mark.timed
@pytest.mark.long
@pytest.mark.parametrize(
    ("attacks", "more"), [(("retained", "backlog"), ()), (("vitals",), ("--tls",))]
)
def test_nobody_pays_for_one_abusive_host(
    tmp_path: Path, attacks: Sequence[str], more: Sequence[str]
) -> None:
    output = tmp_path / "out.json"
    small = ["--hosts", "60", "--kills", "2", *more]

    assert command.main(["abuse", *small, "--attacks", *attacks, "--output", str(output)]) == 0

    content = json.loads(output.read_text(encoding="utf-8"))
    quiet, *attacked = content["rows"]
    assert (quiet["side"], [row["side"] for row in attacked]) == (QUIET, list(attacks))
    missed = [
        goal
        for goal, limit in content["goals"].items()
        for row in attacked
        if goal.startswith(f"{row['side']}: ") and row[goal.partition(": ")[2]] > limit["at_most"]
    ]
    assert missed == [], attacked
