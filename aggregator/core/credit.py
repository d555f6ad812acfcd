"""Credit: how much backlog each agent may send, so that it delays nothing that is live.

The life of a backlog, seen from here:

1. An agent with readings in its spool asks: a ``Backlog`` of number 0, without readings.
2. Its host stands in line at its venue, and the venue in line with the others.
3. ``advance`` grants in turn, venue by venue and host by host, while there are bytes for the venue
   and for all. So a fleet that returns is served in turn, and no host or venue waits for another.
4. Each batch says how much its boot has sent and what waits behind it: the host stands in line
   again once it has used half of what it may have outstanding.
5. Whoever waits is told so every ``RENEW_EVERY_S``, with the same grant.
6. A batch with nothing behind it ends the claim; what was granted beyond it is void.

Grants are in the agent's own count of bytes of its spool since its start. So a lost or repeated
message changes nothing, and the count of every aggregator is the same. Times are monotonic seconds.
"""

import copy
import math
from collections import OrderedDict
from itertools import islice
from typing import Any, NamedTuple

from aggregator.core.bulk import Bulk
from aggregator.core.fleet import Fleet
from aggregator.core.hearing import Hearing
from aggregator.core.host import Host
from aggregator.core.outputs import Publish
from aggregator.core.states import HostState
from aggregator.core.storing import Storing
from venuewatch.base.wire import topics
from venuewatch.base.wire.messages import Backlog, Grant
from venuewatch.base.wire.topics import Stream

ALL_BYTES_PER_S = 1_500_000.0
"""How much is granted in all: with 2.4 MB/s of 4 agents all was well, with 4 MB/s of 12 not."""

VENUE_BYTES_PER_S = 250_000.0
OUTSTANDING_BYTES = 128_000
"""How much one host may have that was granted and has not come."""

GRANT_BYTES = OUTSTANDING_BYTES // 2
RECORD_BYTES = 1_024
"""What a record is taken for: a host with few of them is granted no more than that."""

GRANT_EVERY_S = 0.1
SAID_AT_ONCE = 150
"""How many grants are said at once: 35,000 hosts that wait are all told in time."""

RENEW_EVERY_S = 20.0
"""How often (s) a grant is said again; an agent trusts it for 30 s."""

ADDED_S = 0.05
"""How much longer (s) than at least the canary may take before less is granted."""

LEAST_SHARE = 1 / 16
_MORE_SHARE = 1 / 8
_LEAST_WINDOW_S = 300.0
UNSTORED_BYTES = 1_000_000
"""Nothing is granted while so many payload bytes of backlog wait for the journal: some 2 s."""

_LOOKS_AT_ONCE = 4 * SAID_AT_ONCE  # at hosts that may be gone, and venues that have had enough
_SAVED_S = 0.25  # of a rate: how much of it may be granted at once, later
_HEARS_NOTHING = frozenset(
    {HostState.UNSEEN, HostState.DOWN, HostState.UNREACHABLE, HostState.AWAY}
)


class _Claim:
    """A host that has backlog. ``seen``, ``up_to``: in bytes that its boot has sent."""

    __slots__ = ("boot", "host", "said_at", "seen", "up_to", "venue", "waiting")

    def __init__(self, host: Host, boot: str, seen: int) -> None:
        self.host = host
        self.venue = host.venue
        self.boot = boot
        self.seen = self.up_to = seen
        self.waiting = 0
        self.said_at = -math.inf

    @property
    def wanted_bytes(self) -> int:
        """How much it is to be granted next; 0 if it has no more, or may send enough already."""
        may_come = self.up_to - self.seen
        if may_come > OUTSTANDING_BYTES - GRANT_BYTES:
            return 0
        return max(0, min(GRANT_BYTES, self.waiting * RECORD_BYTES - may_come))


class Standing(NamedTuple):
    """The backlog of a host: ``waiting`` records, ``granted_bytes`` that have not come."""

    waiting: int
    granted_bytes: int


