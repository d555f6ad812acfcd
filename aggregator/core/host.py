"""A host as plain state: its place, how alive it is, and the last that it sent. No decisions.

Times without a suffix are monotonic seconds; ``INF`` means never.
"""

import copy
import math
from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

from aggregator.core.budget import beat_cost_s
from aggregator.core.catalogues import Held, KnownCatalogue, KnownCheck, KnownVitals
from aggregator.core.margins import Lateness
from aggregator.core.states import HostState
from aggregator.core.ticks import Echoes
from aggregator.core.verdicts.causes import Cause, Excuse
from venuewatch.base.wire.links import RECONNECT_MAX_S
from venuewatch.base.wire.messages import Birth, Death

INF = math.inf

UNANNOUNCED_INTERVAL_S = 60.0
"""The beat interval assumed of a boot whose birth is not known: slow enough to accuse nobody."""


class Place(NamedTuple):
    """What the inventory says of a machine; without ``address`` nobody can be asked of it."""

    address: str = ""
    probe_port: int | None = None
    is_gateway: bool = False
    is_required: bool = False
    is_revoked: bool = False


class KnownBoot(NamedTuple):
    """A boot that has beaten under a host's name. ``heard_at``: its last beat, once another beats.

    ``address``: its machine's, ``yields``: it obeys that command; both as its birth said.
    ``told``: how many times it was told to make way, last at ``told_at``.
    """

    boot: str
    heard_at: float = -INF
    address: str = ""
    yields: bool = False
    told: int = 0
    told_at: float = -INF


class Connected(NamedTuple):
    """The latest connection of an agent that was heard of (``reconnecting.py``).

    ``by``: it had begun by then (s); None once its end was counted. ``brief``: how many connections
    in a row, up to the last that ended, may have been brief.
    """

    boot: str = ""
    session: int = 0
    by: float | None = None
    brief: int = 0


class BeatState:
    """What each beat of a host reads or changes, side by side in memory.

    A big fleet is in no cache: where these were between the others, each beat waited for twice as
    many parts of it.
    """

    __slots__ = (
        "allowance_s",
        "beat_cost_s",
        "beat_seq",
        "beats_until",
        "boot",
        "clock_offset_s",
        "closed_at",
        "counts_echoes",
        "deadline",
        "evidence_at",
        "evidence_wall",
        "is_introduced",
        "is_replaced",
        "lateness",
        "margin_s",
        "missed",
        "problems",
        "put_off_until",
        "queued_at",
        "round_trip_s",
        "session",
        "state",
        "will_due",
        "wills_count_from",
    )


