"""From a message on the wire to a fact in the core; what is wrong is refused and counted.

A refused message changes nothing but its counter. The route of a topic (which host, which
hearer) is worked out once, and kept only for hosts that are watched, so no flood of names can
fill the memory.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from functools import partial
from typing import Protocol, TypeAlias

from aggregator.core.detector import Detector
from aggregator.core.feeds import Feeds
from aggregator.core.fleet import Fleet, Host, Venue
from aggregator.core.oddities import Oddities
from aggregator.core.reported import Reported, Taken
from aggregator.core.rules.clock_skew import LIMIT_S
from aggregator.core.states import HostState
from aggregator.core.ticks import Ticks, clock_offset
from venuewatch.base.wire import topics
from venuewatch.base.wire.errors import MalformedMessageError, Reason
from venuewatch.base.wire.messages import (
    Beat,
    Probed,
    decode_backlog,
    decode_beat,
    decode_birth,
    decode_checks,
    decode_death,
    decode_probed,
    decode_tick,
    decode_vitals,
)
from venuewatch.base.wire.topics import Address, Stream

UNLISTED_MAX = 100
"""How many hosts that the inventory does not list are watched at one venue."""

_BEAT = Stream.BEAT.value

Route: TypeAlias = Callable[[bytes, bool, float, float], None]


class Mind(Protocol):
    """Who draws conclusions from what is heard; see :class:`aggregator.core.watch.Watch`."""

    @property
    def oddities(self) -> Oddities:
        """What is wrong with hosts that beat."""

    @property
    def feeds(self) -> Feeds:
        """Results feeds that are not well."""

    def hear_canary(self, number: int, now: float) -> None:
        """Our own tick came back."""

    def hear_probed(self, by: Host, probed: Probed, now: float) -> None:
        """A neighbour said whether it reached a silent host."""

    def hear_bridge(self, venue: Venue, now: float, *, is_connected: bool) -> None:
        """A venue's broker is connected to ours, or is not any more."""

    def hear_late(self, host: Host, taken: Sequence[Taken], now: float) -> None:
        """Readings came late."""

    def heard_anybody(self, now: float) -> None:
        """A beat came while we believed that nobody can be heard."""


