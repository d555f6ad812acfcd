"""Budget of each host: how much of each stream is taken in, refused before it is decoded.

The life of a message, as far as its host's budget is concerned:

1. Each host has an allowance of each stream: so much a second, and so much at once (``burst``).
2. A message spends of it. What would spend more than there is, is refused: it costs its routing
   alone, changes nothing, and is counted by host and stream. The caller acknowledges it.
3. The first beat of each interval always counts. A host that is over its budget is loud, and so
   it is alive.
4. A host that was refused something for ``TOLD_AFTER_S``, and in ``TOLD_SECONDS`` seconds of it, is
   named in an incident: two bursts are no flood. It ends when nothing was refused for ``QUIET_S``.
5. Time in which we did not read is credited: what was sent meanwhile comes at once, and is no
   host's fault.

An allowance is one number of a host: the time (monotonic s) by which all that it has spent is
paid back, at the allowance's rate (ITU-T I.371, generic cell rate algorithm, virtual scheduling).
This module is pure arithmetic, and knows ``allowances.py`` alone of the core.
"""

from collections.abc import Iterator
from typing import Final, NamedTuple, Protocol

from aggregator.core.allowances import ALLOWANCES, COSTS, INF, NEW_CHECKS, TRIES
from venuewatch.base.wire.topics import Stream

BEATS_LEAST: Final = 5.0
"""How many beats a second are allowed at least, however slowly a host says that it beats."""

BEATS_BURST: Final = 120.0
"""How many beats may come at once: a line that was stalled for two minutes brings as many."""

BEATS_SHARE: Final = 2.0
"""How many times its announced rate a host may beat."""

LIFE_S: Final = 5.0
LIFE_SHARE: Final = 0.8
"""After which share of its interval, and how long (s) at most, a beat always counts; see 3. above.

A beat may come a little early: jitter on the way of the one before.
"""

TOLD_AFTER_S: Final = 10.0
"""For how long (s) a host has to be over its budget, to be named."""

TOLD_SECONDS: Final = 5
"""In how many seconds, of these and of later ones, something has to be refused."""

QUIET_S: Final = 30.0
"""After how long (s) without a refusal a host is within its budget again."""

CREDIT_MAX_S: Final = 300.0
"""For how long (s) of not reading a host is credited at most."""

CREDIT_LASTS_S: Final = 10.0
"""How long (s) a credit can be used at least: what waited for us does not come in one read."""

CHECKS_MAX: Final = 64
"""How many checks of one host have a place at a time."""

SERIES_MAX: Final = 8_192
"""How many series a host has at most: those of its vitals, and those with labels of its checks."""

LOUD_BYTES: Final = 640_000
"""From how many bytes on, within 10 to 20 s, a host is called loud that was refused nothing."""

LOUDEST: Final = 3
_WINDOW_S: Final = 10.0
_ROUNDING_S: Final = 1e-6


PLACES: Final = "check_place"
SERIES: Final = "series"
"""Names, beside those of streams, under which is counted what found no place."""


def beat_cost_s(interval_s: float) -> float:
    """Return how long (s) it takes to pay back one beat of a host that beats so often."""
    return 1.0 / max(BEATS_LEAST, BEATS_SHARE / interval_s)


class Discarding(NamedTuple):
    """How much was discarded before anybody had read it."""

    messages: int
    bytes: int


class Booted(Protocol):
    """A birth, as far as a budget is concerned."""

    @property
    def boot(self) -> str:
        """The boot that it announces."""


class Spender(Protocol):
    """A host, as far as its budget is concerned.

    It has an attribute for all that ``ALLOWANCES`` name, too: -INF before anything was spent.
    """

    venue: str
    name: str
    beats_until: float
    beat_cost_s: float
    tries_until: float
    places_until: float
    boot: str
    evidence_at: float | None
    refused: dict[str, int] | None

    @property
    def birth(self) -> Booted | None:
        """What it announced last."""

    @property
    def interval_s(self) -> float:
        """How often (s) it beats."""


