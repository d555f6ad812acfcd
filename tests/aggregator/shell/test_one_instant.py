"""One instant: state, incident, metrics, API and events change together, whatever happens."""

from collections.abc import Mapping

import pytest

from aggregator.core.incidents.record import IncidentChanged, Subject
from aggregator.core.outputs import HostChanged
from aggregator.core.states import HostState
from aggregator.core.verdicts.causes import Cause
from aggregator.shell.exposition import render
from aggregator.shell.http.api.view import View
from aggregator.shell.http.changes import Changes
from aggregator.shell.walltime import WallTime
from tests.kit.machine import WALL
from tests.kit.story import Story
from tests.kit.worlds import WORLDS
from venuewatch.rehearsal.live.pages import Page

FIVE = {"STA": ("s1", "s2", "s3", "s4", "s5"), "AQU": ("a1", "a2", "a3")}


class Watched(Story):
    """A story in which all is compared whenever the centre says something, and each second."""

    compared_at = 0.0

    def _collect(self) -> None:
        said = len(self._said)
        super()._collect()
        if len(self._said) > said or self.now - self.compared_at >= 1.0:
            self.compared_at = self.now
            self.compare()

    def compare(self) -> None:
        """Fail if page, states and open incidents contradict each other."""
        fleet = self.centre.fleet
        page = Page(render(fleet.venues.values(), self.now, ("liveness",)))
        up = {labels["host"]: value for labels, value in page.of("venuewatch_host_up")}
        problems: dict[str, set[str]] = {}
        for labels, _ in page.of("venuewatch_host_problem"):
            problems.setdefault(labels["host"], set()).add(labels["cause"])
        of_checks = {
            (labels["venue"], labels.get("host", ""), labels["check"], labels["cause"])
            for labels, _ in page.of("venuewatch_check_problem")
        }
        known = self.centre.decisions.store.open
        for host in fleet:
            incident = known.get(Subject("host", host.venue, host.name))
            is_down = host.state is HostState.DOWN
            is_damped = incident is not None and incident.cause is Cause.FLAPPING
            assert (incident is not None) is is_down or is_damped, (self.now, host.name)
            assert up[host.name] == host.counts_as_up
            assert not (is_down and up[host.name])
            if incident is not None:
                assert incident.cause in problems[host.name]
        assert of_checks == {
            (subject.venue, subject.host, subject.check, str(incident.cause))
            for subject, incident in known.items()
            if subject.check and subject.venue
        }


@pytest.mark.parametrize("cause", Cause)
def test_page_states_and_incidents_never_contradict_each_other(cause: Cause) -> None:
    story = Watched(FIVE, away_limit_s=12.0).bring_up()

    WORLDS[cause](story)
    story.run(20.0)
    story.canary_s = 0.0
    story.centre.opened(story.now)
    story.unmute(*story.machines, run_s=30.0)

    assert story.said()


@pytest.mark.parametrize(
    "cause", [Cause.HOST_DOWN, Cause.AGENT_STOPPED, Cause.SILENT, Cause.LEFT_WHILE_REQUIRED]
)
def test_host_falls_and_rises_with_its_incident(cause: Cause) -> None:
    story = Story(FIVE).bring_up()

    WORLDS[cause](story)
    story.run(20.0)
    story.unmute("s1", run_s=20.0)

    said = story.said()
    of_host = [out for out in said if isinstance(out, HostChanged) and out.host == "s1"]
    told = [
        (out.at, out.change)
        for out in said
        if isinstance(out, IncidentChanged) and out.change != "sharpened"
    ]
    falls = [(out.at, "opened") for out in of_host if out.after is HostState.DOWN]
    rises = [(out.at, "closed") for out in of_host if out.before is HostState.DOWN]
    assert told == falls + rises
    assert [change for _, change in told] == ["opened", "closed"]


@pytest.mark.parametrize("cause", Cause)
def test_whatever_api_and_page_show_anew_is_in_an_event(cause: Cause) -> None:
    story = Story(FIVE, away_limit_s=12.0).bring_up()
    before = shown(story)

    WORLDS[cause](story)
    for second in range(32):
        if second == 16:
            story.canary_s = 0.0
            story.centre.opened(story.now)
            story.unmute(*story.machines)
        story.run(1.0)
        changes, now = Changes(), shown(story)
        for output in story.said():
            changes.note(output)

        for kind, things in now.items():
            changed = {name for name in things if things[name] != before[kind].get(name)}
            assert changed <= getattr(changes, kind), (story.now, kind)
        before = now


def shown(story: Story) -> Mapping[str, Mapping[object, object]]:
    """Return what API and page show of each venue, host and incident, without its evidence."""
    view = View(story.centre, WallTime(0.0, WALL), name="centre")
    names = [host.name for host in story.centre.fleet]
    return {
        "venues": {line.venue: line for line in view.venues()},
        "hosts": {line.host: line for line in view.hosts(names)},
        "incidents": {
            one.number: (one.sentence, one.severity, one.closed_at) for one in view.incidents()
        },
    }
