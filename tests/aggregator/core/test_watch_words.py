"""What the neighbours of a silent host say, and what is said where they say nothing.

At 4 s everybody is up; s1 was heard last at 3.125 s, so that its deadline passes at 5.875 s.
"""

import pytest

from aggregator.core.probes import WORD_WITHIN_S
from tests.aggregator.machine import Message
from tests.aggregator.watching import Watching
from venuewatch.base.wire import topics
from venuewatch.base.wire.errors import MalformedMessageError
from venuewatch.base.wire.messages import Probed, encode
from venuewatch.base.wire.topics import Stream

DUE_AT = 5.875


def test_those_who_are_asked_are_its_neighbours_and_at_once(watching: Watching) -> None:
    watching.mute("s1")

    watching.run(2.0)

    asked = watching.asked()
    assert {(probe.at, probe.venue, probe.by, probe.host, probe.address) for probe in asked} == {
        (DUE_AT, "STA", "s2", "s1", "10.0.0.1"),
        (DUE_AT, "STA", "s3", "s1", "10.0.0.1"),
    }


@pytest.mark.parametrize(
    ("is_killed", "is_reached", "cause"),
    [
        (False, True, "host_frozen"),
        (False, False, "host_down"),
        (True, True, "agent_stopped"),
        (True, False, "host_down"),
    ],
)
def test_the_neighbours_word_makes_the_cause_sharper(
    watching: Watching, *, is_killed: bool, is_reached: bool, cause: str
) -> None:
    watching.reach["s1"] = is_reached
    if is_killed:
        watching.kill("s1")
    watching.mute("s1")

    watching.run(4.0)

    first = "connection_lost" if is_killed else "silent"
    assert [line[1:] for line in watching.lines()] == [
        ("opened", "host s1", first),
        ("sharpened", "host s1", cause),
    ]
    assert watching.host("s1").cause == cause


def test_a_word_that_comes_in_time_counts_and_one_that_comes_later_does_not(
    watching: Watching,
) -> None:
    watching.mute("s1")
    watching.run(2.0)
    watching.word("s2", 1, "s1", is_reached=False)
    watching.run(WORD_WITHIN_S)
    sharpened = watching.lines()

    watching.word("s3", 1, "s1", is_reached=True)
    watching.run(1.0)

    assert sharpened[-1] == (DUE_AT + WORD_WITHIN_S, "sharpened", "host s1", "host_down")
    assert watching.evidence("host", "s1")["no_word"].detail == {"of": "s3"}
    assert watching.lines() == []


@pytest.mark.parametrize("is_killed", [False, True])
def test_where_no_neighbour_has_a_word_that_is_what_the_evidence_says(
    watching: Watching, *, is_killed: bool
) -> None:
    if is_killed:
        watching.kill("s1")
    watching.mute("s1")

    watching.run(5.0)

    assert [line[1] for line in watching.lines()] == ["opened"]
    assert watching.incident("host", "s1").cause == ("connection_lost" if is_killed else "silent")
    assert watching.evidence("host", "s1")["no_word"].detail == {"of": "s2, s3"}


def test_a_host_without_an_address_is_asked_for_by_nobody_and_the_evidence_says_so() -> None:
    nameless = Watching(addresses=False)
    nameless.bring_up()
    nameless.mute("s1")

    nameless.run(3.0)

    why = nameless.evidence("host", "s1")["nobody_to_ask"].detail["why"]
    assert why == "the inventory has no address for it"
    assert nameless.asked() == []


def test_the_only_host_of_a_venue_is_called_silent_and_the_evidence_says_why() -> None:
    alone = Watching({"TAH": ("t1",), "AQU": ("a1", "a2")})
    alone.bring_up()
    alone.mute("t1")

    alone.run(4.0)

    why = alone.evidence("host", "t1")["nobody_to_ask"].detail["why"]
    assert (alone.incident("host", "t1").cause, why) == (
        "silent",
        "no other host of the venue is heard",
    )


def test_a_word_on_a_host_that_speaks_again_changes_nothing(watching: Watching) -> None:
    watching.mute("s1")
    watching.run(2.0)
    watching.unmute("s1")
    watching.run(0.25)
    watching.lines()

    watching.word("s2", 1, "s1", is_reached=False)
    watching.word("s3", 1, "s1", is_reached=False)

    assert watching.lines() == []


@pytest.mark.parametrize(
    ("by", "number", "about"),
    [("a1", 1, "s1"), ("s1", 1, "s1"), ("s2", 2, "s1"), ("s2", 1, "s3"), ("s2", 2**53, "s1")],
)
def test_nobodys_word_counts_who_was_not_asked_that(
    watching: Watching, by: str, number: int, about: str
) -> None:
    watching.mute("s1")
    watching.run(2.0)

    watching.word(by, number, about, is_reached=True)

    assert watching.incident("host", "s1").cause == "silent"


def test_a_retained_word_is_refused(watching: Watching) -> None:
    said = Probed(boot="b1", session=1, number=1, host="s1", is_reached=True)

    topic = topics.topic("STA", "s2", Stream.PROBED)

    with pytest.raises(MalformedMessageError):
        watching.deliver(Message(topic, encode(said), is_retained=True))


def test_a_word_that_is_heard_late_is_late_however_seldom_we_look(watching: Watching) -> None:
    watching.mute("s1")
    watching.run(2.0)
    watching.now += 2.0 * WORD_WITHIN_S  # and nobody looks meanwhile

    watching.word("s2", 1, "s1", is_reached=True)

    assert watching.incident("host", "s1").cause == "silent"
    assert watching.evidence("host", "s1")["no_word"].at == DUE_AT + WORD_WITHIN_S


def test_a_neighbour_whose_messages_were_held_up_puts_off_no_word_for_long() -> None:
    held = Watching(margin_s=9.0)
    held.bring_up()
    held.run(20.0)
    held.mute("s1")
    held.hang("s2", 8.0)
    held.machines["s2"].is_deaf = True  # so that its round trip stays what the burst has shown

    held.run(6.0)

    assert held.evidence("host", "s1")["no_word"].detail == {"of": "s2, s3"}
