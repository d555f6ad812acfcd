"""An exercise with real programs: page, notice, log, metric and terminal are marked."""

import json
from pathlib import Path

import pytest

from tests.integration.real import (
    Aggregator,
    Mosquitto,
    in_thread,
    inventory_of,
    running_agents,
    until,
)
from tests.kit.receiver import Receiver
from venuewatch import cli

pytestmark = pytest.mark.real

MARK = "EXERCISE: "


def test_a_fall_in_an_exercise_is_told_as_one(
    tmp_path: Path, broker: Mosquitto, capsys: pytest.CaptureFixture[str]
) -> None:
    with in_thread(Receiver.serving()) as receiver, in_thread(Receiver.serving()) as alerts:
        more = (
            f'[notify]\nwebhook_url = "{receiver.url}"\n[alertmanager]\nurls = ["{alerts.url}"]\n'
            '[exercise]\nname = "<b>Rehearsal 2"\n'
        )
        inventory = inventory_of(("STA", "wired", 2))
        with (
            Aggregator(tmp_path, broker.port, inventory=inventory, broker=more) as aggregator,
            running_agents(tmp_path, broker, aggregator, ("STA-1", "STA-2")) as agents,
        ):
            agents["STA-1"].kill()
            until("it is told", lambda: receiver.taken and alerts.taken)
            page = aggregator.get("/") or ""
            code = cli.main(["status", "--url", f"http://127.0.0.1:{aggregator.port}"])
            metrics = aggregator.get("/metrics") or ""

        lines = aggregator.log.read_text().splitlines()
    annotations = alerts.taken[0][0]["annotations"]
    told = (annotations["summary"], annotations["description"])
    assert receiver.taken[0]["sentence"].startswith(MARK)
    assert f'role="note">{MARK}&lt;b&gt;Rehearsal 2</div>' in page
    assert page.count(MARK) >= len(("title", "banner", "problem", "tile"))
    assert code == 1
    assert all(line.startswith(MARK) for line in capsys.readouterr().out.splitlines())
    assert all(text.startswith(MARK) for text in told)
    assert 'venuewatch_exercise{name="<b>Rehearsal 2"} 1.0' in metrics
    assert [json.loads(line)["EXERCISE"] for line in lines] == ["<b>Rehearsal 2"] * len(lines)
