"""Witnesses of a simulated world: each looks at one thing that a fault may change.

A sight knows no fault, and does not ask whether one was ordered. It finds one subject of the world
as it should be (True) or not (False), or it can't see (None); it may take a while to tell. So what
a fault says of itself decides nothing: a cut is seen by packets that do not come back.
"""

import contextlib
from collections.abc import Callable, Mapping
from datetime import UTC
from typing import Final, TypeAlias

from aggregator.core.incidents.record import Subject
from venuewatch.base.wire import topics
from venuewatch.base.wire.errors import MalformedMessageError
from venuewatch.base.wire.links import RECONNECT_MAX_S
from venuewatch.base.wire.messages import Beat, Birth, decoder
from venuewatch.base.wire.topics import Stream
from venuewatch.rehearsal.fleet import NAMES
from venuewatch.rehearsal.live.seen import feeds
from venuewatch.rehearsal.live.seen.feeds import Written
from venuewatch.rehearsal.world.machine import Watched
from venuewatch.rehearsal.world.network import Way
from venuewatch.rehearsal.world.process import Run
from venuewatch.rehearsal.world.venue import SimHost, SimVenue
from venuewatch.rehearsal.world.world import World

Then: TypeAlias = Callable[[bool | None], None]
"""Gets what was found, once."""

Sight: TypeAlias = Callable[[World, Subject, Then], None]

PACKETS: Final = 200
MANY_PACKETS: Final = 20_000

WATCH_S: Final = 3.0
"""For how long (s) messages are watched, by who has to."""

_BEAT: Final = decoder(Beat)
_BIRTH: Final = decoder(Birth)
_LOST_MORE: Final = 0.1
_LOST_TIMES: Final = 1.25
_LOST_LEAST: Final = 0.002
_SLOWER_S: Final = 0.1
_OFF_S: Final = 1.0
_MANY_PER_S: Final = 30.0


def agent(world: World, subject: Subject, then: Then) -> None:
    """Look whether the agent's process runs."""
    run = world.host(subject).agent
    then(run is not None and run.process.state is Run.RUNNING)


def line(world: World, subject: Subject, then: Then) -> None:
    """Send packets from the centre to a host and back; of a venue, or all, to the first on its LAN.

    A line that loses a tenth more than usual, or is slower for most, is not as it should be.
    """
    for venue in _venues(world, subject):
        came = _round_trips(venue, subject, PACKETS)
        usual_s = venue.round_trip_s + _SLOWER_S
        is_slow = sum(took_s > usual_s for took_s in came) > len(came) / 2
        if is_slow or len(came) / PACKETS < _usual_share(venue) - _LOST_MORE:
            then(False)  # noqa: FBT003 - it is what was found
            return
    then(True)  # noqa: FBT003 - likewise


def loss(world: World, subject: Subject, then: Then) -> None:
    """Send so many packets over a venue's line that one in 200 more is seen to be lost."""
    for venue in _venues(world, subject):
        lost = 1 - len(_round_trips(venue, subject, MANY_PACKETS)) / MANY_PACKETS
        usual = 1 - _usual_share(venue)
        if lost > usual * _LOST_TIMES + _LOST_LEAST:
            then(False)  # noqa: FBT003 - it is what was found
            return
    then(True)  # noqa: FBT003 - likewise


def sessions(world: World, subject: Subject, then: Then) -> None:
    """Look whether every agent has an open connection."""
    then(all(host.is_connected for host in _hosts(world, subject)))


def ticks(world: World, subject: Subject, then: Then) -> None:
    """Watch a host's beats: they echo newer and newer ticks where it hears the centre."""
    echoed: list[int] = []

    def take(payload: bytes) -> None:
        with contextlib.suppress(MalformedMessageError):
            tick = _BEAT(payload).tick
            echoed.extend([] if tick is None else [tick.number])

    _watch(world, subject, Stream.BEAT, take, lambda: then(len(set(echoed)) > 1))


def terms(world: World, subject: Subject, then: Then) -> None:
    """Read what its agent announced last."""
    payload = world.broker.retained.get(topics.topic(subject.venue, subject.host, Stream.BIRTH))
    then(None if payload is None else _BIRTH(payload).reconnect_max_s == RECONNECT_MAX_S)


def traffic(world: World, subject: Subject, then: Then) -> None:
    """Count the messages on its topic of beats."""
    taken: list[None] = []

    def end() -> None:
        then(len(taken) / WATCH_S < _MANY_PER_S)

    _watch(world, subject, Stream.BEAT, lambda _payload: taken.append(None), end)


