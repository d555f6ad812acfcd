"""The same words: one sentence for an incident, whatever way it comes to people."""

import json
import logging
import re
import runpy
from pathlib import Path
from typing import Any

import pytest

from aggregator.config import Alertmanager
from aggregator.core.fleet import Fleet
from aggregator.core.incidents.alerts import LABELS, ROWS, Kind, description_of, row_of
from aggregator.core.incidents.pushing import Pushing
from aggregator.core.incidents.record import IncidentChanged
from aggregator.core.verdicts.causes import Cause
from aggregator.shell.outlets.alertmanager.writer import AlertWriter
from aggregator.shell.outlets.log import LogOutlet
from aggregator.shell.outlets.webhook import notice_of
from aggregator.shell.walltime import WallTime
from tests.kit.machine import WALL
from tests.kit.story import Story
from tests.kit.worlds import WORLDS

ROOT = Path(__file__).parents[3]
WALLTIME = WallTime(0.0, WALL)


def told(cause: Cause) -> IncidentChanged:
    """Return the incident that a world gives a cause to, as it is told."""
    story = Story(away_limit_s=12.0).bring_up()
    WORLDS[cause](story)
    story.run(15.0)
    changes = [out for out in story.said() if isinstance(out, IncidentChanged)]
    return next(out for out in reversed(changes) if out.incident.cause is cause)


@pytest.mark.parametrize("cause", Cause)
def test_log_and_webhook_have_the_sentence_of_the_table(
    cause: Cause, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    changed = told(cause)
    sentence = description_of(changed.incident)

    LogOutlet().take([changed])
    body = json.loads(notice_of(changed, WALLTIME, "centre", str).body)

    (record,) = caplog.records
    assert record.__dict__["venuewatch_fields"]["sentence"] == sentence
    assert body["sentence"] == sentence
    assert body["severity"] == row_of(changed.incident.subject, cause).alert.severity


@pytest.mark.parametrize("cause", sorted(set(Cause) - {Cause.BROKER_DOWN, Cause.AGGREGATOR_BLIND}))
def test_pushed_alert_has_the_sentence_of_the_table(cause: Cause) -> None:
    changed = told(cause)
    pushing = Pushing("centre")
    pushing.take_change(changed)
    writer = AlertWriter(Alertmanager(), Fleet(), WALLTIME, str)

    (push,) = pushing.take(changed.at)
    alert = writer.alert_of(push)

    assert alert.annotations["description"] == description_of(changed.incident)


@pytest.mark.parametrize(("kind", "cause"), ROWS)
def test_description_by_rule_is_the_sentence_of_the_table(kind: Kind, cause: Cause) -> None:
    row = ROWS[kind, cause]
    labels = {name: f"{{{{ $labels.{name} }}}}" for name in LABELS[kind]}
    rules = (ROOT / "deploy" / "prometheus" / "rules.yml").read_text(encoding="utf-8")

    (rule,) = re.findall(rf"- alert: {row.alert.name}\n(.*?)runbook_url", rules, re.DOTALL)

    assert row.sentence.format(**labels) in " ".join(rule.split())


@pytest.mark.parametrize(("kind", "cause"), ROWS)
def test_page_of_causes_has_each_sentence(kind: Kind, cause: Cause) -> None:
    page = (ROOT / "docs" / "causes.md").read_text(encoding="utf-8")
    names = {name: name.upper() for name in LABELS[kind]}

    row = ROWS[kind, cause]

    assert f"| `{cause}` | {row.sentence.format(**names)} | {row.first} |" in page


def test_every_kind_is_on_the_page_of_causes() -> None:
    made: dict[str, Any] = runpy.run_path(str(ROOT / "docs" / "make_causes.py"))

    assert set(made["_KINDS"]) == set(LABELS)
