"""From the wire into the core: what is taken in, and what is refused without a trace."""

from typing import Any, NamedTuple

import msgspec
import pytest

from aggregator.core.fleet import Fleet, Host, Venue
from aggregator.core.intake import UNLISTED_MAX
from aggregator.core.states import HostState
from aggregator.core.watch import Watch
from tests.aggregator.scene import beat, birth
from venuewatch.base.wire.errors import MalformedMessageError, Reason
from venuewatch.base.wire.messages import Beat, Death, Echo, Vitals, encode
from venuewatch.base.wire.readings import Readings
from venuewatch.base.wire.topics import Stream

ROOT = "venuewatch/v1"
BEAT = f"{ROOT}/STA/alpha/beat"
VITALS = f"{ROOT}/STA/alpha/vitals"
WALL = 1_800_000_000.0


class Centre:
    """An intake and all that it feeds: STA with alpha, and AQU with beta."""

    def __init__(self) -> None:
        venues = [Venue("STA", margin_s=1.75), Venue("AQU", margin_s=1.75)]
        for venue, name in zip(venues, ("alpha", "beta"), strict=True):
            venue.hosts[name] = Host(venue.code, name, margin_s=venue.margin_s)
        self.fleet = Fleet(venues)
        self.watch = Watch(self.fleet)
        self.detector = self.watch.detector
        self.intake = self.watch.intake
        self.watch.subscribed(0.0)

    def hear(
        self, topic: str, payload: bytes, *, at: float = 1.0, is_retained: bool = False
    ) -> None:
        self.watch.hear(topic, payload, is_retained=is_retained, now=at, wall=WALL + at)

    def host(self, name: str = "alpha") -> Host:
        host = self.fleet.find(name)
        assert host is not None
        return host

    def everything(self) -> dict[str, Any]:
        """Return all that is known and counted, save what was rejected, for comparison."""
        return {
            "hosts": {
                host.name: {slot: getattr(host, slot) for slot in Host.__slots__}
                for host in self.fleet
            },
            "venues": {
                venue.code: (dict(venue.counts), venue.unlisted, sorted(venue.hosts))
                for venue in self.fleet.venues.values()
            },
            "heard": dict(self.intake.heard),
            "due": self.detector.next_deadline(),
        }


@pytest.fixture
def centre() -> Centre:
    return Centre()


def vitals(seq: int, *, boot: str = "a", load: float = 0.5, taken_at: float = 0.0) -> bytes:
    wall_ms = int((WALL + taken_at) * 1000)
    return encode(Vitals(boot, 1, seq, wall_ms, Readings(node_load1=load)))


class Bad(NamedTuple):
    """One message that must be refused."""

    reason: Reason
    topic: str = BEAT
    payload: bytes = encode(beat(1))
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
    "vitals that are a beat": Bad(Reason.WRONG_TYPE, VITALS, encode(beat(1))),
    "a birth that is none": Bad(Reason.WRONG_TYPE, f"{ROOT}/STA/alpha/birth", b"[]"),
    "a death of no reason": Bad(
        Reason.WRONG_TYPE, f"{ROOT}/STA/alpha/death", b'{"boot":"a","session":1,"reason":"x"}'
    ),
    "a retained beat": Bad(Reason.RETAINED, is_retained=True),
    "retained vitals": Bad(Reason.RETAINED, VITALS, vitals(1), is_retained=True),
    "an unknown stream": Bad(Reason.UNKNOWN_STREAM, f"{ROOT}/STA/alpha/gossip"),
    "a topic of somebody else": Bad(Reason.BAD_TOPIC, "homeassistant/light"),
    "a topic without a stream": Bad(Reason.BAD_TOPIC, f"{ROOT}/STA/alpha"),
    "a host that is no name": Bad(Reason.BAD_TOPIC, f"{ROOT}/STA/al pha/beat"),
    "an unknown venue": Bad(Reason.UNKNOWN_VENUE, f"{ROOT}/XXX/alpha/beat"),
    "a host of another venue": Bad(Reason.WRONG_VENUE, f"{ROOT}/AQU/alpha/beat"),
    "an unlisted host that says nonsense": Bad(
        Reason.INVALID_JSON, f"{ROOT}/STA/stranger/beat", b"?"
    ),
}


