"""Intake: from a message on the wire to a fact; a wrong message is refused and counted.

A refused message changes nothing but its counter. The route of a topic (which host, which kind)
is worked out once, and kept only for hosts that are watched, so no flood of names can fill the
memory.
"""

import contextlib
import copy
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any, Final, NoReturn, Protocol, TypeAlias

from aggregator.core.allowances import ALLOWANCES
from aggregator.core.backlog_room import BacklogRoom
from aggregator.core.budget import Budget, Discarding
from aggregator.core.fleet import Fleet
from aggregator.core.host import Host
from aggregator.core.outputs import Refused
from aggregator.core.unlisted import Unlisted
from venuewatch.base.wire import topics
from venuewatch.base.wire.errors import MalformedMessageError, Reason
from venuewatch.base.wire.messages import (
    CentreState,
    decode_backlog,
    decode_beat,
    decode_birth,
    decode_bulk_canary,
    decode_catalogue,
    decode_centre_open,
    decode_centre_state,
    decode_checks,
    decode_death,
    decode_probed,
    decode_tick,
    decode_vitals,
)
from venuewatch.base.wire.topics import Stream

# Kinds are plain strings: an enum's hash is a Python call, and cost 2 of 6 us a beat.
BEAT: Final = Stream.BEAT.value
BIRTH: Final = Stream.BIRTH.value
REFUSED_BIRTH: Final = "refused birth"
DEATH: Final = Stream.DEATH.value
CATALOGUE: Final = Stream.CATALOGUE.value
VITALS: Final = Stream.VITALS.value
CHECKS: Final = Stream.CHECKS.value
BACKLOG: Final = Stream.BACKLOG.value
PROBED: Final = Stream.PROBED.value
TICK: Final = "tick"
BRIDGE: Final = "bridge"
STATE: Final = "state"
OPEN: Final = "open"
CANARY: Final = "bulk"
_DROPPED: Final = "dropped"
_IGNORED: Final = "ignored"
_UNLISTED: Final = "unlisted"

_DECODERS: Final[dict[str, Callable[[bytes], Any]]] = {
    BEAT: decode_beat,
    BIRTH: decode_birth,
    DEATH: decode_death,
    CATALOGUE: decode_catalogue,
    VITALS: decode_vitals,
    CHECKS: decode_checks,
    BACKLOG: decode_backlog,
    PROBED: decode_probed,
    TICK: decode_tick,
    CANARY: decode_bulk_canary,
    _UNLISTED: decode_beat,
}
_MAY_BE_RETAINED = frozenset({BIRTH, DEATH, TICK, BRIDGE, STATE, _DROPPED, _IGNORED})


Fact: TypeAlias = tuple[str, Any, Any, bool]
"""A message, decoded: its kind, its host or venue, what it holds, and whether it was retained.

What it holds is a message of ``venuewatch.base.wire.messages``; of a bridge whether it is
connected, of a live birth that is refused the error. A tick is about no host. A state, a canary
and a list of open alerts are about the aggregator of that name, which may be our own. It is a plain
tuple, since there is one for each beat.
"""

_Route: TypeAlias = tuple[str, Any]
"""The kind of a message, and its host, its venue, its aggregator, or an address without a host."""


class Message(Protocol):
    """A message as the broker handed it over."""

    @property
    def topic(self) -> str:
        """Where it was published."""

    @property
    def payload(self) -> bytes:
        """What it holds."""

    @property
    def retain(self) -> bool:
        """Whether it is one that the broker had kept."""


