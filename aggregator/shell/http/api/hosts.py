"""Hosts: everything that is known of one.

Times are s since 1970, to the millisecond; null is never, or not known.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import TypeAlias

import msgspec

from aggregator.core.catalogues import KnownCheck, KnownVitals
from aggregator.core.credit import Standing
from aggregator.core.host import INF, Host
from aggregator.core.incidents.alerts import Severity, urgency_of
from aggregator.core.incidents.record import Incident
from aggregator.core.states import HostState
from aggregator.shell.http.api import standing
from aggregator.shell.http.api.incidents import IncidentView, StepView, view_of
from aggregator.shell.http.api.record import Time
from aggregator.shell.http.api.timeline import seen_steps
from aggregator.shell.http.api.venues import HostLine, about, host_line
from aggregator.shell.series import check_samples, vitals_series
from aggregator.shell.walltime import WallTime
from venuewatch.base.wire.checks import CheckState

SPAN_S = 86_400.0
"""How far (s) the strip of states goes back."""

SPANS_MAX = 500
"""How many spans it has at most: the latest."""


class SampleView(msgspec.Struct, frozen=True):
    """One number of a family, with its labels."""

    labels: dict[str, str]
    value: float


Values: TypeAlias = dict[str, tuple[SampleView, ...]]


class CheckView(msgspec.Struct, frozen=True, kw_only=True):
    """The last reading of a check, and when it was taken.

    ``sentence``, ``severity`` and ``since``: what is told of it while an incident of it is open.
    ``values``: what it measures, by the name of the metric.
    """

    check: str
    kind: str
    state: CheckState
    detail: str
    at: Time
    every_s: float
    duration_s: float
    sentence: str | None
    severity: Severity | None
    since: Time | None
    incident: int | None
    values: Values


class VitalsView(msgspec.Struct, frozen=True, kw_only=True):
    """The last vitals, and when they were taken; null is what its machine does not say.

    ``fullest_mount``: the filesystem with the least free share. ``values``: all of them, by the
    name of the metric, which is node_exporter's.
    """

    at: Time
    cpus: int | None
    load_1m: float | None
    memory_used_ratio: float | None
    fullest_mount: str | None
    fullest_used_ratio: float | None
    booted_at: Time | None
    values: Values


class SpanView(msgspec.Struct, frozen=True):
    """A span of time in which a host was in one state; ``end`` is null while it lasts."""

    state: HostState
    start: Time
    end: Time | None


class AgentView(msgspec.Struct, frozen=True, kw_only=True):
    """The agent, as it last announced itself."""

    version: str
    os: str
    interval_s: float
    vitals_every_s: float
    session: int
    address: str


class BacklogView(msgspec.Struct, frozen=True):
    """Readings in an agent's spool: so many records wait, so many bytes are granted and to come."""

    waiting: int
    granted_bytes: int


class HostView(HostLine, frozen=True, kw_only=True):
    """One host; of the inventory are ``role`` and ``address``, if it is ``listed``.

    ``required``: it is to run at all times. ``evidence``: what the most urgent of its open
    incidents stands on, the oldest first. ``states``: its last 24 h, the oldest first, without
    times in which it was only late; what an earlier process saw is among them. ``refused``: how
    much was over its budget, by stream; also places of checks (``check_place``) and ``series``.
    ``backlog``: null where none waits, and of agents that do not say so.
    """

    address: str
    listed: bool
    gateway: bool
    required: bool
    last_heartbeat: Time | None
    agent_version: str | None
    agent: AgentView | None
    round_trip_s: float | None
    clock_offset_s: float | None
    heartbeats_missed: int
    restarts: int
    readings_missing: int
    refused: dict[str, int] = msgspec.field(default_factory=dict)
    backlog: BacklogView | None = None
    vitals: VitalsView | None
    checks: tuple[CheckView, ...]
    evidence: tuple[StepView, ...]
    states: tuple[SpanView, ...]
    incidents: tuple[IncidentView, ...]


class Passage(msgspec.Struct, frozen=True):
    """A host's change of state at a time (s since 1970), as the journal has it."""

    at: float
    before: HostState
    after: HostState