class Over:
    """A host that was refused something lately: since when (s), last when, and how much.

    ``before``: how much of each stream had been refused before. ``seconds``: in how many of them.
    """

    __slots__ = ("at", "before", "bytes", "host", "is_told", "seconds", "since")

    def __init__(self, host: Spender, now: float) -> None:
        self.host = host
        self.since = self.at = now
        self.bytes = 0
        self.seconds = 1
        self.before = {} if host.refused is None else host.refused.copy()
        self.is_told = False

    @property
    def is_to_tell(self) -> bool:
        """Whether it lasts, and nothing was told of it."""
        is_long = self.at - self.since >= TOLD_AFTER_S and self.seconds >= TOLD_SECONDS
        return is_long and not self.is_told

    @property
    def refused(self) -> dict[str, int]:
        """How much of each stream was refused since then."""
        counts = (
            (what, n - self.before.get(what, 0)) for what, n in (self.host.refused or {}).items()
        )
        return {what: count for what, count in counts if count}


class Loud(NamedTuple):
    """A host that sends much: what was refused of it, and what was taken in, both lately."""

    host: str
    refused: int
    refused_bytes: int
    taken_bytes: int


class Budget:
    """The budgets of a whole fleet. Times are monotonic seconds.

    Attributes:
        refused: how much was refused of all hosts.
        over: hosts that were refused something within ``QUIET_S``, by name.
        next_at: when (s) something becomes due here; INF for never.
        now: when (s) the present messages came.
        full_from: every allowance that was paid back by then (s) is whole.
    """

    def __init__(self) -> None:
        self.over: dict[str, Over] = {}
        self.refused = 0
        self.next_at = INF
        self.full_from = self.now = -INF
        self._credited_from = self._credited_until = -INF
        self._window_ends = -INF
        self._bytes: dict[str, int] = {}
        self._bytes_before: dict[str, int] = {}
        self._large: set[str] = set()
        self._large_before: set[str] = set()

    def begin(self, now: float, proof_at: float) -> None:
        """Begin to read at ``now``. ``proof_at``: by then we surely had read all that was sent."""
        self.now = now
        full_from = min(now, proof_at)
        if now < self._credited_until and self._credited_from < full_from:
            full_from = self._credited_from
        self.full_from = max(full_from, now - CREDIT_MAX_S)
        if now >= self._window_ends:
            is_next = now < self._window_ends + _WINDOW_S
            self._bytes_before, self._bytes = self._bytes if is_next else {}, {}
            self._large_before, self._large = self._large if is_next else set(), set()
            self._window_ends = now + _WINDOW_S

    def credit(self, start: float, end: float) -> None:
        """Credit the time from ``start`` to ``end``, in which we did not read."""
        if self._credited_until > start:
            start = min(start, self._credited_from)
        self._credited_from = start
        self._credited_until = end + max(CREDIT_LASTS_S, end - start)

    def takes_beat(self, host: Spender, payload: bytes) -> bool:
        """Tell whether a beat is taken in, and spend it.

        A host that had paid everything back (``beats_until <= full_from``) need not ask: that is
        nearly every beat, so the caller sets ``beats_until`` itself, without this call.
        """
        cost_s = host.beat_cost_s
        until = max(host.beats_until, self.full_from) + cost_s
        if until - BEATS_BURST * cost_s <= self.now + _ROUNDING_S:
            host.beats_until = until
            return True
        heard_at, life_s = host.evidence_at, min(LIFE_S, LIFE_SHARE * host.interval_s)
        is_overdue = heard_at is None or self.now - heard_at >= life_s
        if is_overdue and self._may_show_life(host, payload):
            return True
        self.refuse(host, Stream.BEAT.value, len(payload))
        return False

    def _may_show_life(self, host: Spender, payload: bytes) -> bool:
        """Tell whether to decode a beat that is overdue, of a host that is over its budget.

        One that names the host's boot is. Of others, as they may be junk, a few are tried.
        """
        for known in (host, host.birth):
            if known is not None and known.boot and known.boot.encode() in payload:
                return True
        until = max(host.tries_until, self.now) + 1.0 / TRIES.per_s
        if until - TRIES.burst_s > self.now + _ROUNDING_S:
            return False
        host.tries_until = until
        return True

    def takes(self, host: Spender, stream: str, size: int) -> bool:
        """Tell whether a message of ``size`` bytes of another stream is taken in, and spend it."""
        note, cost_s, burst_s, bytes_note, byte_s, bytes_burst_s = COSTS[stream]
        until = max(getattr(host, note), self.full_from) + cost_s
        is_over = until - burst_s > self.now + _ROUNDING_S
        if not is_over and bytes_note:
            bytes_until = max(getattr(host, bytes_note), self.full_from) + size * byte_s
            is_over = bytes_until - bytes_burst_s > self.now + _ROUNDING_S
            if not is_over:
                setattr(host, bytes_note, bytes_until)
        if is_over:
            self.refuse(host, stream, size)
            return False
        setattr(host, note, until)
        self._note_bytes(host.name, size)
        return True

    def takes_misplaced(self, host: Spender, stream: str, size: int) -> bool:
        """Tell whether a message is within a host's budget that bears its name at a wrong venue.

        Access rules bind a host to its name. Such a message is no life, and costs as any other.
        """
        if stream != Stream.BEAT.value:
            return stream not in ALLOWANCES or self.takes(host, stream, size)
        until = max(host.beats_until, self.full_from) + host.beat_cost_s
        if until - BEATS_BURST * host.beat_cost_s > self.now + _ROUNDING_S:
            self.refuse(host, stream, size)
            return False
        host.beats_until = until
        return True

    def note_stranger(self, venue: str, size: int) -> None:
        """Note what came of a name at a venue that no inventory lists; see ``loudest``."""
        self._note_bytes(f"{venue}/*", size)

    def _note_bytes(self, name: str, size: int) -> None:
        sent = self._bytes[name] = self._bytes.get(name, 0) + size
        if 2 * sent >= LOUD_BYTES:
            self._large.add(name)

    def takes_new_check(self, host: Spender) -> bool:
        """Tell whether a check whose name is new may have a place, and spend it; see ``places``."""
        until = max(host.places_until, self.now) + 1.0 / NEW_CHECKS.per_s
        if until - NEW_CHECKS.burst_s > self.now + _ROUNDING_S:
            return False
        host.places_until = until
        return True

    def refuse(self, host: Spender, what: str, size: int = 0, messages: int = 1) -> None:
        """Count what was refused of a host; see 4. of the life of a message."""
        now, over = self.now, self.over.get(host.name)
        if over is None:
            over = self.over[host.name] = Over(host, now)
            self.next_at = min(self.next_at, now + QUIET_S)
        refused = host.refused
        if refused is None:
            refused = host.refused = {}
        refused[what] = refused.get(what, 0) + messages
        self.refused += messages
        over.seconds += int(now) != int(over.at)
        over.at = now
        over.bytes += size
        if over.is_to_tell:
            self.next_at = min(self.next_at, now)

    def take_due(self, now: float) -> Iterator[Over]:
        """Yield the hosts of which is to be told now, each once, that they are over, or not more.

        The latter is not in ``over`` any more.
        """
        if now < self.next_at:
            return
        for over in list(self.over.values()):
            if now >= over.at + QUIET_S:
                del self.over[over.host.name]
                if over.is_told:
                    yield over
            elif over.is_to_tell:
                over.is_told = True
                yield over
        self.next_at = min((over.at + QUIET_S for over in self.over.values()), default=INF)

    def restore(self, host: Spender, now: float) -> None:
        """Note that a host was told to be over its budget by an earlier process."""
        over = self.over[host.name] = Over(host, now)
        over.is_told = True
        self.next_at = min(self.next_at, now + QUIET_S)

    def forget(self, host: str) -> None:
        """Know nothing of a host any more: it is not watched."""
        self.over.pop(host, None)
        self._bytes.pop(host, None)
        self._bytes_before.pop(host, None)

    def loudest(self) -> list[Loud]:
        """Return the hosts that send most, the loudest first: those over budget, then by bytes.

        Names that the inventory does not list are one, by venue: as ``STA/*``.
        """
        loud = [
            Loud(name, sum(over.refused.values()), over.bytes, self._bytes_of(name))
            for name, over in self.over.items()
        ]
        candidates = self._large | self._large_before  # of both windows others have too little
        loud += [
            Loud(host, 0, 0, size)
            for host in candidates - self.over.keys()
            if (size := self._bytes_of(host)) >= LOUD_BYTES
        ]
        loud.sort(key=lambda one: (-one.refused_bytes - one.taken_bytes, -one.refused, one.host))
        return loud[:LOUDEST]

    def _bytes_of(self, host: str) -> int:
        return self._bytes_before.get(host, 0) + self._bytes.get(host, 0)