def clock(world: World, subject: Subject, then: Then) -> None:
    """Compare its wall clock with that of the world."""
    then(abs(world.host(subject).machine.clock.offset_s) < _OFF_S)


def twins(world: World, subject: Subject, then: Then) -> None:
    """Count the machines at its venue that have no place of their own."""
    then(not world.venues[subject.venue].doubles)


def watched(world: World, subject: Subject, then: Then) -> None:
    """Look at what its check looks at: its state, its clock, and whether odd things come.

    Of one that talks, what was said lately is read as on the stage.
    """
    found = [
        each
        for host in _hosts(world, subject)
        for each in host.machine.watched.values()
        if subject.check in {"", each.check}
    ]
    if not found:
        then(None)
        return
    then(
        all(
            each.found == each.well
            and abs(each.ahead_s) < _OFF_S
            and not each.is_odd
            and _talks_as_usual(each)
            for each in found
        )
    )


def names(world: World, subject: Subject, then: Then) -> None:
    """Look at what the hosts of a venue get from its name server."""
    watched(world, subject._replace(check=NAMES), then)


def aggregator(world: World, _subject: Subject, then: Then) -> None:
    """Look whether the aggregator's process runs."""
    then(world.observer.process.state is Run.RUNNING)


def aggregator_line(world: World, _subject: Subject, then: Then) -> None:
    """Send a packet over each way between the broker and the aggregator."""
    then(Way(world.loop, world.centre_legs).take() is not None)


def aggregator_clock(world: World, _subject: Subject, then: Then) -> None:
    """Compare the aggregator's wall clock with that of the world."""
    then(abs(world.observer.clock.offset_s) < _OFF_S)


def broker(world: World, _subject: Subject, then: Then) -> None:
    """Look whether the broker's process runs."""
    then(world.broker.process.state is Run.RUNNING)


def disk(world: World, _subject: Subject, then: Then) -> None:
    """Look whether the journal's disk has room."""
    then(not world.observer.journal.is_full)


def receiver(world: World, _subject: Subject, then: Then) -> None:
    """Ask the receiver of notices as a stranger would."""
    then(world.observer.notifier.mood == "takes")


def fleet(world: World, _subject: Subject, then: Then) -> None:
    """Count the hosts that the aggregator expects."""
    then(sum(host.is_listed for host in world.observer.centre.fleet) == len(list(world.hosts())))


SIGHTS: Final[Mapping[str, Sight]] = {
    sight.__name__: sight
    for sight in (
        agent,
        aggregator,
        aggregator_clock,
        aggregator_line,
        broker,
        clock,
        disk,
        fleet,
        line,
        loss,
        names,
        receiver,
        sessions,
        terms,
        ticks,
        traffic,
        twins,
        watched,
    )
}
"""Every sight, by the name that a fault says it is seen by."""


def _venues(world: World, subject: Subject) -> list[SimVenue]:
    return [world.venues[subject.venue]] if subject.venue else list(world.venues.values())


def _talks_as_usual(watched: Watched) -> bool:
    if watched.talk is None:
        return True
    return feeds.is_well((Written(*said) for said in watched.talk.recent()), UTC)


def _usual_share(venue: SimVenue) -> float:
    """Return the share of round trips that its line keeps as it was built."""
    return (1 - venue.plan.loss) ** 2


def _round_trips(venue: SimVenue, subject: Subject, packets: int) -> list[float]:
    """Return how long (s) each packet took that came back from a host of a venue."""
    hosts = [venue.hosts[subject.host]] if subject.host else list(venue.hosts.values())
    host = next((each for each in hosts if each.machine.is_on_lan), hosts[0])
    uplink, machine = venue.uplink, host.machine
    way = Way(venue.loop, [uplink.down, machine.hears, machine.sends, uplink.up])
    return [took_s for _ in range(packets) if (took_s := way.take()) is not None]


def _hosts(world: World, subject: Subject) -> list[SimHost]:
    hosts = world.venues[subject.venue].hosts
    return [hosts[subject.host]] if subject.host else list(hosts.values())


def _watch(
    world: World,
    subject: Subject,
    stream: Stream,
    take: Callable[[bytes], None],
    end: Callable[[], None],
) -> None:
    """Have what a host publishes on one topic taken for a while, then ``end``."""
    of = topics.topic(subject.venue, subject.host, stream)

    def tap(topic: str, payload: bytes, *, is_retained: bool, is_certain: bool) -> None:
        del is_retained, is_certain
        if topic == of:
            take(payload)

    def leave() -> None:
        world.broker.taps.remove(tap)
        end()

    world.broker.taps.append(tap)
    world.loop.after(WATCH_S, leave)