def host_view(  # noqa: PLR0913 - it shows all that is known of a host
    host: Host,
    incidents: Sequence[Incident],
    passages: Iterable[Passage],
    wall: WallTime,
    now: float,
    *,
    hears_readings: bool = True,
    backlog: Standing | None = None,
) -> HostView:
    """Return a host at whose venue ``incidents`` are open; it is ``now`` (s since 1970).

    Without ``hears_readings`` nobody knows how its checks stand. ``backlog``: what
    it waits to send.
    """
    its = sorted(about(host, incidents), key=urgency_of)
    birth, round_trip_s = host.birth, host.round_trip_s
    heard_at = host.evidence_wall
    agent = None
    if birth is not None:
        agent = AgentView(
            version=birth.agent_version,
            os=f"{birth.sysname} {birth.release}".strip(),
            interval_s=birth.interval_s,
            vitals_every_s=birth.vitals_every_s,
            session=host.session,
            address=birth.address,
        )
    return HostView(
        **msgspec.structs.asdict(host_line(host, incidents, wall)),
        address=host.address,
        listed=host.is_listed,
        gateway=host.is_gateway,
        required=host.is_required,
        last_heartbeat=None if heard_at is None else round(heard_at, 3),
        agent_version=None if birth is None else birth.agent_version,
        agent=agent,
        round_trip_s=None if round_trip_s is None else round(round_trip_s, 6),
        clock_offset_s=None if host.clock_offset_s is None else round(host.clock_offset_s, 6),
        heartbeats_missed=host.missed,
        restarts=host.restarts,
        readings_missing=host.readings_missing,
        refused={} if host.refused is None else host.refused.copy(),
        backlog=None if backlog is None else BacklogView(*backlog),
        vitals=None if host.vitals is None else _vitals_view(host.vitals, wall),
        checks=tuple(
            check_view(known, its, wall, is_known=hears_readings)
            for known in sorted(host.checks.values(), key=lambda known: known.reading.check)
        ),
        evidence=tuple(seen_steps(its[0], wall)) if its else (),
        states=spans(host, passages, wall, now),
        incidents=tuple(view_of(incident, wall) for incident in its),
    )


def check_view(
    known: KnownCheck, incidents: Iterable[Incident], wall: WallTime, *, is_known: bool = True
) -> CheckView:
    """Return the last reading of a check; ``incidents`` are those of its host.

    ``is_known``: it says how the check stands now.
    """
    reading = known.reading
    own = [each for each in incidents if each.subject.check == reading.check]
    told = standing.by_incident(own, wall)
    values: dict[str, list[SampleView]] = {}
    for name, labels, value in check_samples(reading):
        if math.isfinite(value):
            values.setdefault(name, []).append(SampleView(dict(labels), value))
    return CheckView(
        check=reading.check,
        kind=reading.kind,
        state=reading.state if is_known else "unknown",
        detail=reading.detail if is_known else "no readings come to the aggregator",
        at=wall.wall(known.at),
        every_s=reading.every_s,
        duration_s=reading.duration_s,
        **told._asdict(),
        values={name: tuple(samples) for name, samples in values.items()},
    )


def spans(
    host: Host, passages: Iterable[Passage], wall: WallTime, now: float
) -> tuple[SpanView, ...]:
    """Return the states of a host within the last ``SPAN_S``, the oldest first.

    ``passages`` are the oldest first. What the journal has not stored yet, and a host that is only
    late, is in the last span, which is the core's own.
    """
    start = round(now - SPAN_S, 3)
    found: list[SpanView] = []
    since, state = start, None
    for passage in passages:
        if state is None:
            state = passage.before
        if passage.at > since:
            found.append(SpanView(state, since, passage.at))
        since, state = max(start, passage.at), passage.after
    own_since = start if host.since == -INF else max(start, wall.wall(host.since))
    if state is not None and own_since > since and state is not host.state:
        found.append(SpanView(state, since, own_since))
        since = own_since
    elif state is None and own_since > start:  # nothing is known of the time before
        since = own_since
    return (*found[1 - SPANS_MAX :], SpanView(host.state, since, None))


def _vitals_view(vitals: KnownVitals, wall: WallTime) -> VitalsView:
    values: dict[str, list[SampleView]] = {}
    for series in vitals_series(vitals.catalogue):
        number = vitals.values[series.place]
        if math.isfinite(number):
            sample = SampleView(dict(series.labels), number)
            values.setdefault(series.name, []).append(sample)
    mount, used_ratio = _fullest(values)
    total, available = (
        _one(values, f"node_memory_{name}_bytes") for name in ("MemTotal", "MemAvailable")
    )
    memory_ratio = None
    if total and available is not None:
        memory_ratio = round(1.0 - available / total, 4)
    cpus = {sample.labels.get("cpu") for sample in values.get("node_cpu_seconds_total", ())}
    return VitalsView(
        at=wall.wall(vitals.at),
        cpus=len(cpus) or None,
        load_1m=_one(values, "node_load1"),
        memory_used_ratio=memory_ratio,
        fullest_mount=mount,
        fullest_used_ratio=used_ratio,
        booted_at=_one(values, "node_boot_time_seconds"),
        values={name: tuple(samples) for name, samples in values.items()},
    )


def _one(values: Mapping[str, Sequence[SampleView]], name: str) -> float | None:
    samples = values.get(name, ())
    return samples[0].value if samples else None


def _fullest(values: Mapping[str, Sequence[SampleView]]) -> tuple[str | None, float | None]:
    """Return the mount point with the highest used share of what a usual user may use."""
    sizes, free = (
        {
            sample.labels["mountpoint"]: sample.value
            for sample in values.get(f"node_filesystem_{name}_bytes", ())
        }
        for name in ("size", "avail")
    )
    used = {
        mount: round(1.0 - free[mount] / size, 4)
        for mount, size in sizes.items()
        if size > 0 and mount in free
    }
    mount = max(used, key=lambda name: used[name], default=None)
    return mount, None if mount is None else used[mount]