class Intake:
    """Decodes and routes messages. ``name``: the aggregator's.

    Attributes:
        heard: messages taken in, by stream.
        budget: what hosts may send.
        unlisted: hosts that the inventory does not list.
        broker_dropped: how many messages the broker says it has dropped since its start.
        takes_backlogs: whether there is room for them.
        put_back: backlogs that were not taken, as there was no room; their agents keep them.
    """

    def __init__(self, fleet: Fleet, name: str, budget: Budget) -> None:
        self._fleet = fleet
        self._name = name
        self.budget = budget
        self.unlisted = Unlisted(fleet)
        self._room = BacklogRoom()
        self.forget_routes()
        self.heard: Counter[str] = Counter({stream.value: 0 for stream in Stream})
        self._rejected: Counter[Reason] = Counter(dict.fromkeys(Reason, 0))
        self.broker_dropped: int | None = None
        self.put_back = 0
        self._refused_before: set[Reason] = set()
        self.takes_backlogs = True

    def take_backlogs(self, has_room: bool) -> None:
        """Take backlogs from now on, or none: too much waits for the journal."""
        self.takes_backlogs = has_room

    @property
    def rejected(self) -> Counter[Reason]:
        """Messages refused, by reason."""
        self._rejected[Reason.OVER_BUDGET] = self.budget.refused
        return self._rejected

    def read(self, topic: str, payload: bytes, is_retained: bool) -> Fact | None:
        """Return the fact in a message; None if it means nothing to us.

        What is over its host's budget is refused before it is decoded, and counted here.

        Raises:
            MalformedMessageError: it is refused; the caller counts it.
        """
        host = self._beating.get(topic)
        if host is None:
            kind, about = self._routes.get(topic) or self._find_route(topic, payload)
            if kind is not BEAT:
                return self._read_other(kind, about, payload, is_retained)
            host = about
        if is_retained:
            _refuse_retained(BEAT)
        budget = self.budget
        if host.beats_until <= budget.full_from:  # as nearly always; see ``takes_beat``
            host.beats_until = budget.full_from + host.beat_cost_s
        elif not budget.takes_beat(host, payload):
            return None
        content = decode_beat(payload)
        self.heard[BEAT] += 1
        return BEAT, host, content, False

    def _read_other(self, kind: str, about: Any, payload: bytes, is_retained: bool) -> Fact | None:
        if is_retained and kind not in _MAY_BE_RETAINED:
            if kind is _UNLISTED:
                return None
            _refuse_retained(kind)
        if kind in ALLOWANCES and not self.budget.takes(about, kind, len(payload)):
            return None
        decode = _DECODERS.get(kind)
        if decode is None:
            return self._read_plain(kind, about, payload)
        try:
            content = decode(payload)
        except MalformedMessageError as error:
            if kind is not BIRTH or is_retained:
                raise
            return REFUSED_BIRTH, about, error, False
        if kind is BACKLOG and content.number and not self._has_room(about.venue, len(payload)):
            self.put_back += 1
            return None  # but a question for a grant is answered
        if kind is _UNLISTED:
            kind, about = BEAT, self.unlisted.admit(about, self.budget.now)
        if kind is not TICK and kind is not CANARY:
            self.heard[kind] += 1
        return kind, about, content, is_retained

    def _has_room(self, venue: str, size: int) -> bool:
        """Tell whether a backlog is taken: the journal has room for it, and so has its venue."""
        budget = self.budget
        return self.takes_backlogs and self._room.takes(venue, size, budget.now, budget.full_from)

    def discarded(self, over: Mapping[str, Discarding]) -> None:
        """Count messages that were discarded unread, as too much of their topic waited."""
        for topic, discarding in over.items():
            with contextlib.suppress(MalformedMessageError):  # no host's
                address = topics.parse(topic)
                host, stream = self._fleet.find(address.host), address.stream.value
                if host is None:
                    self._note_stranger(address.venue, discarding.bytes)
                elif stream in ALLOWANCES:
                    self.budget.refuse(host, stream, discarding.bytes, discarding.messages)

    def __deepcopy__(self, memo: dict[int, Any]) -> "Intake":
        """Return an independent copy, which works its routes out anew."""
        fleet, budget = copy.deepcopy(self._fleet, memo), copy.deepcopy(self.budget, memo)
        copied = memo[id(self)] = Intake(fleet, self._name, budget)
        copied._room = copy.deepcopy(self._room)
        copied.unlisted = copy.deepcopy(self.unlisted, memo)
        copied.heard = self.heard.copy()
        copied._rejected = self._rejected.copy()
        copied.broker_dropped = self.broker_dropped
        copied.put_back = self.put_back
        copied._refused_before = self._refused_before.copy()
        copied.takes_backlogs = self.takes_backlogs
        return copied

    def settle_unlisted(self, now: float) -> list[Host]:
        """Free places of unlisted hosts, each second; return the hosts that are watched no more."""
        gone = self.unlisted.settle(now)
        for host in gone:
            for stream in Stream:
                topic = topics.topic(host.venue, host.name, stream)
                self._routes.pop(topic, None)
                self._beating.pop(topic, None)
        return gone

    def refused(self, error: MalformedMessageError, topic: str) -> list[Refused]:
        """Count a message that is refused; return what there is to say, the first for a reason."""
        self.rejected[error.reason] += 1
        if error.reason in self._refused_before:
            return []
        self._refused_before.add(error.reason)
        return [Refused(error.reason, topic, error.detail)]

    def forget_routes(self) -> None:
        """Work every route out anew: the fleet has changed."""
        self._routes: dict[str, _Route] = {topics.centre_tick(self._name): (TICK, None)}
        self._beating: dict[str, Host] = {}  # routes of beats: most messages, so without a tuple

    def _read_plain(self, kind: str, about: object, payload: bytes) -> Fact | None:
        if kind is BRIDGE and payload in {b"0", b"1"}:
            return BRIDGE, about, payload == b"1", False
        if kind is STATE:  # nothing where an operator has deleted what the broker kept of it
            state = decode_centre_state(payload) if payload else CentreState("offline")
            return STATE, about, state, False
        if kind is OPEN:
            return OPEN, about, decode_centre_open(payload), False
        if kind is _DROPPED and payload.isdigit():
            self.broker_dropped = int(payload)
        return None

    def _find_route(self, topic: str, payload: bytes) -> _Route:
        if topic.startswith(topics.BRIDGES):
            bridged = self._fleet.venues.get(topic[len(topics.BRIDGES) :])
            return (_IGNORED, None) if bridged is None else (BRIDGE, bridged)
        if topic == topics.BROKER_DROPPED:
            return _DROPPED, None
        if topics.is_reserved(topic):
            return self._route_of_aggregator(topic)
        address = topics.parse(topic)
        if address.stream is Stream.CMD:  # our own command
            return _IGNORED, None
        host = self._fleet.find(address.host)
        if host is None or host.venue != address.venue:
            return self._route_elsewhere(address, host, len(payload))
        if host.is_revoked:
            return _route_of_revoked(host, payload)
        route = address.stream.value, host
        if address.stream is Stream.BEAT:
            self._beating[topic] = host
        else:
            self._routes[topic] = route
        return route

    def _route_elsewhere(self, address: topics.Address, host: Host | None, size: int) -> _Route:
        """Return what becomes of a message of a host that is not listed at that venue.

        Raises:
            MalformedMessageError: it can be nobody's there.
        """
        if host is None:
            self._note_stranger(address.venue, size)
        elif not self.budget.takes_misplaced(host, address.stream.value, size):
            return _IGNORED, None
        if address.venue not in self._fleet.venues:
            raise MalformedMessageError(
                Reason.UNKNOWN_VENUE, f"the inventory has no venue {address.venue}"
            )
        if host is not None:
            raise MalformedMessageError(
                Reason.WRONG_VENUE, f"{host.name} belongs to {host.venue}, not to {address.venue}"
            )
        return (_UNLISTED, address) if address.stream is Stream.BEAT else (_IGNORED, None)

    def _note_stranger(self, venue: str, size: int) -> None:
        if venue in self._fleet.venues:
            self.budget.note_stranger(venue, size)

    def _route_of_aggregator(self, topic: str) -> _Route:
        for kind in (STATE, OPEN, CANARY):
            name = topics.aggregator_of(topic, kind)
            if name is not None and (kind is not OPEN or name != self._name):
                return kind, name
        return _IGNORED, None


def _route_of_revoked(host: Host, payload: bytes) -> _Route:
    """Refuse what comes under the name of a revoked host; that the broker deletes is no message.

    Raises:
        MalformedMessageError: the broker let it pass, and should not have.
    """
    if not payload:
        return _IGNORED, None
    raise MalformedMessageError(Reason.REVOKED, f"{host.name} is revoked: expected no message")


def _refuse_retained(kind: str) -> NoReturn:
    raise MalformedMessageError(
        Reason.RETAINED, f"expected a message on {kind} that is not retained"
    )
