"""What follows from a host's change: incidents, questions to its neighbours, and leniency.

A host that falls has an incident of its own, or is a child of its venue's. A host that is back in
sight shows that the way to its venue is there again. Times are monotonic seconds.
"""

from aggregator.core.cases import Silence
from aggregator.core.census import cut_off
from aggregator.core.detector import Detector
from aggregator.core.events import HostChanged, Subject
from aggregator.core.evidence import Verdict
from aggregator.core.fleet import Fleet, Host
from aggregator.core.incidents import Incidents
from aggregator.core.inquiries import UNEXPLAINED, Inquiries
from aggregator.core.states import ALIVE, HostState

_OUT_OF_SIGHT = frozenset(HostState) - ALIVE


class Aftermath:
    """Folds what the detector decides into incidents."""

    def __init__(
        self, fleet: Fleet, detector: Detector, incidents: Incidents, inquiries: Inquiries
    ) -> None:
        self._fleet = fleet
        self._detector = detector
        self._leniency = detector.leniency
        self._incidents = incidents
        self._inquiries = inquiries

    def take(self, host: Host, change: HostChanged, verdict: Verdict | None) -> None:
        """Fold a change into its incident, and ask the neighbours of who has just fallen."""
        at = change.at
        subject = Subject("host", host.venue, host.name)
        if change.after is HostState.DOWN and verdict is not None:
            self._incidents.fall(subject, verdict, at, silent_since=host.evidence_at)
            if verdict.cause in UNEXPLAINED:
                self._inquiries.ask(host, at)
        elif change.before is HostState.DOWN:
            self._inquiries.forget(host)
            self._incidents.rise(subject, at)
        if change.after is HostState.AWAY:
            self._incidents.leave(host, at)
        if change.before in _OUT_OF_SIGHT:
            self._return_of(host, change)
            if change.after is HostState.UP:
                self._inquiries.ask_again(host.venue, at)

    def cut(self, case: Silence, verdict: Verdict, at: float) -> None:
        """Cut a venue off: one incident, and its hosts are children of it."""
        last = [host.evidence_at for host in case.votes.silent if host.evidence_at is not None]
        cut = cut_off(case)
        names = [host.name for host in cut]
        subject = Subject("venue", case.venue.code)
        self._detector.cut(cut, verdict, at)
        if subject in self._incidents.open and self._incidents.is_fallen(subject):
            self._incidents.adopt(subject, names)
        else:
            self._incidents.fall(
                subject, verdict, at, silent_since=max(last, default=None), children=names
            )

    def _return_of(self, host: Host, change: HostChanged) -> None:
        """A host is back in sight: the way to its venue is, too."""
        venue = self._fleet.venues[host.venue]
        subject = Subject("venue", venue.code)
        is_back = change.after is HostState.UP
        is_last = not venue.counts[HostState.UNREACHABLE]
        if not self._incidents.is_fallen(subject):
            return
        if is_back or (is_last and change.before is HostState.UNREACHABLE):
            self._incidents.rise(subject, change.at)
            self._leniency.expect_back(venue.hosts.values(), change.at)
            self._leniency.excuse(venue.hosts.values(), change.at)
