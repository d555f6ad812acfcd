"""Alerts of incidents: a row for whatever can happen, and words that every outlet can fill."""

from string import Formatter
from typing import get_args

import pytest

from aggregator.core.incidents.alerts import (
    LABELS,
    ROWS,
    Kind,
    Row,
    Severity,
    description_of,
    kind_of,
    labels_of,
    row_of,
)
from aggregator.core.incidents.record import Incident, Scope, Subject
from aggregator.core.incidents.troubles import PARTS
from aggregator.core.verdicts import centre, feeds, silence
from aggregator.core.verdicts.causes import Cause

SUBJECTS = [
    Subject("centre"),
    Subject("centre", check="journal"),
    Subject("venue", "STA"),
    Subject("bridge", "STA"),
    Subject("host", "STA", "STA-1"),
    Subject("link", "STA"),
    Subject("link", "STA", "STA-1"),
    Subject("feed", "STA", "STA-1", "primary"),
    Subject("source", "STA", "STA-1", "primary"),
    Subject("check", "STA", "", "gate"),
    Subject("check", "STA", "STA-1", "gate"),
    Subject("identity", "STA", "STA-1"),
    Subject("clock", "STA", "STA-1"),
    Subject("budget", "STA", "STA-1"),
    Subject("terms", "STA", "STA-1"),
]


def kinds() -> set[str]:
    return {kind for kind, _ in ROWS}


def test_every_cause_and_every_scope_has_a_row() -> None:
    assert {cause for _, cause in ROWS} == set(Cause)
    assert kinds() == set(LABELS) == {kind_of(subject) for subject in SUBJECTS}
    assert kinds() - {"centre part", "venue link", "venue check"} == set(get_args(Scope))


def test_every_cause_that_a_verdict_can_have_is_in_its_scope() -> None:
    possible = {("centre", cause) for cause in centre.CAUSES}
    possible |= {("host", cause) for cause in silence.CAUSES.values()}
    possible |= {("feed", cause) for cause in feeds.CAUSES.values()}
    possible |= {(scope, Cause.FLAPPING) for scope in ("host", "venue", "check", "venue check")}

    assert possible <= set(ROWS)


@pytest.mark.parametrize(("key", "row"), ROWS.items())
def test_a_sentence_names_what_tells_its_incident_apart(key: tuple[Kind, Cause], row: Row) -> None:
    named = {name for _, name, _, _ in Formatter().parse(row.sentence) if name is not None}

    assert named == set(LABELS[key[0]])


@pytest.mark.parametrize("row", ROWS.values())
def test_summary_is_a_sentence_that_names_no_subject(row: Row) -> None:
    assert row.alert.summary[0].isupper()
    assert row.alert.summary.endswith(".")
    assert row.sentence.endswith(".")
    assert "{" not in row.alert.summary


def test_what_can_follow_as_one_failure_is_one_alert() -> None:
    alerts: dict[str, set[str]] = {}
    for (kind, _), row in ROWS.items():
        alerts.setdefault(kind, set()).add(row.alert.name)

    several = {kind for kind, names in alerts.items() if len(names) > 1}

    assert several == {"centre part", "feed", "venue"}


def test_every_part_of_the_centre_has_one_cause() -> None:
    assert {cause for kind, cause in ROWS if kind == "centre part"} == set(PARTS)
    assert len(set(PARTS.values())) == len(PARTS)


def test_one_name_is_one_alert_of_one_kind() -> None:
    kinds_of: dict[str, set[tuple[str, Severity]]] = {}
    for (kind, _), row in ROWS.items():
        kinds_of.setdefault(row.alert.name, set()).add((kind, row.alert.severity))

    assert [name for name, found in kinds_of.items() if len(found) > 1] == []
    assert all(name.startswith("Venuewatch") for name in kinds_of)


def test_an_incident_is_told_with_its_names() -> None:
    incident = Incident(7, Subject("feed", "STA", "STA-1", "primary"), Cause.RESULTS_DELAYED, 1.0)

    assert description_of(incident) == ("primary on STA-1 in STA: results move, and come too late.")
    assert labels_of(incident.subject) == {
        "venue": "STA",
        "host": "STA-1",
        "instance": "STA-1",
        "check": "primary",
    }


@pytest.mark.parametrize("subject", SUBJECTS)
@pytest.mark.parametrize("cause", Cause)
def test_cause_of_another_scope_is_told_without_error(subject: Subject, cause: Cause) -> None:
    told = description_of(Incident(1, subject, cause, 1.0))

    assert told
    assert row_of(subject, cause).alert.severity in Severity


def test_every_cause_says_what_to_do_first() -> None:
    assert [key for key, row in ROWS.items() if not row.first.endswith((".", "?"))] == []


def test_where_nobody_could_be_asked_the_sentence_says_so() -> None:
    for cause in silence.UNEXPLAINED:
        assert "achine or link: nobody there to ask" in ROWS["host", cause].sentence


def test_stopped_agent_is_not_told_as_a_host_that_is_down() -> None:
    told = description_of(Incident(1, Subject("host", "STA", "STA-1"), Cause.AGENT_STOPPED, 1.0))

    assert told == "The agent stopped on STA-1 in STA; the machine answers."
