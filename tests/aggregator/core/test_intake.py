"""Intake: messages that are taken in, and those that are refused without a trace."""

from typing import NamedTuple

import pytest

from aggregator.core.allowances import ALLOWANCES
from aggregator.core.outputs import Publish, Refused
from aggregator.core.states import HostState
from aggregator.core.unlisted import UNLISTED_MAX
from tests.kit.graph import snapshot
from tests.kit.machine import NAME, WALL, Machine, Message
from tests.kit.story import Story
from venuewatch.base.wire import topics
from venuewatch.base.wire.catalogue import Catalogue
from venuewatch.base.wire.errors import Reason
from venuewatch.base.wire.messages import Backlog, Beat, Birth, Death, Echo, Tick, Vitals, encode
from venuewatch.base.wire.readings import Readings
from venuewatch.base.wire.topics import ROOT, Stream

ALPHA = f"{ROOT}/STA/alpha"
BEAT, VITALS, BACKLOG = f"{ALPHA}/beat", f"{ALPHA}/vitals", f"{ALPHA}/backlog"
CATALOGUE = f"{ALPHA}/catalogue"


@pytest.fixture
def fleet() -> Story:
    """Hosts alpha at STA and beta at AQU, of which nothing is known; the core hears."""
    story = Story({"STA": ("alpha",), "AQU": ("beta",)})
    story.subscribe(0.0)
    story.advance(0.25)
    return story


def beat(seq: int) -> bytes:
    return encode(Beat(boot="a", session=1, seq=seq, mono_ms=0, wall_ms=0))


def vitals(seq: int) -> bytes:
    return encode(Vitals("a", 1, seq, int(WALL * 1000), Readings(node_load1=0.5)))


BIRTH = encode(
    Birth(boot="a", session=1, wall_ms=0, interval_s=1.0, vitals_every_s=10.0, agent_version="1")
)


def receive(story: Story, topic: str, payload: bytes, *, is_retained: bool = False) -> None:
    story.deliver(Message(topic, payload, is_retained))


def known(story: Story) -> list[str]:
    """Return all that is known and counted, save what was refused, and what a host has spent."""
    centre = story.centre
    spent = {f".{name}" for each in ALLOWANCES.values() for name in (each[0], each[2])}
    without = ["._outputs", "._changes", ".budget", "._budget", ".beats_until", *spent]
    return [
        *snapshot(centre.decisions, without=without),
        *snapshot(centre.reception.readings, without=["._fleet", *without]),
        *map(str, sorted(centre.intake.heard.items())),
    ]


def rejected(story: Story) -> dict[Reason, int]:
    return {reason: count for reason, count in story.centre.intake.rejected.items() if count}


ANSWER = Machine("STA", "alpha").answer(1, "beta", is_reached=True)


class Bad(NamedTuple):
    """One message that must be refused."""

    reason: Reason
    topic: str = BEAT
    payload: bytes = beat(1)
    is_retained: bool = False


