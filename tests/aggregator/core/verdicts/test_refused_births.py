"""A birth that is refused is told to the operator and to its agent, with the field."""

import pytest
from msgspec.structs import replace

from aggregator.core.states import HostState
from tests.kit.machine import Message
from tests.kit.story import Story
from venuewatch.base.wire import topics
from venuewatch.base.wire.errors import Reason
from venuewatch.base.wire.messages import BIRTH_MAX_BYTES, BirthRefused
from venuewatch.base.wire.topics import Stream

TOO_LONG = "Expected `str` of length <= 256"
TOPIC = topics.topic("STA", "s1", Stream.BIRTH)
FIELDS = {
    "role": "x" * 257,
    "nodename": "x" * 300,
    "version": "x" * 1_000,
    "address": "x" * 257,
    "boot": "x" * 33,
    "session": -1,
    "interval_s": 0.0,
    "vitals_every_s": 86_401.0,
}
WHOLE = {
    "no JSON": b"{",
    "a list": b"[]",
    "too large": b'{"boot": "b1"}' + b" " * BIRTH_MAX_BYTES,
    "no UTF-8": b'{"boot": "\xff"}',
}


def introduce(story: Story, **fields: object) -> None:
    machine = story.machines["s1"]
    story.deliver(machine.said(replace(machine.announced(), **fields)))


def told(story: Story) -> list[tuple[str, str, str]]:
    """Hand over, once, whom the centre told that its birth is refused, and what of it."""
    said = [
        (topics.parse(out.topic).host, out.message.field, out.message.why)
        for out in story.published
        if isinstance(out.message, BirthRefused)
    ]
    story.published.clear()
    return said


@pytest.mark.parametrize(("field", "value"), FIELDS.items())
def test_refused_birth_is_told_with_its_field(story: Story, field: str, value: object) -> None:
    introduce(story, **{field: value})

    assert story.opened() == [("terms s1", "birth_refused")]
    detail = story.evidence("terms", "s1")["birth"].detail
    assert detail["field"] == field
    assert told(story) == [("s1", field, detail["expected"])]
    assert story.centre.intake.rejected[Reason.WRONG_TYPE] == 1


@pytest.mark.parametrize("payload", WHOLE.values(), ids=WHOLE)
def test_birth_that_is_no_message_is_told_as_a_whole(story: Story, payload: bytes) -> None:
    story.deliver(Message(TOPIC, payload))

    assert story.opened() == [("terms s1", "birth_refused")]
    detail = story.evidence("terms", "s1")["birth"].detail
    assert detail["field"] == "the whole message"
    assert told(story) == [("s1", "", detail["expected"])]


def test_birth_without_a_field_that_it_needs_names_it(story: Story) -> None:
    story.deliver(Message(TOPIC, b'{"boot":"b1","session":1,"wall_ms":1,"interval_s":1}'))

    assert [field for _, field, _ in told(story)] == ["vitals_every_s"]


def test_host_of_a_refused_birth_is_watched_by_its_beats(story: Story) -> None:
    story.machines["s1"].boot = "b9"
    introduce(story, role="x" * 257)

    story.run(30.0)

    assert story.state("s1") is HostState.UP
    assert [who for who, _ in story.opened()] == ["terms s1"]


def test_incident_of_a_refused_birth_ends_with_one_that_is_taken(story: Story) -> None:
    introduce(story, role="x" * 257)
    story.forget()

    introduce(story)

    assert [change for _, change, _, _ in story.lines()] == ["closed"]


def test_terms_out_of_bounds_after_a_refused_birth_are_more_news_of_one_incident(
    story: Story,
) -> None:
    introduce(story, role="x" * 257)
    introduce(story, interval_s=3_600.0)

    changes = [(change, cause) for _, change, _, cause in story.lines()]
    assert changes == [("opened", "birth_refused"), ("sharpened", "terms_refused")]


def test_birth_that_is_refused_again_is_no_news(story: Story) -> None:
    for _ in range(3):
        introduce(story, role="x" * 257)
        story.run(10.0)

    assert [change for _, change, _, _ in story.lines()] == ["opened"]
    assert len(story.incident("terms", "s1").evidence) == 1


def test_agent_is_not_told_more_often_than_it_may_be_asked(story: Story) -> None:
    for _ in range(100):
        introduce(story, role="x" * 257)

    assert told(story) == [("s1", "role", TOO_LONG)]


def test_agent_of_a_refused_birth_is_asked_once_a_minute(story: Story) -> None:
    story.machines["s1"].boot = "b9"
    introduce(story, role="x" * 257)
    story.forget()
    asked = 0

    for _ in range(180):
        story.run(1.0)
        wanted = story.births_wanted().count("s1")
        story.forget()
        asked += wanted
        if wanted:
            introduce(story, role="x" * 257)

    assert 2 <= asked <= 3


def test_refused_birth_that_the_broker_had_kept_is_told_to_nobody(story: Story) -> None:
    machine = story.machines["s1"]

    story.deliver(machine.said(replace(machine.announced(), role="x" * 257), is_retained=True))

    assert story.opened() == []
    assert told(story) == []
    assert story.centre.intake.rejected[Reason.WRONG_TYPE] == 1


def test_refused_birth_is_told_on_after_a_restart(story: Story) -> None:
    introduce(story, role="x" * 257)
    story.forget()

    story.restart()
    story.subscribe(story.now)
    introduce(story, role="x" * 257)
    story.run(90.0)

    assert story.lines() == []


def test_other_hosts_are_not_concerned(story: Story) -> None:
    introduce(story, role="x" * 257)

    story.deliver(story.machines["s2"].birth())

    assert [(who, cause) for who, cause in story.opened()] == [("terms s1", "birth_refused")]
