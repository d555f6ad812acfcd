"""Expectation: until when each host may be silent, and every excuse that puts a verdict off.

The base is the last evidence plus interval plus margin; a beat sets it by itself (``liveness.py``).
Everything else that moves a deadline is an excuse, and passes through here:

===========  ===============================  =====================================  ==============
reason       granted to                       effect                                 ends
===========  ===============================  =====================================  ==============
STALL        everybody                        every deadline moves by the stall      at once
DOUBT        everybody                        nothing is decided; then as a stall    own tick back
BLIND        everybody                        nothing is due; held wills are void    we hear again
START        hosts not heard yet              silence is judged after the grace      own beat
RETURN       everybody                        as START; wills do not count           echo, or grace
CUT          hosts of a venue that was cut    as RETURN                              echo, or grace
SILENCE      a host that was down and beats   wills do not count                     echo, or grace
BRIDGE       living hosts behind a bridge     as if each had just been heard         own beat
TWIN         a host with two agents           wills do not count; silence waits      its end
VOTES        a host whose venue is overdue    silence waits 0.2 s                    its end
HUNG_UP      hosts that hung up together      neither silence nor will is judged     own birth, end
STARVED      a host whose agent gets no CPU   neither silence nor will is judged     its end
===========  ===============================  =====================================  ==============

A will that comes while wills do not count shows only that its host has to find its way back. The
grace is the host's own: the longest wait between two attempts that its agent announced, up to
``reconnect_limit_s``, plus its margin, plus 5 s.

None of them can go on for ever without a word. STALL, DOUBT and BLIND are spells without verdicts
(``suspension.py``), told when they add up to 3 s. START and RETURN are told when they are begun
again before they are over, and last longer than they promised. BRIDGE is told where a bridge
alternates. VOTES ends with the next beat of any other host of the venue, or when the last of them
is due. The others are of one host, or of a venue with an incident. Times are monotonic seconds.
"""

from collections import deque
from collections.abc import Collection, Iterable, Iterator
from itertools import islice

from aggregator.core.budget import Budget
from aggregator.core.deadlines import Deadlines
from aggregator.core.fleet import Fleet
from aggregator.core.host import INF, Host
from aggregator.core.margins import LONG_WAY_S
from aggregator.core.slices import HOSTS_AT_ONCE
from aggregator.core.states import ALIVE, HostState
from aggregator.core.suspension import Grace
from aggregator.core.verdicts.causes import Excuse, Reason

RECONNECT_LIMIT_S = 60.0
"""The longest wait (s) between two attempts of an agent that the grace allows for."""

GRACE_EXTRA_S = 5.0
"""How long (s) beyond the longest wait and the margin a host may take to be back."""

_CREDITS_KEPT = 20
_GONE = frozenset({HostState.AWAY, HostState.DOWN})
_ENDED_BY_BEAT = frozenset({Reason.START, Reason.BRIDGE})
_ENDED_BY_ECHO = frozenset({Reason.RETURN, Reason.CUT, Reason.SILENCE})


def will_hold(round_trip_s: float | None) -> float:
    """Return how long (s) a will is held before it is believed.

    At a takeover the old session's will arrives before the new session's birth, and a stopping
    broker sends every will before it closes; both show themselves within this time.
    ``round_trip_s`` is the host's own, None if not yet measured. On a long way the new birth,
    which follows a round trip after the will, is given one retransmission: after the first
    measurement R of a connection that takes R + 4 x R/2 (RFC 6298, 2.2).
    """
    trip_s = round_trip_s or 0.0
    if trip_s > LONG_WAY_S:
        return 4.0 * trip_s + 0.2
    return max(0.2, 2.0 * trip_s)


