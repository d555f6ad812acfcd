"""Why a host is down: what its neighbours say, and when to ask them (again).

A verdict that nobody could explain is asked about as soon as somebody of its venue is back who
can say. Times are monotonic seconds.
"""

from aggregator.core.cases import Inquiry, Silence, Votes
from aggregator.core.diagnosis import diagnose
from aggregator.core.events import Event, Subject
from aggregator.core.evidence import Verdict
from aggregator.core.fleet import Fleet, Host
from aggregator.core.incidents import Incidents
from aggregator.core.probes import Probes
from aggregator.core.states import HostState
from venuewatch.base.wire.messages import Probed

UNEXPLAINED = frozenset({"silent", "connection_lost"})
"""The causes that a neighbour's word can make sharper."""


class Inquiries:
    """Asks about hosts that are down, and sharpens their causes. ``events``: where it asks."""

    def __init__(self, fleet: Fleet, incidents: Incidents, events: list[Event]) -> None:
        self._fleet = fleet
        self._incidents = incidents
        self._events = events
        self._probes = Probes()
        self._unexplained: dict[Host, None] = {}  # in the order in which they fell

    def ask(self, host: Host, at: float) -> None:
        """Ask who is heard at its venue; where nobody can be asked, that is evidence, too."""
        inquiry, wanted = self._probes.ask(self._fleet.venues[host.venue], host, at)
        self._events.extend(wanted)
        if inquiry.is_over:
            self._learn(host, inquiry, at)

    def ask_again(self, venue: str, at: float) -> None:
        """Somebody is back at a venue who can say what is with those whom nobody could explain."""
        for host in [host for host in self._unexplained if host.venue == venue]:
            del self._unexplained[host]
            if host.state is HostState.DOWN and host.cause in UNEXPLAINED:
                self.ask(host, at)

    def ask_later(self, host: Host) -> None:
        """Nobody has explained why a host is down: ask as soon as somebody can say."""
        self._unexplained[host] = None

    def forget(self, host: Host) -> None:
        """It is not down any more."""
        self._probes.forget(host)
        self._unexplained.pop(host, None)

    def hear(self, by: Host, probed: Probed, now: float) -> None:
        """A neighbour said whether it reached a silent host."""
        over = self._probes.hear(by, probed, now)
        if over is not None:
            self._learn(*over, now)

    def next_deadline(self) -> float:
        """Return when (s) the next inquiry is over; INF for never."""
        return self._probes.next_deadline()

    def advance(self, now: float) -> None:
        """End the inquiries whose time is over by ``now``."""
        for when, host, inquiry in self._probes.take_over(now):
            self._learn(host, inquiry, when)

    def credit(self, lag_s: float) -> None:
        """Wait longer by what we ourselves were stalled."""
        self._probes.credit(lag_s)

    def _learn(self, host: Host, inquiry: Inquiry, at: float) -> None:
        """The neighbours have spoken, or did not in time: the cause may be sharper now."""
        has_spoken = host.evidence_at is not None and host.evidence_at > host.since
        if host.state is not HostState.DOWN or has_spoken:
            return
        venue = self._fleet.venues[host.venue]
        heard = tuple(other for other in venue.hosts.values() if other.state is HostState.UP)
        case = Silence(at, host, venue, Votes((host,), heard, 0), "unknown", inquiry)
        verdict = diagnose(case)
        if isinstance(verdict, Verdict):
            host.cause = verdict.cause
            if verdict.cause in UNEXPLAINED and host.is_listed and host.address:
                self.ask_later(host)
            self._incidents.sharpen(Subject("host", host.venue, host.name), verdict, at)