BAD = {
    "no JSON": Bad(Reason.INVALID_JSON, payload=b"up!"),
    "nothing": Bad(Reason.INVALID_JSON, payload=b""),
    "NaN": Bad(Reason.INVALID_JSON, payload=b'{"boot":"a","session":NaN}'),
    "a wrong type": Bad(Reason.WRONG_TYPE, payload=b'{"boot":1}'),
    "a missing field": Bad(Reason.WRONG_TYPE, payload=b"{}"),
    "a megabyte": Bad(Reason.TOO_LARGE, payload=b" " * 1_000_000),
    "deep nesting": Bad(Reason.TOO_DEEP, payload=b'{"x":' + b"[" * 100_000),
    "bytes that are no text": Bad(Reason.INVALID_UTF8, payload=b'{"boot":"\xff"}'),
    "vitals that are packed by halves": Bad(Reason.BAD_PACKING, VITALS, b"x\x9cK"),
    "vitals that are a beat": Bad(Reason.WRONG_TYPE, VITALS, beat(1)),
    "a kept birth that is none": Bad(Reason.WRONG_TYPE, f"{ALPHA}/birth", b"[]", is_retained=True),
    "a death of no reason": Bad(
        Reason.WRONG_TYPE, f"{ALPHA}/death", b'{"boot":"a","session":1,"reason":"x"}'
    ),
    "a retained beat": Bad(Reason.RETAINED, is_retained=True),
    "retained vitals": Bad(Reason.RETAINED, VITALS, vitals(1), is_retained=True),
    "a retained backlog": Bad(
        Reason.RETAINED, BACKLOG, encode(Backlog("a", 1, 1)), is_retained=True
    ),
    "a retained answer": Bad(Reason.RETAINED, ANSWER.topic, ANSWER.payload, is_retained=True),
    "a retained catalogue": Bad(
        Reason.RETAINED, CATALOGUE, encode(Catalogue([])), is_retained=True
    ),
    "a catalogue of too many series": Bad(
        Reason.WRONG_TYPE, CATALOGUE, b'{"families":[%s["x",[[]]]]}' % (b'["x",[[],[]]],' * 5_000)
    ),
    "a backlog that is none": Bad(Reason.WRONG_TYPE, BACKLOG, b"{}"),
    "an unknown stream": Bad(Reason.UNKNOWN_STREAM, f"{ALPHA}/gossip"),
    "a topic of another program": Bad(Reason.BAD_TOPIC, "homeassistant/light"),
    "a topic without a stream": Bad(Reason.BAD_TOPIC, ALPHA),
    "a host that is no name": Bad(Reason.BAD_TOPIC, f"{ROOT}/STA/al pha/beat"),
    "an unknown venue": Bad(Reason.UNKNOWN_VENUE, f"{ROOT}/XXX/alpha/beat"),
    "a host of another venue": Bad(Reason.WRONG_VENUE, f"{ROOT}/AQU/alpha/beat"),
    "an unlisted host that says nonsense": Bad(
        Reason.INVALID_JSON, f"{ROOT}/STA/stranger/beat", b"?"
    ),
}


@pytest.mark.parametrize("bad", BAD.values(), ids=BAD.keys())
def test_refused_message_is_counted_and_changes_nothing(fleet: Story, bad: Bad) -> None:
    receive(fleet, f"{ALPHA}/birth", BIRTH)
    receive(fleet, BEAT, beat(0))
    receive(fleet, VITALS, vitals(0))
    fleet.forget()
    before = known(fleet)

    for _ in range(2):
        receive(fleet, bad.topic, bad.payload, is_retained=bad.is_retained)

    assert known(fleet) == before
    assert rejected(fleet) == {bad.reason: 2}
    (said,) = fleet.said()  # the first of each reason
    assert isinstance(said, Refused)
    assert (said.reason, said.topic) == (bad.reason, bad.topic)
    assert said.expected


def test_bad_messages_of_the_table_give_every_reason() -> None:
    given = {bad.reason for bad in BAD.values()}

    told_elsewhere = {
        Reason.BAD_PACKET,
        Reason.TOO_MANY_UNLISTED,
        Reason.UNKNOWN_CATALOGUE,
        Reason.OVER_BUDGET,
        Reason.REVOKED,
    }
    assert set(Reason) - given == told_elsewhere


def test_packet_that_is_none_is_counted(fleet: Story) -> None:
    fleet.centre.refuse(fleet.now, Reason.BAD_PACKET)

    assert rejected(fleet) == {Reason.BAD_PACKET: 1}


def test_bad_message_does_not_stop_those_behind_it(fleet: Story) -> None:
    fleet.deliver(Message(BEAT, b"up!"), Message(BEAT, beat(0)))

    assert fleet.state("alpha") is HostState.UP