class _Bucket:
    """Bytes that may be granted: so many each second, and few are saved up."""

    __slots__ = ("at", "left")

    def __init__(self, now: float) -> None:
        self.at = now
        self.left = 0.0

    def fill(self, bytes_per_s: float, now: float) -> None:
        gained = bytes_per_s * (now - self.at)
        self.left = min(bytes_per_s * _SAVED_S, self.left + gained)
        self.at = now


class Credit:
    """Grants backlog to the hosts of ``fleet``, in the name of the aggregator ``name``.

    ``bulk``: the connection on which backlog comes, where it is one of its own: its canary counts.

    Attributes:
        granted_bytes: how much was granted since the start.
        share: which part of the full rate is granted, by our own canary.
    """

    def __init__(self, fleet: Fleet, name: str, bulk: Bulk | None = None) -> None:
        self._fleet = fleet
        self._bulk = bulk
        self._name = name
        self.granted_bytes = 0
        self.share = 1.0
        self._least_s = self._least_before_s = math.inf
        self._least_since = -math.inf
        self._canaries = self._stalls = 0
        self.clear()

    def clear(self) -> None:
        """Forget who waits: agents ask again when we are back."""
        self._claims: OrderedDict[str, _Claim] = OrderedDict()  # by when they were told last
        self._unanswered: dict[str, None] = {}
        self._lines: OrderedDict[str, dict[str, None]] = OrderedDict()  # hosts by venue, in turn
        self._buckets: dict[str, _Bucket] = {}
        self._bucket: _Bucket | None = None
        self._next_at = -math.inf

    def __deepcopy__(self, memo: dict[int, Any]) -> "Credit":
        """Return an independent copy."""
        copied = memo[id(self)] = object.__new__(Credit)
        vars(copied).update(vars(self))
        copied._fleet = copy.deepcopy(self._fleet, memo)
        copied._bulk = copy.deepcopy(self._bulk, memo)
        copied._claims = OrderedDict(
            (name, _copied(claim, copy.deepcopy(claim.host, memo)))
            for name, claim in self._claims.items()
        )
        copied._unanswered = self._unanswered.copy()
        copied._lines = OrderedDict((venue, line.copy()) for venue, line in self._lines.items())
        copied._bucket = copy.copy(self._bucket)
        copied._buckets = {venue: copy.copy(bucket) for venue, bucket in self._buckets.items()}
        return copied

    def __len__(self) -> int:
        """Return how many hosts wait to send backlog, or send it."""
        return len(self._claims)

    def standing(self, name: str) -> Standing | None:
        """Return how the backlog of a host stands; None if it has none that is known."""
        claim = self._claims.get(name)
        return None if claim is None else Standing(claim.waiting, claim.up_to - claim.seen)

    def note(self, host: Host, backlog: Backlog) -> None:
        """Note a backlog, or the question for a grant.

        An agent that does not wait for grants does not say how much it has sent.
        """
        if backlog.sent is None:
            return
        name, claim = host.name, self._claims.get(host.name)
        if claim is None or claim.boot != backlog.boot or not backlog.number:
            self._drop(name)
            claim = self._claims[name] = _Claim(host, backlog.boot, backlog.sent)
            self._unanswered[name] = None
        claim.seen = max(claim.seen, backlog.sent)
        claim.up_to = max(claim.up_to, claim.seen)
        claim.waiting = backlog.waiting
        if not claim.waiting:
            self._drop(name)
        elif claim.wanted_bytes:
            self._lines.setdefault(claim.venue, {})[name] = None

    def advance(
        self, now: float, hearing: Hearing, storing: Storing, *, takes_backlogs: bool = True
    ) -> list[Publish]:
        """Return the grants to be said now.

        They are those of before while ``hearing`` is in doubt, the connection that backlog comes on
        is late or lost, or the journal takes nothing, or has too much to do, so that what comes
        would not be taken (``takes_backlogs``).
        """
        self._follow(hearing, now)
        if not self._claims or now < self._next_at:
            return []
        self._next_at = now + GRANT_EVERY_S
        said: list[Publish] = []
        is_heard = not hearing.is_blind and now < hearing.doubt_at
        if self._bulk is not None and self._bulk.is_late(now):
            is_heard = False
        has_room = not storing.is_refused and storing.unstored_bytes <= UNSTORED_BYTES
        if is_heard and has_room and takes_backlogs:
            self._grant(said, now)
        for name in list(islice(self._unanswered, SAID_AT_ONCE - len(said))):
            self._say(name, said, now)
        for name, claim in list(islice(self._claims.items(), SAID_AT_ONCE - len(said))):
            if now - claim.said_at < RENEW_EVERY_S:
                break
            self._say(name, said, now)
        return said

    def _follow(self, hearing: Hearing, now: float) -> None:
        """Grant less while the canary takes longer than it did at least, in the last minutes.

        And after each stall of our own process: what came meanwhile waits.
        """
        if hearing.stalls != self._stalls:
            self._stalls = hearing.stalls
            self.share = max(LEAST_SHARE, self.share / 2)
        bulk = self._bulk
        canary = hearing if bulk is None or not bulk.is_separate else bulk
        round_trip_s = canary.round_trip_s
        if canary.returned == self._canaries or round_trip_s is None:
            return
        self._canaries = canary.returned
        if now - self._least_since >= _LEAST_WINDOW_S:
            self._least_before_s, self._least_s = self._least_s, math.inf
            self._least_since = now
        self._least_s = min(self._least_s, round_trip_s)
        if round_trip_s - min(self._least_s, self._least_before_s) > ADDED_S:
            self.share = max(LEAST_SHARE, self.share / 2)
        else:
            self.share = min(1.0, self.share + _MORE_SHARE)

    def _grant(self, said: list[Publish], now: float) -> None:
        """Grant to one host of each venue in turn, as long as there is something to be granted."""
        bucket = self._bucket = self._bucket or _Bucket(now - GRANT_EVERY_S)
        bucket.fill(self.share * ALL_BYTES_PER_S, now)
        passed = 0  # venues in a row that have had enough
        for _ in range(_LOOKS_AT_ONCE):
            if passed >= len(self._lines) or bucket.left <= 0 or len(said) >= SAID_AT_ONCE:
                break
            venue, line = next(iter(self._lines.items()))
            self._lines.move_to_end(venue)
            of_venue = self._buckets.setdefault(venue, _Bucket(now - GRANT_EVERY_S))
            of_venue.fill(VENUE_BYTES_PER_S, now)
            passed += 1
            if of_venue.left > 0 and line:
                passed = 0
                size = self._grant_to(next(iter(line)), said, now)
                bucket.left -= size
                of_venue.left -= size
            if not line:
                self._lines.pop(venue, None)

    def _grant_to(self, name: str, said: list[Publish], now: float) -> int:
        """Grant to the first host of a line; return how much, 0 if it is gone."""
        claim = self._claims[name]
        line = self._lines[claim.venue]
        del line[name]
        size = claim.wanted_bytes
        claim.up_to += size
        if not self._say(name, said, now):
            return 0
        self.granted_bytes += size
        if claim.wanted_bytes:
            line[name] = None
        return size

    def _say(self, name: str, said: list[Publish], now: float) -> bool:
        """Tell a host its grant; return False, and forget it, if it is not there any more."""
        claim = self._claims[name]
        host = claim.host
        if self._fleet.find(name) is not host or host.state in _HEARS_NOTHING:
            self._drop(name)
            return False
        self._unanswered.pop(name, None)
        claim.said_at = now
        self._claims.move_to_end(name)
        topic = topics.topic(host.venue, name, Stream.CMD)
        said.append(Publish(topic, Grant(claim.boot, self._name, claim.up_to)))
        return True

    def _drop(self, name: str) -> None:
        claim = self._claims.pop(name, None)
        if claim is not None:
            self._unanswered.pop(name, None)
            self._lines.get(claim.venue, {}).pop(name, None)


def _copied(claim: _Claim, host: Host) -> _Claim:
    copied = _Claim(host, claim.boot, claim.seen)
    copied.venue, copied.up_to, copied.waiting = claim.venue, claim.up_to, claim.waiting
    copied.said_at = claim.said_at
    return copied
