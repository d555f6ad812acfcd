"""Open incidents as metrics."""

from aggregator.shell.outlets.open_incidents import OpenIncidents
from aggregator.shell.outlets.own_metrics import OwnMetrics
from aggregator.shell.walltime import WallTime
from tests.kit.machine import WALL
from tests.kit.story import HERE, Story
from venuewatch.rehearsal.live.pages import Page

NAME = "venuewatch_incident_opened_timestamp_seconds"


def page_of(story: Story) -> Page:
    metrics = OwnMetrics(story.centre, version="1")
    wall = WallTime(0.0, WALL)
    metrics.add(OpenIncidents(story.centre.decisions.store.open, wall))
    return Page(metrics.render())


def test_an_open_incident_has_its_number_cause_and_time() -> None:
    story = Story().bring_up()
    story.mute(*HERE, run_s=30.0)

    ((labels, opened_at),) = page_of(story).of(NAME)

    assert labels == {
        "incident": str(story.incident("venue", "STA").number),
        "venue": "STA",
        "host": "",
        "check": "",
        "cause": "venue_unreachable",
    }
    assert opened_at == WALL + story.incident("venue", "STA").opened_at


def test_an_incident_that_has_ended_has_no_series() -> None:
    story = Story().bring_up()
    story.mute(*HERE, run_s=30.0)

    story.unmute(*HERE, run_s=30.0)

    assert list(page_of(story).of(NAME)) == []
