"""The structs that pages show: how each venue, host and incident stands, in words already.

Nothing here is derived again by a template. States, sentences and severities come from the core and
from its table of alerts. Times are s since 1970, to the millisecond; None is never.
"""

from typing import Literal, TypeAlias

import msgspec

Severity: TypeAlias = Literal["critical", "warning", "info"]
Scalar: TypeAlias = str | float | bool | None

WORST_FIRST: tuple[Severity, ...] = ("critical", "warning", "info")


class SeenJson(msgspec.Struct, frozen=True):
    """One thing seen: when, by whom, what."""

    at: float
    by: str
    seen: str
    detail: dict[str, Scalar] = {}


class ToldJson(msgspec.Struct, frozen=True):
    """One who was told of an incident: when, who, of which change, and the answer."""

    at: float
    to: str
    change: str
    answer: str


class AliveJson(msgspec.Struct, frozen=True):
    """A host's backlog shows that it lived from ``start`` to ``end``."""

    host: str
    start: float
    end: float
    readings: int


class IncidentJson(msgspec.Struct, frozen=True, kw_only=True):
    """One incident as it stands. ``since``: when it became true."""

    number: int
    scope: str
    venue: str
    host: str
    check: str
    cause: str
    sentence: str
    severity: Severity
    since: float
    silent_since: float | None = None
    closed_at: float | None = None
    children: tuple[str, ...] = ()
    falls: int = 1
    evidence: tuple[SeenJson, ...] = ()
    alive: tuple[AliveJson, ...] = ()
    told: tuple[ToldJson, ...] = ()


class HostHereJson(msgspec.Struct, frozen=True):
    """A host among those of its venue; ``since``: when it came into its state."""

    host: str
    role: str
    state: str
    since: float | None = None
    cause: str | None = None
    sentence: str = ""
    severity: Severity | None = None


class VenueJson(msgspec.Struct, frozen=True, kw_only=True):
    """One venue; ``up`` while any host of it is up or late. ``sentence`` is empty while well."""

    venue: str
    name: str
    town: str
    timezone: str
    state: str
    up: bool
    group: str = ""
    lat: float | None = None
    lon: float | None = None
    hosts: tuple[HostHereJson, ...] = ()
    incidents: tuple[IncidentJson, ...] = ()
    sentence: str = ""
    severity: Severity | None = None
    since: float | None = None


class CheckJson(msgspec.Struct, frozen=True):
    """The last reading of a check, and when it was taken."""

    check: str
    kind: str
    state: str
    detail: str
    at: float
    sentence: str = ""
    severity: Severity | None = None
    since: float | None = None


class SpanJson(msgspec.Struct, frozen=True):
    """A host was in ``state`` from ``since`` on; the next span ends it."""

    since: float
    state: str


class VitalJson(msgspec.Struct, frozen=True):
    """One measured value of a host, in words: ``CPU``, ``11 %``."""

    name: str
    value: str


class HostJson(msgspec.Struct, frozen=True, kw_only=True):
    """One host. ``listed``: whether the inventory has it; of it are ``role`` and ``address``.

    ``states``: of the last 24 h, the oldest first.
    """

    host: str
    venue: str
    role: str
    address: str
    listed: bool
    state: str
    up: bool
    since: float | None
    cause: str | None
    last_heartbeat: float | None
    agent_version: str | None
    round_trip_s: float | None
    clock_offset_s: float | None
    heartbeats_missed: int
    restarts: int
    readings_missing: int
    checks: tuple[CheckJson, ...] = ()
    incidents: tuple[IncidentJson, ...] = ()
    sentence: str = ""
    severity: Severity | None = None
    states: tuple[SpanJson, ...] = ()
    vitals: tuple[VitalJson, ...] = ()


class MonitorJson(msgspec.Struct, frozen=True, kw_only=True):
    """The monitor itself. ``missing``: what it lacks to hear the fleet; None while it hears."""

    version: str
    missing: str | None = None
    since: float | None = None
    round_trip_s: float | None = None
    loop_lag_s: float | None = None
    sentence: str = ""
    severity: Severity | None = None


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """How all stands at ``at``: venues in the inventory's order, and every open incident."""

    at: float
    venues: tuple[VenueJson, ...]
    incidents: tuple[IncidentJson, ...]
    monitor: MonitorJson
