"""Witnesses that listen to what a host says: its clock, its terms, its echoes, and how much."""

import contextlib
from collections.abc import Iterator
from itertools import islice
from typing import Final

from aggregator.core.incidents.record import Subject
from venuewatch.base import clock as our_clock
from venuewatch.base.wire import topics
from venuewatch.base.wire.errors import MalformedMessageError
from venuewatch.base.wire.messages import Beat, decode_beat, decode_birth
from venuewatch.base.wire.topics import Stream
from venuewatch.rehearsal.live.world import World

_BEAT_S: Final = 2.5
_TICKS_S: Final = 4.0
_BIRTH_S: Final = 2.0
_TRAFFIC_S: Final = 1.0
_MANY: Final = 30
_OFF_S: Final = 1.0


def clock(world: World, subject: Subject) -> bool | None:
    """Compare the wall clock of a host's next beat with ours."""
    for beat in _beats(world, subject, _BEAT_S):
        usual_s = world.hosts[subject.host].where.lan.uplink.round_trip_s
        return abs(beat.wall_ms / 1000 - our_clock.wall()) < _OFF_S + usual_s
    return None


def terms(world: World, subject: Subject) -> bool | None:
    """Read what its agent announced last."""
    for payload in _heard(world, subject, Stream.BIRTH, _BIRTH_S):
        with contextlib.suppress(MalformedMessageError):
            return decode_birth(payload).reconnect_max_s == world.reconnect_max_s
    return None


def ticks(world: World, subject: Subject) -> bool | None:
    """Follow a host's beats: they echo newer and newer ticks where it hears the centre."""
    echoed = set()
    is_heard = False
    for beat in _beats(world, subject, _TICKS_S):
        is_heard = True
        echoed |= set() if beat.tick is None else {beat.tick.number}
        if len(echoed) > 1:
            return True
    return False if is_heard else None


def traffic(world: World, subject: Subject) -> bool | None:
    """Count the messages on its topic of beats."""
    heard = islice(_heard(world, subject, Stream.BEAT, _TRAFFIC_S), _MANY)
    return sum(1 for _ in heard) < _MANY


def _beats(world: World, subject: Subject, within_s: float) -> Iterator[Beat]:
    for payload in _heard(world, subject, Stream.BEAT, within_s):
        with contextlib.suppress(MalformedMessageError):
            yield decode_beat(payload)


def _heard(world: World, subject: Subject, stream: Stream, within_s: float) -> Iterator[bytes]:
    topic = topics.topic(subject.venue, subject.host, stream)
    return world.ear.hear(topic, within_s=within_s)
