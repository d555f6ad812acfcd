"""Verdict on a venue's bridge: connected or not, or so unstable that its word counts no more.

A bridge says whether it is connected. What it says has weight: when it is back, hosts behind it
get time, as messages were lost meanwhile; while it is gone, a silence is the venue's. A bridge
that changes its word ``CHANGES`` times within ``WITHIN_S`` would so put verdicts off for ever: it
is told as unstable, and hosts are judged by their own beats, until it has kept its word for
``STEADY_S``. Times are monotonic seconds.
"""

from collections import deque

from aggregator.core.fleet import Venue
from aggregator.core.host import INF
from aggregator.core.incidents.lifecycle import Incidents
from aggregator.core.incidents.record import Subject
from aggregator.core.verdicts.causes import BROKER, Cause, Evidence, Verdict

CHANGES = 6
WITHIN_S = 300.0
STEADY_S = 300.0


def is_trusted(venue: Venue) -> bool:
    """Tell whether what a venue's bridge says counts."""
    return "bridge" not in venue.problems


class Bridges:
    """Begins and ends the incidents of bridges."""

    def __init__(self, incidents: Incidents) -> None:
        self._incidents = incidents
        self._changed_at: dict[str, deque[float]] = {}

    def take(self, venue: Venue, now: float, *, is_connected: bool) -> None:
        """Take in what a bridge says, before it is noted as its last word."""
        if venue.bridge is None or venue.bridge[1] is is_connected:
            return
        changed_at = self._changed_at.setdefault(venue.code, deque([-INF] * CHANGES, CHANGES))
        changed_at.append(now)
        subject = Subject("bridge", venue.code)
        within_s = now - changed_at[0]
        if subject not in self._incidents.open:
            if within_s > WITHIN_S:
                return
            seen = {"changes": CHANGES, "within_s": round(within_s, 3)}
            verdict = Verdict(Cause.BRIDGE_UNSTABLE, (Evidence(now, BROKER, "bridge", seen),))
            self._incidents.begin(subject, verdict, now, since=changed_at[0])
        self._incidents.end_at(subject, now + STEADY_S)
