"""The same words: one sentence for an incident, whatever way it comes to people."""

import json
import logging
import re
import runpy
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from aggregator.config import Alertmanager
from aggregator.core.fleet import Fleet
from aggregator.core.incidents.alerts import LABELS, ROWS, Kind, description_of, kind_of, row_of
from aggregator.core.incidents.pushing import Pushing
from aggregator.core.incidents.record import Incident, IncidentChanged, Subject
from aggregator.core.incidents.troubles import PARTS
from aggregator.core.verdicts import centre
from aggregator.core.verdicts.causes import Cause, Verdict
from aggregator.shell.http.api.incidents import IncidentsPage, IncidentsQuery, IncidentWhole
from aggregator.shell.http.api.timeline import seen_steps
from aggregator.shell.http.api.venues import VenuesPage
from aggregator.shell.http.api.view import View
from aggregator.shell.http.page.problems import Picture
from aggregator.shell.http.page.render import Renderer
from aggregator.shell.http.page.views import host, incident, incidents, overview, venue, wall
from aggregator.shell.outlets.alertmanager.writer import AlertWriter
from aggregator.shell.outlets.log import LogOutlet
from aggregator.shell.outlets.webhook import notice_of
from aggregator.shell.walltime import WallTime
from tests.kit.machine import WALL
from tests.kit.shown import Parsed
from tests.kit.story import Story
from tests.kit.worlds import WORLDS
from venuewatch.base import clock
from venuewatch.terminal.style import Screen
from venuewatch.terminal.views import incidents as incidents_terminal
from venuewatch.terminal.views.host import host_lines
from venuewatch.terminal.views.venues import venue_lines, venues_lines

ROOT = Path(__file__).parents[3]
WALLTIME = WallTime(0.0, WALL)
RENDERER = Renderer()
PLACES: dict[Kind, tuple[str, str]] = {
    "venue link": ("", ""),
    "venue check": ("", "gw"),
    "check": ("s1", "gw"),
    "feed": ("s1", "odf"),
    "source": ("s1", "odf"),
    "venue": ("", ""),
}
"""Host and check of what no world has an incident of; of all others it is the host alone."""


def told(cause: Cause) -> IncidentChanged:
    """Return the incident that a world gives a cause to, as it is told."""
    story = Story(away_limit_s=12.0).bring_up()
    WORLDS[cause](story)
    story.run(15.0)
    changes = [out for out in story.said() if isinstance(out, IncidentChanged)]
    return next(out for out in reversed(changes) if out.incident.cause is cause)


@cache
def stood(kind: Kind, cause: Cause) -> tuple[Story, Incident]:
    """Return a world with the incident; where it has none of that kind, one that is entered."""
    story = Story(away_limit_s=12.0).bring_up()
    WORLDS[cause](story)
    story.run(12.0)
    for one in story.centre.decisions.store.open.values():
        if (kind_of(one.subject), one.cause) == (kind, cause):
            return story, one
    story = Story().bring_up()
    store = story.centre.decisions.store
    scope, (at, check) = kind.rpartition(" ")[2], PLACES.get(kind, ("s1", ""))
    subject = Subject(scope, "STA", at, check)  # type: ignore[arg-type]
    store.enter(subject, Verdict(cause), story.now)
    return story, store.open[subject]


def shown_of(kind: Kind, cause: Cause, monkeypatch: pytest.MonkeyPatch) -> tuple[View, Incident]:
    """Return what page and terminal are given of an incident."""
    story, one = stood(kind, cause)
    monkeypatch.setattr(clock, "monotonic", lambda: story.now)
    monkeypatch.setattr(clock, "wall", lambda: WALL + story.now)
    return View(story.centre, WALLTIME, name="centre"), one


def whole_of(view: View, one: Incident) -> IncidentWhole:
    known = view.incident(one.number)
    assert known is not None
    fields = {name: getattr(known, name) for name in known.__struct_fields__}
    return IncidentWhole(**fields, timeline=tuple(seen_steps(one, WALLTIME)))


@pytest.mark.parametrize(("kind", "cause"), ROWS)
def test_each_page_has_the_sentence_of_the_table(
    kind: Kind, cause: Cause, monkeypatch: pytest.MonkeyPatch
) -> None:
    view, one = shown_of(kind, cause, monkeypatch)
    picture = Picture(view.centre(), view.venues(), view.open_incidents())
    here, its_host = view.venue(one.subject.venue), view.host(one.subject.host)
    listed = IncidentsPage(tuple(view.incidents()))

    pages = {
        "overview": overview.page(RENDERER, picture),
        "wall": wall.page(RENDERER, picture),
        "incidents": incidents.page(RENDERER, picture, listed, IncidentsQuery(), view.codes),
        "incident": incident.page(RENDERER, picture, whole_of(view, one), here),
    }
    if here is None:
        pages["monitor's tile"] = RENDERER.monitor(picture.centre)
    else:
        pages["venue"] = venue.page(RENDERER, picture, here)
        pages["tile"] = RENDERER.tile(here, picture.at)
    if its_host is not None:
        pages["host"] = host.page(RENDERER, picture, its_host)
        pages["line of the host"] = RENDERER.row(its_host, picture.at)

    sentence = description_of(one)
    assert [name for name, html in pages.items() if sentence not in Parsed(html).text] == []


@pytest.mark.parametrize("width", [60, 200])
@pytest.mark.parametrize(("kind", "cause"), ROWS)
def test_each_command_has_the_sentence_of_the_table(
    kind: Kind, cause: Cause, width: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    view, one = shown_of(kind, cause, monkeypatch)
    here, its_host = view.venue(one.subject.venue), view.host(one.subject.host)
    screen, now = Screen(width, 24, has_colours=False), clock.wall()
    every = VenuesPage(tuple(view.venues()), view.centre())

    commands = {
        "status": venues_lines(every, screen),
        "incidents": incidents_terminal.incidents_lines(view.incidents(), {}, screen, now),
        "incident": incidents_terminal.incident_lines(whole_of(view, one), "", screen, now),
    }
    if here is not None:
        commands["venue"] = venue_lines(here, screen, now)
    if its_host is not None:
        commands["host"] = host_lines(its_host, "", screen, now)

    printed = {
        name: " ".join(" ".join(line.text for line in lines).split())
        for name, lines in commands.items()
    }
    sentence = description_of(one)
    assert [name for name, text in printed.items() if sentence not in text] == []


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


@pytest.mark.parametrize("cause", sorted(set(Cause) - set(centre.CAUSES) - set(PARTS)))
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