class Intake:
    """Routes messages to the detector and to what is known of each host.

    Attributes:
        heard: messages taken in, by stream.
        rejected: messages refused, by reason.
        broker_dropped: how many messages the broker says it has dropped since its start.
        reported: what hosts say of themselves.
    """

    def __init__(self, fleet: Fleet, detector: Detector, ticks: Ticks, mind: Mind) -> None:
        self._fleet = fleet
        self._detector = detector
        self._ticks = ticks
        self._mind = mind
        self._oddities = mind.oddities
        self._routes: dict[str, Route] = {topics.TICK: self._hear_tick}
        # Keyed by plain strings: an enum's hash is a Python call, and cost 2 of 6 us a beat.
        self.heard: Counter[str] = Counter({stream.value: 0 for stream in Stream})
        self.broker_dropped: int | None = None
        self.reported = Reported(fleet)
        self.rejected: Counter[Reason] = Counter(dict.fromkeys(Reason, 0))

    def hear(
        self, topic: str, payload: bytes, *, is_retained: bool, now: float, wall: float
    ) -> None:
        """Take in one message, heard at ``now`` (monotonic s) and ``wall`` (s since 1970).

        Raises:
            MalformedMessageError: it was refused; it is counted already, and nothing changed.
        """
        try:
            route = self._routes.get(topic) or self._find_route(topic)
            route(payload, is_retained, now, wall)
        except MalformedMessageError as error:
            self.rejected[error.reason] += 1
            raise

    def _find_route(self, topic: str) -> Route:
        if topic.startswith(topics.BRIDGES):
            venue = self._fleet.venues.get(topic[len(topics.BRIDGES) :])
            return _ignore if venue is None else partial(self._hear_bridge, venue)
        if topic == topics.BROKER_DROPPED:
            return self._hear_dropped
        if topics.is_reserved(topic):
            return _ignore
        address = topics.parse(topic)
        if address.stream is Stream.CMD:
            return _ignore
        venue = self._fleet.venues.get(address.venue)
        if venue is None:
            raise MalformedMessageError(
                Reason.UNKNOWN_VENUE, f"the inventory has no venue {address.venue}"
            )
        host = self._fleet.find(address.host)
        if host is None:
            return partial(self._hear_unlisted, venue, address)
        if host.venue != venue.code:
            raise MalformedMessageError(
                Reason.WRONG_VENUE, f"{host.name} belongs to {host.venue}, not to {venue.code}"
            )
        route = partial(self._hearer_of(address.stream), host)
        self._routes[topic] = route
        return route

    def _hearer_of(self, stream: Stream) -> Callable[[Host, bytes, bool, float, float], None]:
        match stream:
            case Stream.BEAT:
                return self._hear_beat
            case Stream.BIRTH:
                return self._hear_birth
            case Stream.DEATH:
                return self._hear_death
            case Stream.VITALS:
                return self._hear_vitals
            case Stream.CHECKS:
                return self._hear_checks
            case Stream.BACKLOG:
                return self._hear_backlog
            case Stream.PROBED:
                return self._hear_probed
            case Stream.CMD:
                raise ValueError("a command goes downward")

    def _hear_unlisted(
        self,
        venue: Venue,
        address: Address,
        payload: bytes,
        is_retained: bool,
        now: float,
        wall: float,
    ) -> None:
        """Begin to watch a host that the inventory does not list, on its first live beat."""
        if address.stream is not Stream.BEAT or is_retained:
            return
        beat = decode_beat(payload)
        if venue.unlisted >= UNLISTED_MAX:
            raise MalformedMessageError(
                Reason.TOO_MANY_UNLISTED, f"{venue.code} has {UNLISTED_MAX} unlisted hosts already"
            )
        venue.unlisted += 1
        host = Host(
            venue.code,
            address.host,
            margin_s=venue.margin_s,
            stock_margin_s=venue.stock_margin_s,
            is_listed=False,
            state=HostState.UNSEEN,
        )
        self._fleet.add(host)
        self._take_beat(host, beat, now, wall)

    def _hear_beat(
        self, host: Host, payload: bytes, is_retained: bool, now: float, wall: float
    ) -> None:
        _refuse_retained(is_retained, "beats")
        self._take_beat(host, decode_beat(payload), now, wall)

    def _take_beat(self, host: Host, beat: Beat, now: float, wall: float) -> None:
        self.heard[_BEAT] += 1
        if not self._detector.hear_beat(host, beat, now, wall):
            return
        oddities, presence = self._oddities, host.presence
        if oddities.is_out_of_hearing:
            self._mind.heard_anybody(now)
        if beat.tick is None:
            oddities.unechoed(host, now)
            return
        round_trip_s = self._ticks.round_trip(beat.tick, now)
        if round_trip_s is not None:
            presence.unechoed = 0
            host.round_trip_s = round_trip_s
            offset_s = clock_offset(beat.wall_ms / 1000, wall, round_trip_s)
            host.clock_offset_s = offset_s
            is_off = abs(offset_s - oddities.reference_s) > LIMIT_S + round_trip_s / 2
            if is_off or presence.skewed or host.problems or oddities.has_venue_links:
                oddities.examine(host, now)

    def _hear_tick(self, payload: bytes, _is_retained: bool, now: float, _wall: float) -> None:
        tick = decode_tick(payload)
        if self._ticks.is_ours(tick):
            self._mind.hear_canary(tick.number, now)

    def _hear_bridge(
        self, venue: Venue, payload: bytes, _is_retained: bool, now: float, _wall: float
    ) -> None:
        if payload in {b"0", b"1"}:
            self._mind.hear_bridge(venue, now, is_connected=payload == b"1")

    def _hear_dropped(self, payload: bytes, _is_retained: bool, _now: float, _wall: float) -> None:
        if payload.isdigit():
            self.broker_dropped = int(payload)

    def _hear_probed(
        self, host: Host, payload: bytes, is_retained: bool, now: float, _wall: float
    ) -> None:
        _refuse_retained(is_retained, "words on probes")
        probed = decode_probed(payload)
        self.heard[Stream.PROBED.value] += 1
        self._mind.hear_probed(host, probed, now)

    def _hear_birth(
        self, host: Host, payload: bytes, is_retained: bool, now: float, _wall: float
    ) -> None:
        birth = decode_birth(payload)
        self.heard[Stream.BIRTH.value] += 1
        self._detector.hear_birth(host, birth, now, is_retained=is_retained)

    def _hear_death(
        self, host: Host, payload: bytes, is_retained: bool, now: float, _wall: float
    ) -> None:
        death = decode_death(payload)
        self.heard[Stream.DEATH.value] += 1
        self._detector.hear_death(host, death, now, is_retained=is_retained)

    def _hear_vitals(
        self, host: Host, payload: bytes, is_retained: bool, now: float, wall: float
    ) -> None:
        _refuse_retained(is_retained, "vitals")
        vitals = decode_vitals(payload)
        self.heard[Stream.VITALS.value] += 1
        if self.reported.take(host, Stream.VITALS, vitals, now, wall):
            self._mind.feeds.hear_vitals(host, now)

    def _hear_checks(
        self, host: Host, payload: bytes, is_retained: bool, now: float, wall: float
    ) -> None:
        _refuse_retained(is_retained, "checks")
        checks = decode_checks(payload)
        self.heard[Stream.CHECKS.value] += 1
        if self.reported.take(host, Stream.CHECKS, checks, now, wall):
            for reading in checks.readings:
                self._mind.feeds.hear(host, reading, now)

    def _hear_backlog(
        self, host: Host, payload: bytes, is_retained: bool, now: float, wall: float
    ) -> None:
        """Take in what was said too late to be live: it is stored, and can accuse nobody."""
        _refuse_retained(is_retained, "backlog")
        backlog = decode_backlog(payload)
        self.heard[Stream.BACKLOG.value] += 1
        taken = self.reported.take_late(host, backlog, now, wall)
        if taken:
            self._mind.hear_late(host, taken, now)


def _refuse_retained(is_retained: bool, what: str) -> None:
    if is_retained:
        raise MalformedMessageError(Reason.RETAINED, f"expected {what} that are not retained")


def _ignore(_payload: bytes, _is_retained: bool, _now: float, _wall: float) -> None:
    """Let pass what is not meant for us: another aggregator's state, our own commands."""