@pytest.mark.parametrize("bad", BAD.values(), ids=BAD.keys())
def test_what_is_refused_is_counted_once_and_changes_nothing(centre: Centre, bad: Bad) -> None:
    centre.hear(f"{ROOT}/STA/alpha/birth", encode(birth()), at=0.25)
    centre.hear(BEAT, encode(beat(0)), at=0.5)
    centre.hear(VITALS, vitals(0), at=0.75)
    centre.detector.events()
    before = centre.everything()

    with pytest.raises(MalformedMessageError) as refusal:
        centre.hear(bad.topic, bad.payload, is_retained=bad.is_retained)

    assert refusal.value.reason is bad.reason
    assert centre.everything() == before
    assert centre.detector.events() == []
    assert {reason: n for reason, n in centre.intake.rejected.items() if n} == {bad.reason: 1}


def test_every_reason_but_that_of_the_framing_is_one_the_intake_gives() -> None:
    given = {bad.reason for bad in BAD.values()}

    assert set(Reason) - given == {Reason.BAD_PACKET, Reason.TOO_MANY_UNLISTED}


@pytest.mark.parametrize(
    "topic",
    [f"{ROOT}/_centre/backup/state", f"{ROOT}/STA/alpha/cmd"],
)
def test_what_is_not_meant_for_us_passes_uncounted(centre: Centre, topic: str) -> None:
    before = centre.everything()

    centre.hear(topic, b"anything")

    assert centre.everything() == before
    assert not any(centre.intake.rejected.values())


@pytest.mark.parametrize(
    ("stream", "payload"),
    [
        (Stream.BEAT, encode(beat(0))),
        (Stream.BIRTH, encode(birth())),
        (Stream.DEATH, encode(Death("a", 1, "lost"))),
        (Stream.VITALS, vitals(0)),
    ],
    ids=str,
)
def test_what_is_taken_in_is_counted_by_its_stream(
    centre: Centre, stream: Stream, payload: bytes
) -> None:
    centre.hear(f"{ROOT}/STA/alpha/{stream}", payload)

    assert {name: count for name, count in centre.intake.heard.items() if count} == {stream: 1}


def test_an_unlisted_host_of_a_known_venue_is_watched_and_flagged(centre: Centre) -> None:
    centre.hear(f"{ROOT}/STA/stranger/beat", encode(beat(7)))

    stranger = centre.host("stranger")
    assert (stranger.venue, stranger.is_listed, stranger.state) == ("STA", False, HostState.UP)
    assert centre.fleet.venues["STA"].counts[HostState.UP] == 1


def test_an_unlisted_host_belongs_to_the_venue_where_it_was_heard_first(centre: Centre) -> None:
    centre.hear(f"{ROOT}/STA/stranger/beat", encode(beat(7)))

    with pytest.raises(MalformedMessageError) as refusal:
        centre.hear(f"{ROOT}/AQU/stranger/beat", encode(beat(8)))

    assert refusal.value.reason is Reason.WRONG_VENUE


@pytest.mark.parametrize("stream", [stream for stream in Stream if stream is not Stream.BEAT])
def test_only_a_beat_makes_an_unlisted_host_known(centre: Centre, stream: Stream) -> None:
    before = centre.everything()

    centre.hear(f"{ROOT}/STA/stranger/{stream}", b"whatever")

    assert centre.everything() == before


def test_a_retained_beat_makes_no_unlisted_host_known(centre: Centre) -> None:
    before = centre.everything()

    centre.hear(f"{ROOT}/STA/stranger/beat", encode(beat(7)), is_retained=True)

    assert centre.everything() == before


