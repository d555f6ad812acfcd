"""Outputs: everything that the core hands to the shell, in one list (``Centre.take``).

Times are monotonic seconds of the aggregator; the shell maps them to wall time. A change is
stamped with the moment at which it became true, not with the moment at which the shell looked.
"""

from collections.abc import Mapping, Sequence
from typing import Literal, NamedTuple, TypeAlias

import msgspec

from aggregator.core.catalogues import KnownCheck, KnownVitals
from aggregator.core.dedup import HeardRanges, Numbering
from aggregator.core.incidents.record import Incident, IncidentChanged
from aggregator.core.states import HostState, Trigger
from aggregator.core.verdicts.causes import Cause
from venuewatch.base.wire.errors import Reason
from venuewatch.base.wire.messages import CentreOpen, Checks, Vitals

Connection: TypeAlias = Literal["live", "bulk"]
"""A connection of ours: beats and ticks are on the live one, and only its loss makes us blind."""


class HostChanged(NamedTuple):
    """One host went from one state to another.

    ``silent_since`` is the last evidence of life by ``at``; None if there never was any.
    """

    at: float
    venue: str
    host: str
    before: HostState
    after: HostState
    trigger: Trigger
    silent_since: float | None


class Moment(NamedTuple):
    """A moment, on both clocks: monotonic s, and s since 1970."""

    at: float
    wall: float


class KnownHost(NamedTuple):
    """How a host stands. ``evidence`` is the last of its life.

    ``interval_s``: how often it beats. ``was_up``: whether it was up when that could last be told.
    """

    venue: str
    name: str
    state: HostState
    since: float
    cause: Cause | None
    interval_s: float
    evidence: Moment | None
    was_up: bool


class LateReading(NamedTuple):
    """A reading that came late, from a backlog, for the first time: to be stored.

    ``wall_ms`` is the host's own clock when it was taken. ``message`` of vitals names a catalogue:
    ``known`` has it, and is the same with the time for its samples: one for vitals, one a check.
    """

    host: str
    boot: str
    stream: str
    seq: int
    wall_ms: int
    message: Vitals | Checks
    known: tuple[KnownVitals | KnownCheck, ...] = ()


class CameLate(NamedTuple):
    """A live reading waited on its way. Others may have come with it, so that no scrape finds it.

    It is not to be stored.
    """

    reading: LateReading


class Publish(NamedTuple):
    """Publish a message, if we are connected; nobody waits for it."""

    topic: str
    message: msgspec.Struct
    qos: int = 0
    is_retained: bool = False


class Store(NamedTuple):
    """Store all of this as one, then answer ``stored(token)``, or ``not_stored`` on a refusal.

    ``incidents``: how each one stands that has changed, reported or not; ``hosts`` likewise.
    ``readings`` came late, ``heard`` are the readings whose numbers are known now, ``forgotten``
    those of which that was stored, and that are known no more (before ``heard``). ``gone``:
    hosts of which nothing is known any more. ``settled``: ids of notices that wait no more.
    ``is_alive``: that we run now. ``told``: how many changes were reported of these incidents, for
    a journal that knows none of them; ``next_number``: no incident ever had it, nor a higher one.
    """

    token: int
    at: float
    changes: Sequence[HostChanged | IncidentChanged] = ()
    incidents: Sequence[Incident] = ()
    hosts: Sequence[KnownHost] = ()
    readings: Sequence[LateReading] = ()
    heard: Sequence[HeardRanges] = ()
    forgotten: Sequence[Numbering] = ()
    gone: Sequence[str] = ()
    settled: Sequence[str] = ()
    is_alive: bool = False
    told: Mapping[int, int] = {}
    next_number: int = 0


class Tell(NamedTuple):
    """Send a notice about an incident, now that it is stored, or cannot be."""

    changed: IncidentChanged


class AskPort(NamedTuple):
    """Find out what the broker's port answers to a stranger, then call ``port_said``."""

    at: float


class Connected(NamedTuple):
    """We are subscribed (again) on a connection."""

    at: float
    connection: Connection


class Disconnected(NamedTuple):
    """A connection of ours ended."""

    at: float
    connection: Connection


class Doubled(NamedTuple):
    """Another aggregator uses a client id of ours.

    ``yields``: whether it is we who make way, for up to ``wait_s`` each time; None if that can not
    be told. ``until``: then it is over, if nothing more is heard of the other one.
    """

    at: float
    connection: Connection
    yields: bool | None
    wait_s: float
    until: float


class Stalled(NamedTuple):
    """Our own process did not run for ``lag_s`` longer than it had promised."""

    at: float
    lag_s: float


class Refused(NamedTuple):
    """A message was refused, for the first time for this reason; ``expected``: in words."""

    reason: Reason
    topic: str
    expected: str


class OtherState(NamedTuple):
    """Another aggregator, or its will, said whether it is online."""

    at: float
    aggregator: str
    is_online: bool


class OtherOpen(NamedTuple):
    """Another aggregator said which alerts it pushes and has open."""

    at: float
    aggregator: str
    open: CentreOpen


class InventoryChanged(NamedTuple):
    """Another fleet is expected: venues that are gone, and those that have other hosts now."""

    removed: tuple[str, ...]
    changed: tuple[str, ...]


Output: TypeAlias = (
    Publish
    | Store
    | Tell
    | AskPort
    | HostChanged
    | IncidentChanged
    | Connected
    | Disconnected
    | Doubled
    | Stalled
    | Refused
    | OtherState
    | OtherOpen
    | InventoryChanged
    | CameLate
)
