"""Blindness as an incident of the centre: when it is told, what is known of it, and its end.

Two ways lead to it. We can't hear, as ``hearing`` has it. Or our own ticks come back, and no host
at all was heard since we hear: a broker may let us connect, and not read. The latter suspends no
verdict, since there is nobody to judge. Times are monotonic seconds.
"""

from aggregator.core.connections import Connections
from aggregator.core.fleet import Fleet
from aggregator.core.hearing import Hearing
from aggregator.core.incidents.lifecycle import Incidents
from aggregator.core.incidents.record import Subject
from aggregator.core.states import HostState
from aggregator.core.verdicts import centre as centre_verdict
from aggregator.core.verdicts.causes import Cause
from aggregator.core.verdicts.centre import Blindness
from aggregator.core.verdicts.loudness import Loudness

CENTRE = Subject("centre")


class BlindnessIncident:
    """Begins and ends the incident of our own hearing."""

    def __init__(
        self,
        fleet: Fleet,
        hearing: Hearing,
        connections: Connections,
        incidents: Incidents,
        loudness: Loudness,
    ) -> None:
        self._fleet = fleet
        self._hearing = hearing
        self._connections = connections
        self._incidents = incidents
        self._loudness = loudness
        self._is_nobody_heard = False

    def tell(self, blindness: Blindness, at: float) -> None:
        """Open it, or keep what more is known of it."""
        found = centre_verdict.judge(blindness, self._connections.ends.evidence(at))
        verdict = self._loudness.beside(found, at)
        self._incidents.begin(CENTRE, verdict, at, since=blindness.since, again=blindness.again)

    def port_said(self, at: float) -> None:
        """Tell more if it is open: the broker's port was tried."""
        known = self._incidents.open.get(CENTRE)
        is_open = known is not None and known.cause is Cause.AGGREGATOR_BLIND
        if is_open and (blindness := self._hearing.blindness(at)) is not None:
            self.tell(blindness, at)

    def look_for_anybody(self, hears_since: float, now: float) -> None:
        """Tell, once, that nobody was heard of a fleet that is expected; end it with a beat.

        Every host has had its grace by ``now``. ``hears_since``: since when (s) we hear.
        """
        is_nobody = self._fleet.heard_at < hears_since and any(
            venue.counts[HostState.UNSEEN] for venue in self._fleet.venues.values()
        )
        if is_nobody is self._is_nobody_heard:
            return
        self._is_nobody_heard = is_nobody
        if is_nobody:
            verdict = centre_verdict.nobody_heard(hears_since)
            self._incidents.begin(CENTRE, verdict, now, since=hears_since)
        else:
            self._incidents.end(CENTRE, now)

    def follow(self, now: float, *, is_over: bool) -> None:
        """Name in an open one who is loud; end it if our ticks have come back in time, for long."""
        if CENTRE in self._incidents.open:
            is_over = is_over and not self._is_nobody_heard
            self._loudness.follow(CENTRE, now, is_over=is_over)
