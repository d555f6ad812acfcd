"""Incidents of a whole results day: one for each trouble, from its first reading to its end."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from tests.agent.checks.feed.results_day import DAY, through_the_core
from tests.kit.story import Story
from venuewatch.demo.results_day import court, hall, reef
from venuewatch.demo.results_day.moments import Script
from venuewatch.demo.results_day.watched import EVERY_S, Seen


def told(script: Script, seen: list[Seen]) -> list[str]:
    """Return what is reported of the readings of a day: when (local), what and why."""
    story = Story({script.venue: (script.host,)}, start=0.0).bring_up()
    begin_s, zone = seen[0].at_s - story.now, ZoneInfo(script.zone)
    for number, (at_s, reading) in enumerate(seen):
        story.run(at_s - begin_s - story.now)
        values = {"kind": "feed", "every_s": EVERY_S, "values": reading.values}
        machine = story.machines[script.host]
        story.deliver(machine.check(story.now, number, reading.state, **values))
    return [
        f"{datetime.fromtimestamp(begin_s + at, UTC).astimezone(zone):%H:%M:%S} {change} {cause}"
        for at, change, _, cause in story.lines()
    ]


OF_HALL = [
    "20:31:00 opened results_frozen",
    "20:42:03 closed results_frozen",
    "21:01:30 opened results_silent",
    "21:08:03 closed results_silent",
]
OF_COURT = [
    "09:03:00 opened results_clock",
    "10:40:30 closed results_clock",
    "11:20:00 opened results_delayed",
    "11:24:03 closed results_delayed",
]
OF_REEF = [
    "08:01:30 opened results_silent",
    "08:05:00 sharpened results_delayed",
    "08:06:03 closed results_delayed",
]


@pytest.mark.long
@pytest.mark.parametrize(
    ("script", "begin", "end", "lines"),
    [
        (hall.SCRIPT, "08:30:00", "23:00:00", OF_HALL),
        (court.SCRIPT, "08:30:00", "+04:00:00", OF_COURT),
        (reef.SCRIPT, "06:30:00", "12:30:00", OF_REEF),
    ],
    ids=["hall", "court", "reef"],
)
def test_each_trouble_of_the_day_is_one_incident(
    script: Script, begin: str, end: str, lines: list[str]
) -> None:
    seen = through_the_core(script, script.zone, DAY, begin, end)

    assert told(script, seen) == lines