class Expectation:
    """The deadlines of a fleet, and the excuses that move them.

    Attributes:
        deadlines: the queue of all that is due.
        budget: how much hosts may send; time that was not read is credited there, too.
        reconnect_limit_s: the longest wait (s) between two attempts that the grace allows for.
        credits: the latest excuses of everybody, oldest first.
        grace: what the present grace promised.
    """

    def __init__(self, fleet: Fleet, *, reconnect_limit_s: float) -> None:
        self._fleet = fleet
        self.reconnect_limit_s = reconnect_limit_s
        self._blind_since: float | None = None
        self._grace_began: tuple[float, Reason] | None = None
        self._was_waiting = False
        self.grace = Grace()
        self.deadlines = Deadlines(fleet)
        self.budget = Budget()
        self.credits: deque[Excuse] = deque(maxlen=_CREDITS_KEPT)

    def grace_s(self, host: Host) -> float:
        """Return how long (s) ``host`` may take to find its way back to us."""
        reconnect_s = min(host.reconnect_max_s, self.reconnect_limit_s)
        return max(reconnect_s + GRACE_EXTRA_S + host.margin_s, host.announced_allowance_s)

    def is_over_limit(self, host: Host) -> bool:
        """Tell whether its agent may stay away for longer than the grace allows for."""
        return host.reconnect_max_s > self.reconnect_limit_s

    def excuses_of(self, host: Host, at: float) -> list[Excuse]:
        """Return what has put a verdict on ``host``'s present silence off, as of ``at``."""
        since = -INF if host.evidence_at is None else host.evidence_at
        found = [excuse for excuse in self.credits if excuse.until > since]
        excuse = host.excuse
        if excuse is not None and since < excuse.until and excuse.since <= at:
            found += [] if _is_ended_by_beat(host, excuse) else [excuse]
        return found

    @property
    def is_waiting(self) -> bool:
        """Whether a host has still to find its way to us, or to be judged.

        One that the inventory has only since the grace began keeps nobody waiting.
        """
        return any(
            venue.counts[HostState.UNKNOWN] and any(map(self._is_awaited, venue.hosts.values()))
            for venue in self._fleet.venues.values()
        )

    def excuses_now(self, now: float) -> list[tuple[Host | None, Excuse]]:
        """Return what puts verdicts off now, of everybody (None) and of single hosts."""
        found: list[tuple[Host | None, Excuse]] = []
        if self._blind_since is not None:
            found.append((None, Excuse(Reason.BLIND, self._blind_since, INF)))
        return found + [
            (host, host.excuse)
            for host in self._fleet
            if host.excuse is not None
            and host.excuse.until > now
            and not _is_ended_by_beat(host, host.excuse)
        ]

    def credit(self, start: float, end: float, reason: Reason) -> Iterator[None]:
        """Move every deadline by the time from ``start`` to ``end``: nobody could be heard.

        It yields after each few hosts. Nothing else may be done before its end.
        """
        credit_s = end - start
        for number, host in enumerate(self._fleet, 1):
            if number % HOSTS_AT_ONCE == 0:
                yield
            host.deadline += credit_s
            host.will_due += credit_s
            host.wills_count_from += credit_s
            host.put_off_until += credit_s
            if host.excuse is not None and host.excuse.until > start:
                host.excuse = host.excuse._replace(until=host.excuse.until + credit_s)
        if self._grace_began is not None:
            began, reason_of_grace = self._grace_began
            self._grace_began = began + credit_s, reason_of_grace
        self.credits.append(Excuse(reason, start, end))
        self.budget.credit(start, end)
        yield from self.deadlines.queue_all()

    def suspend(self, since: float) -> None:
        """Expect nothing of anybody: we hear nothing. Call :meth:`requeue` after the last change.

        Held wills are void.
        """
        self.deadlines.is_blind = True
        if self._blind_since is None:
            self._blind_since = since
            self._was_waiting = self.is_waiting
        self.void_wills(self._fleet)

    def requeue(self) -> None:
        """Sort all deadlines anew, after many hosts have changed."""
        deque(self.deadlines.queue_all(), maxlen=0)

    def resume(self, now: float, *, is_return: bool) -> Iterator[None]:
        """Expect every host within its grace: we hear (again). ``is_return``: we did before.

        It yields after each few hosts. Nothing else may be done before its end.
        """
        reason = Reason.RETURN if is_return else Reason.START
        if self._blind_since is not None:
            self.credits.append(Excuse(Reason.BLIND, self._blind_since, now))
            self.budget.credit(self._blind_since, now)
            self._blind_since = None
        self.deadlines.is_blind = False
        self._grace_began = now, reason
        last_ends = now
        for number, host in enumerate(self._fleet, 1):
            if number % HOSTS_AT_ONCE == 0:
                yield
            grace_ends = now + self.grace_s(host)
            last_ends = max(last_ends, grace_ends)
            if host.state is HostState.UNKNOWN:
                host.deadline = grace_ends
            elif host.state in _GONE:
                host.deadline = max(host.deadline, grace_ends)
            elif host.state in ALIVE:  # heard before the subscription was acknowledged
                host.deadline = now + host.allowance_s
            elif host.state is HostState.UNREACHABLE and host.deadline < INF:
                host.deadline = grace_ends
            self._note(host, Excuse(reason, now, grace_ends))
        self.grace.begin(now, last_ends, is_renewed=self._was_waiting)
        yield from self.deadlines.queue_all()
        hosts = iter(self._fleet if is_return else ())
        while some := list(islice(hosts, HOSTS_AT_ONCE)):
            yield
            self._ignore_wills(some, reason, now, now)

    def expect_back(self, hosts: Iterable[Host], at: float) -> None:
        """Grant unreachable hosts their grace: the way to their venue is back, or may be."""
        for host in hosts:
            if host.state is HostState.UNREACHABLE:
                host.deadline = at + self.grace_s(host)
                self._note(host, Excuse(Reason.CUT, at, host.deadline))
                self.deadlines.queue(host)

    def end_cut(self, hosts: Collection[Host], cut_at: float, at: float) -> None:
        """Grant the hosts of a venue, cut off since ``cut_at``, their grace to find their way."""
        self.expect_back(hosts, at)
        self._ignore_wills(hosts, Reason.CUT, cut_at, at)

    def end_silence(self, host: Host, down_since: float, at: float) -> None:
        """Let wills not count of a host that beats again: its beats may arrive before our ticks."""
        self._ignore_wills([host], Reason.SILENCE, down_since, at)

    def contest(self, host: Host, at: float, until: float) -> None:
        """Let wills of a host not count until ``until``: two agents have its name."""
        self._note(host, Excuse(Reason.TWIN, at, until))
        host.wills_count_from = max(host.wills_count_from, until)

    def end_by_echo(self, host: Host, sent_at: float, now: float) -> None:
        """Let wills count again: the host echoes a tick sent at ``sent_at``, so both ways work.

        An agent hangs up when it has received nothing for long. One that received a tick which was
        sent after the way was cut does not, on that connection.
        """
        excuse = host.excuse
        if excuse is not None and self._ends_early(host, excuse) and sent_at > excuse.since:
            host.excuse = excuse._replace(until=now)
            host.wills_count_from = now

    def excuses_will(self, host: Host, now: float) -> bool:
        """Tell whether a will of ``host`` shows only that it has to find its way back.

        It does not if its session began after the way was back: nobody hung that up in the cut.
        """
        excuse = host.excuse
        if now >= host.wills_count_from or excuse is None:
            return False
        return not (self._ends_early(host, excuse) and host.session_began_at > excuse.since)

    def await_return(self, host: Host, now: float) -> None:
        """Grant a living host its grace: a will came that does not count."""
        host.deadline = max(host.deadline, now + self.grace_s(host))

    def await_announced(self, host: Host, now: float) -> None:
        """Allow an unknown host what its birth, which came just now, announces."""
        assert host.birth is not None  # noqa: S101 - its birth came
        expected = now + host.birth.interval_s + host.margin_s
        if self._grace_began is not None and not self._is_new(host):
            began, reason = self._grace_began
            expected = max(expected, began + self.grace_s(host))
            self._note(host, Excuse(reason, began, expected))
        host.deadline = max(host.deadline, expected)

    def expect_new(self, host: Host, now: float) -> None:
        """Expect a host that the inventory has only now within its grace."""
        if not self.deadlines.is_blind:
            host.deadline = now + self.grace_s(host)
            self._note(host, Excuse(Reason.START, now, host.deadline))
            self.deadlines.queue(host)

    def begin_anew(self, hosts: Iterable[Host], at: float) -> None:
        """Expect of living hosts no more than if they had just been heard."""
        for host in hosts:
            if host.state in ALIVE:
                host.deadline = max(host.deadline, at + host.allowance_s)
                self._note(host, Excuse(Reason.BRIDGE, at, host.deadline))

    def put_off(self, host: Host, excuse: Excuse) -> None:
        """Give no verdict on ``host`` before the excuse ends, whatever is due of it."""
        host.put_off_until = excuse.until
        before = host.excuse
        if before is not None and before.reason is excuse.reason and before.until >= excuse.since:
            excuse = excuse._replace(since=before.since)
        self._note(host, excuse)

    def put_off_hung_up(self, host: Host, until: float) -> None:
        """Give no verdict on a living host before ``until``: it hung up together with others."""
        if host.put_off_until < until:
            self.put_off(host, Excuse(Reason.HUNG_UP, host.hung_up_at, until))

    def end_hung_up(self, host: Host, now: float, *, within_s: float = 0.0) -> None:
        """Judge a host that hung up with others again, in ``within_s`` (s): it has been back."""
        excuse = host.excuse
        if excuse is None or excuse.reason is not Reason.HUNG_UP or excuse.until <= now:
            return
        if host.put_off_until == excuse.until:
            host.put_off_until = now + within_s
            self.deadlines.queue(host)
        host.excuse = excuse._replace(until=now + within_s)

    def put_off_starved(self, names: Iterable[str], since: float, until: float) -> None:
        """Give no verdict on hosts before ``until``: since ``since`` their agents get no CPU."""
        for host in map(self._fleet.find, names):
            if host is not None and host.put_off_until < until:
                self.put_off(host, Excuse(Reason.STARVED, since, until))

    def expect(self, host: Host, interval_s: float, margin_s: float, now: float) -> None:
        """Expect a beat of ``host`` every ``interval_s``, late by up to ``margin_s``.

        A host that is overdue by that may be so for the margin, from now.
        """
        allowance_s = interval_s + margin_s
        if (margin_s, allowance_s) == (host.margin_s, host.allowance_s):
            return
        host.margin_s = margin_s
        if host.state in ALIVE:
            deadline = host.deadline + allowance_s - host.allowance_s
            host.deadline = max(deadline, now + host.margin_s)
        host.allowance_s = allowance_s
        self.deadlines.queue(host)

    def _ignore_wills(self, hosts: Iterable[Host], reason: Reason, since: float, at: float) -> None:
        for host in hosts:
            end = at + self.grace_s(host)
            self._note(host, Excuse(reason, since, end))
            host.wills_count_from = max(host.wills_count_from, end)
            if host.closed_at is not None and host.state in ALIVE:
                host.deadline = max(host.deadline, host.wills_count_from)

    def _is_awaited(self, host: Host) -> bool:
        return host.state is HostState.UNKNOWN and not self._is_new(host)

    def _is_new(self, host: Host) -> bool:
        """Tell whether the inventory has a host only since the last grace began."""
        if host.excuse is None or host.excuse.reason is not Reason.START:
            return False
        return self._grace_began is not None and host.excuse.since > self._grace_began[0]

    @staticmethod
    def _ends_early(host: Host, excuse: Excuse) -> bool:
        return excuse.reason in _ENDED_BY_ECHO and "identity" not in host.problems

    @staticmethod
    def void_wills(hosts: Iterable[Host]) -> None:
        """Believe no held will of ``hosts``; of a host that is down already it stays evidence."""
        down = HostState.DOWN  # an enum's member costs a look-up each time (until 3.12)
        for host in hosts:
            host.will_due = INF
            if host.state is not down:
                host.closed_at = None

    @staticmethod
    def _note(host: Host, excuse: Excuse) -> None:
        known = host.excuse
        if known is None or excuse.until >= known.until or _is_ended_by_beat(host, known):
            host.excuse = excuse


def _is_ended_by_beat(host: Host, excuse: Excuse) -> bool:
    is_heard = host.evidence_at is not None and host.evidence_at > excuse.since
    return is_heard and excuse.reason in _ENDED_BY_BEAT