@pytest.mark.parametrize(
    "topic",
    [
        *(topics.TICK, topics.centre_tick("backup"), f"{ROOT}/_centre/backup/mood"),
        *(
            topics.centre_open(NAME),
            f"{ROOT}/_centre/a/b/state",
            f"{ALPHA}/cmd",
        ),
    ],
)
def test_message_that_is_not_meant_for_us_passes_uncounted(fleet: Story, topic: str) -> None:
    before = known(fleet)

    receive(fleet, topic, b"anything")

    assert known(fleet) == before
    assert rejected(fleet) == {}


@pytest.mark.parametrize(
    ("stream", "payload"),
    [
        (Stream.BEAT, beat(0)),
        (Stream.BIRTH, BIRTH),
        (Stream.DEATH, encode(Death("a", 1, "lost"))),
        (Stream.VITALS, vitals(0)),
    ],
    ids=str,
)
def test_message_is_counted_by_its_stream(fleet: Story, stream: Stream, payload: bytes) -> None:
    receive(fleet, f"{ALPHA}/{stream}", payload)

    heard = fleet.centre.intake.heard
    assert {name: count for name, count in heard.items() if count} == {stream: 1}


def test_unlisted_host_is_watched_where_first_heard(fleet: Story) -> None:
    receive(fleet, f"{ROOT}/STA/stranger/beat", beat(7))

    receive(fleet, f"{ROOT}/AQU/stranger/beat", beat(8))

    stranger = fleet.host("stranger")
    assert (stranger.venue, stranger.is_listed, stranger.state) == ("STA", False, HostState.UP)
    assert fleet.centre.fleet.venues["STA"].counts[HostState.UP] == 1
    assert rejected(fleet) == {Reason.WRONG_VENUE: 1}


@pytest.mark.parametrize(
    ("stream", "is_retained"),
    [*((stream, False) for stream in Stream if stream is not Stream.BEAT), (Stream.BEAT, True)],
)
def test_only_a_live_beat_makes_an_unlisted_host_known(
    fleet: Story, stream: Stream, *, is_retained: bool
) -> None:
    before = known(fleet)

    receive(fleet, f"{ROOT}/STA/stranger/{stream}", beat(7), is_retained=is_retained)

    assert known(fleet) == before


def test_unlisted_hosts_are_capped_for_each_venue(fleet: Story) -> None:
    for number in range(UNLISTED_MAX):
        receive(fleet, f"{ROOT}/STA/stranger{number}/beat", beat(0))
    before = known(fleet)

    receive(fleet, f"{ROOT}/STA/one-too-many/beat", beat(0))

    assert rejected(fleet) == {Reason.TOO_MANY_UNLISTED: 1}
    assert known(fleet) == before
    receive(fleet, f"{ROOT}/AQU/welcome/beat", beat(0))
    receive(fleet, f"{ROOT}/STA/stranger0/beat", beat(1))
    assert rejected(fleet) == {Reason.TOO_MANY_UNLISTED: 1}


@pytest.fixture
def echo(fleet: Story) -> Beat:
    """A beat of 1.5 s that echoes the tick of 1 s, which was held for 0.25 s."""
    fleet.forget()
    fleet.advance(1.0)
    sent = [out.message for out in fleet.said() if isinstance(out, Publish)]
    (number,) = {message.number for message in sent if isinstance(message, Tick)}
    fleet.advance(1.5)
    return Beat("a", 1, 0, 0, int((WALL + 1.5 - 0.125 + 30) * 1000), Echo(number, held_ms=250))


def test_echo_measures_round_trip_and_clock(fleet: Story, echo: Beat) -> None:
    receive(fleet, BEAT, encode(echo))

    assert fleet.host("alpha").round_trip_s == pytest.approx(0.25)
    assert fleet.host("alpha").clock_offset_s == pytest.approx(30.0)


def test_repeated_beat_measures_nothing(fleet: Story, echo: Beat) -> None:
    receive(fleet, BEAT, encode(echo))
    fleet.advance(9.0)

    receive(fleet, BEAT, encode(echo))

    assert fleet.host("alpha").round_trip_s == pytest.approx(0.25)
