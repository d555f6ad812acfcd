"""Results feeds that are not well, by what their checks say, host by host.

An incident ends when its check says that all is well, or when its agent goes on speaking and does
not mention that check any more: it is not configured now. Times are monotonic seconds.
"""

from aggregator.core.cases import Feed
from aggregator.core.diagnosis import diagnose
from aggregator.core.events import Incident, Subject
from aggregator.core.evidence import Verdict
from aggregator.core.fleet import Host
from aggregator.core.incidents import Incidents
from venuewatch.base.wire.checks import WELL
from venuewatch.base.wire.messages import CheckReading

UNSAID_PERIODS = 3.5
"""How many periods old a check's word may be, and an agent speak without mentioning the check."""

UNSAID_LEAST_S = 60.0
"""And for how long (s) at least."""

_STEADY = 3
_BAD = frozenset({"frozen", "delayed", "silent", "redundancy_lost"})
_WELL = WELL - _BAD
_UNKNOWN_EVERY_S = 300.0  # of an incident of an earlier version, which does not say


class _Unwell:
    """A check that was not well: how often it speaks (s), and the vitals heard since it did."""

    __slots__ = ("every_s", "vitals")

    def __init__(self, every_s: float) -> None:
        self.every_s = every_s
        self.vitals = 0


class Feeds:
    """Begins and ends the incidents of results feeds."""

    def __init__(self, incidents: Incidents) -> None:
        self._incidents = incidents
        self._unwell: dict[str, dict[Subject, _Unwell]] = {}

    def hear(self, host: Host, reading: CheckReading, now: float) -> None:
        """A check has spoken, live: that counts if it is the latest of a check that is known.

        That it can't tell how its feed is ends nothing. What waited for long says nothing of now.
        """
        known = host.checks.get(reading.check)
        if known is None or known.reading is not reading:
            return
        if now - known.at > _patience_s(reading.every_s):
            return
        subject = Subject("feed", host.venue, host.name, reading.check)
        if reading.state in _BAD:
            verdict = diagnose(Feed(now, host, reading))
            if isinstance(verdict, Verdict):
                self._incidents.begin(subject, verdict, now)
                self._unwell.setdefault(host.name, {})[subject] = _Unwell(reading.every_s)
            return
        unwell = self._unwell.get(host.name, {}).get(subject)
        if unwell is not None:
            unwell.vitals = 0
        if reading.state in _WELL and not self._incidents.is_ending(subject):
            self._incidents.end_at(subject, now + _STEADY * host.interval_s)

    def hear_vitals(self, host: Host, now: float) -> None:
        """A host has spoken of itself, live: what it has not mentioned for long is over."""
        feeds = self._unwell.get(host.name)
        if feeds is None or host.birth is None:
            return
        for subject, unwell in list(feeds.items()):
            unsaid_s = unwell.vitals * host.birth.vitals_every_s  # the first may be just behind it
            unwell.vitals += 1
            if subject not in self._incidents.open:
                del feeds[subject]
            elif unsaid_s > _patience_s(unwell.every_s):
                self._incidents.end(subject, now)
                del feeds[subject]
        if not feeds:
            del self._unwell[host.name]

    def restore(self, incident: Incident) -> None:
        """Take over an open incident of an earlier process."""
        said = [seen.detail.get("every_s") for seen in incident.evidence]
        periods = [every_s for every_s in said if isinstance(every_s, float)]
        feeds = self._unwell.setdefault(incident.subject.host, {})
        feeds[incident.subject] = _Unwell(periods[-1] if periods else _UNKNOWN_EVERY_S)


def _patience_s(every_s: float) -> float:
    return max(UNSAID_LEAST_S, UNSAID_PERIODS * every_s)
