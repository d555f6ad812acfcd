"""Documents of the results day: the real reader takes each as it is."""

from zoneinfo import ZoneInfo

import pytest

from agent.checks.results_feed.messages import read
from venuewatch.demo.results_day.day import DAY, SCRIPTS
from venuewatch.demo.results_day.moments import Script
from venuewatch.demo.results_day.speaker import Sent, held_back


@pytest.mark.parametrize("script", SCRIPTS, ids=[script.host for script in SCRIPTS])
def test_every_document_of_the_day_is_sound_and_in_order(script: Script) -> None:
    sent = script.says(DAY, ZoneInfo(script.zone))

    messages = [read(each.content, 10_000) for each in sent]

    assert len(messages) > 1_000
    assert [it for it in messages if it.odd or it.broken or it.stamp is None] == []
    assert [each.at_s for each in sent] == sorted(each.at_s for each in sent)


def test_day_is_the_same_each_time() -> None:
    first, again = (
        [script.says(DAY, ZoneInfo(script.zone)) for script in SCRIPTS] for _ in range(2)
    )

    assert first == again


def test_what_is_held_back_comes_in_its_order_and_is_caught_up() -> None:
    sent = [Sent(float(at), b"%d" % at) for at in range(0, 60, 10)]

    arrived = held_back(sent, 10.0, 35.0, 4.0)

    assert [each.at_s for each in arrived] == [0.0, 35.0, 39.0, 43.0, 47.0, 51.0]
    assert [each.content for each in arrived] == [each.content for each in sent]