def test_a_flood_of_unlisted_hosts_is_capped_for_each_venue(centre: Centre) -> None:
    for number in range(UNLISTED_MAX):
        centre.hear(f"{ROOT}/STA/stranger{number}/beat", encode(beat(0)))
    before = centre.everything()

    with pytest.raises(MalformedMessageError) as refusal:
        centre.hear(f"{ROOT}/STA/one-too-many/beat", encode(beat(0)))

    assert refusal.value.reason is Reason.TOO_MANY_UNLISTED
    assert centre.everything() == before
    centre.hear(f"{ROOT}/AQU/welcome/beat", encode(beat(0)))
    centre.hear(f"{ROOT}/STA/stranger0/beat", encode(beat(1)), at=2.0)
    assert centre.host("stranger0").evidence_at == 2.0


def test_vitals_are_kept_with_the_time_at_which_they_came(centre: Centre) -> None:
    centre.hear(VITALS, vitals(3, load=0.75, taken_at=5.0), at=5.0)

    host = centre.host()
    assert host.readings == Readings(node_load1=0.75)
    assert host.readings_at == 5.0


@pytest.mark.parametrize("seq", [3, 2, 0])
def test_vitals_heard_twice_or_overtaken_are_dropped(centre: Centre, seq: int) -> None:
    centre.hear(VITALS, vitals(3, load=0.75, taken_at=5.0), at=5.0)

    centre.hear(VITALS, vitals(seq, load=99.0, taken_at=2.0 + seq), at=6.0)

    assert centre.host().readings == Readings(node_load1=0.75)
    assert centre.host().readings_at == 5.0


def test_vitals_of_a_new_boot_count_from_the_beginning(centre: Centre) -> None:
    centre.hear(VITALS, vitals(300, taken_at=5.0), at=5.0)

    centre.hear(VITALS, vitals(0, boot="b", load=0.25, taken_at=6.0), at=6.0)

    assert centre.host().readings == Readings(node_load1=0.25)


def test_vitals_are_no_sign_of_life(centre: Centre) -> None:
    centre.hear(VITALS, vitals(0))

    assert centre.host().state is HostState.UNKNOWN
    assert centre.host().evidence_at is None


def test_an_echo_measures_round_trip_and_clock(centre: Centre) -> None:
    tick = centre.watch.tick(1.0)
    wall_ms = int((WALL + 1.5 - 0.125 + 30) * 1000)
    said = Beat("a", 1, 0, 0, wall_ms, tick=Echo(tick.number, held_ms=250))

    centre.hear(BEAT, encode(said), at=1.5)

    assert centre.host().round_trip_s == pytest.approx(0.25)
    assert centre.host().clock_offset_s == pytest.approx(30.0)


def test_a_repeated_beat_measures_nothing(centre: Centre) -> None:
    tick = centre.watch.tick(1.0)
    said = encode(Beat("a", 1, 0, 0, 0, tick=Echo(tick.number, held_ms=0)))
    centre.hear(BEAT, said, at=1.25)

    centre.hear(BEAT, said, at=9.0)

    assert centre.host().round_trip_s == pytest.approx(0.25)


def test_fields_that_we_do_not_know_are_ignored(centre: Centre) -> None:
    said = msgspec.json.decode(encode(beat(0)), type=dict[str, Any])

    centre.hear(BEAT, encode(said | {"mood": ["fine", {"since": 3}]}))

    assert centre.host().state is HostState.UP


def test_a_flood_of_names_leaves_nothing_behind(centre: Centre) -> None:
    before = centre.everything()

    for number in range(1_000):
        with pytest.raises(MalformedMessageError):
            centre.hear(f"{ROOT}/X{number}/h{number}/beat", encode(beat(0)))

    assert centre.everything() == before
