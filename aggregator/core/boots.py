"""Boots: which run of an agent beats under a host's name, and how often it said it would.

A boot id is random per process of an agent. One that we do not know is given so long an interval
that nobody is accused, and is asked for its birth.
"""

from typing import NamedTuple

from aggregator.core.deadlines import Deadlines
from aggregator.core.events import BirthWanted, Event
from aggregator.core.fleet import UNANNOUNCED_INTERVAL_S, Host, Presence, Venue
from aggregator.core.states import ALIVE
from venuewatch.base.wire.messages import Beat, Birth

_ASK_EVERY_S = 5.0
_FORMER = 4


class BootReturned(NamedTuple):
    """A boot beats again under a host's name after ``between`` had beaten under it."""

    host: Host
    returned: str
    between: str


class Boots:
    """Keeps each host's boot and interval.

    Attributes:
        returned: which boots came back; whoever judges them takes them out.
    """

    def __init__(self, deadlines: Deadlines, events: list[Event]) -> None:
        self._deadlines = deadlines
        self._events = events
        self.returned: list[BootReturned] = []

    def begin(self, host: Host, beat: Beat, now: float) -> None:
        """Take in the first beat of another boot than the last."""
        if host.boot:
            host.restarts += 1
            if beat.boot in host.former_boots:
                self.returned.append(BootReturned(host, beat.boot, host.boot))
            host.former_boots = (*host.former_boots[1 - _FORMER :], host.boot)
            host.boot_heard_at = now  # the first one may have lived before we did
        host.boot = beat.boot
        host.steady = 0
        host.presence = Presence()
        interval_s = UNANNOUNCED_INTERVAL_S
        if host.birth is not None and host.birth.boot == beat.boot:
            interval_s = host.birth.interval_s
            host.margin_s = host.margin_announced_by(host.birth)
        host.allowance_s = interval_s + host.margin_s

    def take_announced(self, host: Host, birth: Birth, now: float) -> None:
        """Learn how often a host beats, and how late; what is overdue by that may be so anew."""
        self._expect(host, birth.interval_s, host.margin_announced_by(birth), now)

    def take_bridge(self, venue: Venue, now: float) -> None:
        """Learn that a venue's hosts speak through its own broker: its one uplink is stock TCP."""
        venue.margin_s = venue.stock_margin_s
        for host in venue.hosts.values():
            host.thin_margin_s = host.stock_margin_s
            self._expect(host, host.interval_s, host.stock_margin_s, now)

    def ask_for_birth(self, host: Host, now: float) -> None:
        """Ask for the birth of a boot that we do not know, now and then."""
        if now - host.birth_asked_at >= _ASK_EVERY_S:
            host.birth_asked_at = now
            self._events.append(BirthWanted(now, host.venue, host.name))

    def _expect(self, host: Host, interval_s: float, margin_s: float, now: float) -> None:
        allowance_s = interval_s + margin_s
        if (margin_s, allowance_s) == (host.margin_s, host.allowance_s):
            return
        host.margin_s = margin_s
        if host.state in ALIVE:
            deadline = host.deadline + allowance_s - host.allowance_s
            host.deadline = max(deadline, now + host.margin_s)
        host.allowance_s = allowance_s
        self._deadlines.queue(host)