class Host(BeatState):
    """One host: its place, how alive it is, and the last that it sent.

    Attributes:
        deadline: when its silence is judged; ``will_due``: when its held will is believed.
        queued_at: when the queue of deadlines looks at it next.
        put_off_until: no verdict before this, by ``excuse``.
        wills_count_from: a will counts from then on; before, its host has to find its way back.
        excuse: the excuse that ends last, of those that this host was given.
        hung_up_at: when its connection was closed last, so that its will was held.
        session_began_at: when the birth of its latest session came.
        connected: what was heard of its connections.
        boots: those that have beaten lately, in the order of their first beats.
        refused: how many messages of each stream were over its budget; None without any.
        exceeds_reconnect_limit: its agent may stay away for longer than any grace allows for.
        is_revoked: it may say nothing any more; it is away for as long as that is so.
        is_introduced: its birth is that of the boot that beats.
        counts_echoes: its last beats echoed none of our ticks, or its clock is off (``echoes``).
    """

    __slots__ = (
        "address",
        "answers_until",
        "backlog_bytes_until",
        "backlog_until",
        "birth",
        "birth_asked_at",
        "births_until",
        "boot_heard_at",
        "boots",
        "boots_until",
        "catalogue_asked_at",
        "catalogues",
        "cause",
        "check_problems",
        "checks",
        "connected",
        "death",
        "deaths_until",
        "echoes",
        "exceeds_reconnect_limit",
        "excuse",
        "held",
        "hung_up_at",
        "is_clock_right",
        "is_gateway",
        "is_listed",
        "is_required",
        "is_revoked",
        "name",
        "places_until",
        "probe_port",
        "reading_bytes_until",
        "readings_heard",
        "readings_missing",
        "readings_until",
        "refused",
        "restarts",
        "role",
        "session_began_at",
        "since",
        "steady",
        "stock_margin_s",
        "thin_margin_s",
        "tries_until",
        "venue",
        "vitals",
        "was_up",
    )

    def __init__(  # noqa: PLR0913 - what the inventory says, each with its name
        self,
        venue: str,
        name: str,
        *,
        margin_s: float,
        stock_margin_s: float | None = None,
        role: str = "",
        place: Place | None = None,
        is_listed: bool = True,
        state: HostState | None = None,
    ) -> None:
        self.venue, self.name, self.role = venue, name, role
        self.address, self.probe_port, self.is_gateway, self.is_required, self.is_revoked = (
            place or Place()
        )
        self.is_listed = is_listed
        self.margin_s = self.thin_margin_s = margin_s
        self.stock_margin_s = margin_s if stock_margin_s is None else stock_margin_s
        self.lateness = Lateness()

        self.boot, self.boot_heard_at = "", -INF
        self.boots: tuple[KnownBoot, ...] = ()
        self.session = 0
        self.session_began_at = -INF
        self.connected = Connected()
        self.is_introduced = self.is_replaced = False
        self.birth: Birth | None = None
        self.birth_asked_at = -INF
        self.death: Death | None = None
        self.allowance_s = UNANNOUNCED_INTERVAL_S + margin_s

        self.state = state or (HostState.AWAY if self.is_revoked else HostState.UNKNOWN)
        self.since = -INF
        self.was_up = False
        self.cause: Cause | None = None
        self.evidence_at: float | None = None
        self.deadline = INF
        self.will_due = self.queued_at = INF
        self.put_off_until = -INF
        self.wills_count_from = -INF
        self.excuse: Excuse | None = None
        self.exceeds_reconnect_limit = False
        self.closed_at: float | None = None
        self.hung_up_at = -INF
        self.steady = 0
        self.echoes, self.counts_echoes = Echoes(), False
        self.problems: dict[str, str] = {}
        self.check_problems: dict[tuple[str, str], str] = {}

        self.beat_seq = -1
        self.evidence_wall: float | None = None
        self.round_trip_s: float | None = None
        self.clock_offset_s: float | None = None
        self.missed = self.restarts = 0
        self.vitals: KnownVitals | None = None
        self.is_clock_right: bool | None = None
        self.catalogues: tuple[KnownCatalogue, ...] = ()
        self.catalogue_asked_at = -INF
        self.held: tuple[Held, ...] = ()
        self.checks: dict[str, KnownCheck] = {}
        self.readings_heard = self.readings_missing = 0

        self.beats_until = self.births_until = self.deaths_until = self.answers_until = -INF
        self.readings_until = self.reading_bytes_until = self.tries_until = -INF
        self.backlog_until = self.backlog_bytes_until = self.boots_until = self.places_until = -INF
        self.beat_cost_s = beat_cost_s(UNANNOUNCED_INTERVAL_S)
        self.refused: dict[str, int] | None = None

    @property
    def interval_s(self) -> float:
        """How often (s) it beats, as far as we know."""
        return self.allowance_s - self.margin_s

    @property
    def expected_at(self) -> float:
        """When the evidence was expected whose lack passes ``deadline``; credits included."""
        return self.deadline - self.margin_s

    @property
    def announced_allowance_s(self) -> float:
        """The announced interval and the margin; 0 as long as no birth is known."""
        return 0.0 if self.birth is None else self.birth.interval_s + self.margin_s

    @property
    def reconnect_max_s(self) -> float:
        """The longest (s) that its agent waits between two attempts, as its birth announced."""
        return RECONNECT_MAX_S if self.birth is None else self.birth.reconnect_max_s

    def margin_announced_by(self, birth: Birth) -> float:
        """Return by how much (s) a beat may be late, over the connection that a birth tells of."""
        return self.stock_margin_s if birth.stock_tcp else self.thin_margin_s

    @property
    def counts_as_up(self) -> bool:
        """Whether the host is up or late, or was when we last could tell."""
        return (
            self.state is HostState.UP
            or self.state is HostState.LATE
            or (self.state is HostState.UNKNOWN and self.was_up)
        )

    @property
    def own_margin_s(self) -> float:
        """The margin (s) of its class of link, as far as its connection is known."""
        return self.thin_margin_s if self.birth is None else self.margin_announced_by(self.birth)

    def describe_as(self, other: "Host") -> None:
        """Take over what the inventory says of ``other``."""
        self.role, self.is_listed = other.role, True
        self.address, self.probe_port = other.address, other.probe_port
        self.is_gateway, self.is_required = other.is_gateway, other.is_required
        self.is_revoked = other.is_revoked
        self.thin_margin_s, self.stock_margin_s = other.thin_margin_s, other.stock_margin_s

    def __deepcopy__(self, memo: dict[int, Any]) -> "Host":
        """Return an independent copy; what is frozen (birth, readings) is shared."""
        copied = memo[id(self)] = object.__new__(Host)
        _copy_slots(copied, self)
        copied.lateness = copied_lateness(self.lateness, memo)
        copied.echoes = echoes = Echoes()
        for name in Echoes.__slots__:
            setattr(echoes, name, getattr(self.echoes, name))
        copied.problems = self.problems.copy()
        copied.check_problems = self.check_problems.copy()
        copied.checks = self.checks.copy()
        copied.refused = None if self.refused is None else self.refused.copy()
        return copied


def _compiled_copy(names: Iterable[str]) -> Callable[[object, object], None]:
    """Return a function that copies these slots, without a loop: 8 times as fast as with one."""
    lines = "".join(f"    to.{name} = of.{name}\n" for name in names)
    made: dict[str, Callable[[object, object], None]] = {}
    exec(f"def copy_slots(to, of):\n{lines}", made)  # noqa: S102 - our own names alone
    return made["copy_slots"]


_copy_slots = _compiled_copy(BeatState.__slots__ + Host.__slots__)


def copied_hosts(hosts: Mapping[str, Host], memo: dict[int, Any]) -> dict[str, Host]:
    """Return a copy of hosts by name; each host is copied once for all of a ``memo``."""
    known = memo.get
    return {name: known(id(host)) or copy.deepcopy(host, memo) for name, host in hosts.items()}


def copied_lateness(lateness: Lateness, memo: dict[int, Any]) -> Lateness:
    """Return a copy of a lateness that a venue's hosts share, one for all of a ``memo``."""
    known: Lateness | None = memo.get(id(lateness))
    if known is None:
        known = memo[id(lateness)] = copy.deepcopy(lateness, memo)
    return known
