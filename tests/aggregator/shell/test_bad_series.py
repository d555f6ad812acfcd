"""Exposition of what odd agents say: any text, series twice, very many, those of other versions."""

import shutil
from typing import Any

import pytest

from aggregator.shell.exposition import render
from tests.kit.machine import WALL
from tests.kit.promtool import complaints
from tests.kit.story import ALONE, HOST, Story
from venuewatch.base.wire.catalogue import Catalogue
from venuewatch.base.wire.checks import CheckValues
from venuewatch.base.wire.messages import Vitals
from venuewatch.base.wire.readings import Readings
from venuewatch.rehearsal.live.pages import Page

TEXTS = {
    "quotes and newlines": '"\\"\n\\n',
    "control characters": "\0\x01\r\x7f",
    "256 characters": "é" * 256,
    "right to left": "\u202e\u05d0\u0627\u2066",
    "line separators": "\x85\u2028\u2029",
    "no characters": "\ufffe\U0010ffff",
}


@pytest.fixture
def story() -> Story:
    """A host that is up."""
    story = Story(ALONE)
    story.subscribe(0.0)
    story.beat(1.0, 1)
    return story


def say(story: Story, **readings: Any) -> None:
    story.deliver(story.machines[HOST].vitals(story.now, 1, Readings(**readings)))


def text_of(story: Story) -> bytes:
    return render(story.centre.fleet.venues.values(), story.now)


def say_everywhere(story: Story, text: str) -> None:
    """Let the agent say a text wherever its words become a label."""
    story.birth(story.now, nodename=text, version=text, role=text)
    say(story, node_filesystem_avail_bytes=[(text, text, text, 2.0)])
    values = CheckValues(check_performance=[(text, 3.0)])
    check = story.machines[HOST].check(
        story.now, 2, "ok", check=text[:64], kind=text[:64], values=values
    )
    story.deliver(check)


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_any_text_of_an_agent_is_a_label(story: Story, text: str) -> None:
    say_everywhere(story, text)

    page = Page(text_of(story))
    short = text[:64]
    assert page.value("node_uname_info", nodename=text, version=text) == 1.0
    assert page.value("venuewatch_agent_info", role=text) == 1.0
    mounted = {"device": text, "fstype": text, "mountpoint": text}
    assert page.value("node_filesystem_avail_bytes", **mounted) == 2.0
    assert page.value("venuewatch_check_performance", check=short, kind=short, label=text) == 3.0


@pytest.mark.skipif(shutil.which("promtool") is None, reason="promtool is not installed")
def test_promtool_takes_any_text_of_an_agent(story: Story) -> None:
    say_everywhere(story, "".join(TEXTS.values())[:256])

    assert complaints(text_of(story)) == []


def test_series_that_comes_twice_is_exposed_once(story: Story) -> None:
    say(story, node_network_up=[("eth0", 1.0), ("eth0", 0.0)])
    values = CheckValues(check_performance=[("load", 1.0), ("load", 0.0)])
    machine = story.machines[HOST]
    story.deliver(*(machine.check(story.now, seq, "ok", values=values) for seq in (2, 3)))

    page = Page(text_of(story))
    assert [value for _, value in page.of("node_network_up")] == [1.0]
    assert [value for _, value in page.of("venuewatch_check_performance")] == [1.0]
    assert len(page.of("venuewatch_check_up")) == 1


def test_all_samples_of_a_very_big_host_are_exposed(story: Story) -> None:
    say(story, node_network_up=[(str(number), 1.0) for number in range(8_192)])

    assert len(Page(text_of(story)).of("node_network_up")) == 8_192


def test_family_keeps_its_type_whatever_an_agents_version_says() -> None:
    story = Story({"STA": ("old", "new")})
    story.subscribe(0.0)
    families: dict[str, list[list[str]]] = {"old": [[]], "new": [["eth0"]]}
    for name, rows in families.items():
        story.beat(1.0, 1, name)
        catalogue = Catalogue([("node_load1", rows), ("node_load5", [[]])])
        vitals = Vitals("a", 1, 1, int(WALL * 1000), catalogue=catalogue.key, values=[1.0, 5.0])
        story.deliver(*(story.machines[name].said(each) for each in (catalogue, vitals)))

    text = text_of(story)

    assert text.count(b"# TYPE node_load1 gauge\n") == text.count(b"# TYPE node_load1 ") == 1
    page = Page(text)
    assert [labels["host"] for labels, _ in page.of("node_load1")] == ["old"]
    assert {labels["host"] for labels, _ in page.of("node_load5")} == {"old", "new"}
