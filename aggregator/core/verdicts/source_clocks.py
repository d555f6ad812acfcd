"""Verdict on the clocks of sources of results: their dates and times are wrong, lastingly.

A check judges the data of its source as by the right clock, and says how far that clock is off. It
is wrong after three readings in a row over its limit, and right again with the first below half of
that. A source in another zone, or a queue that all its messages wait in, is found likewise. Where
nothing is known, nothing changes. Times are monotonic seconds.
"""

from typing import Final

from aggregator.core.host import Host
from aggregator.core.incidents.lifecycle import Incidents
from aggregator.core.incidents.record import Incident, Subject
from aggregator.core.verdicts.causes import Cause, Evidence, Scalar, Verdict
from aggregator.core.verdicts.unsaid import Unsaid, counts
from venuewatch.base.wire.messages import CheckReading

IN_A_ROW: Final = 3
"""How many readings in a row have to be over the limit."""

LIMIT_S: Final = 60.0
"""The limit (s) of a check that does not say its own."""

_UNKNOWN_EVERY_S = 300.0  # of an incident of another version, which does not say


class _Clock:
    """A clock that was over its limit when it was last read, or of which an incident is open."""

    __slots__ = ("row", "unsaid")

    def __init__(self, every_s: float) -> None:
        self.row = 0
        self.unsaid = Unsaid(every_s)


class SourceClocks:
    """Begins and ends the incidents of the clocks of sources."""

    def __init__(self, incidents: Incidents) -> None:
        self._incidents = incidents
        self._wrong: dict[str, dict[Subject, _Clock]] = {}

    def take(self, host: Host, reading: CheckReading, now: float) -> None:
        """Take a live reading: it counts if it is the latest of a check that is known."""
        if not counts(host, reading, now):
            return
        subject = Subject("source", host.venue, host.name, reading.check)
        clock = self._wrong.get(host.name, {}).get(subject)
        if clock is not None:
            clock.unsaid.mention()
        offset_s = reading.values.results_clock_offset_seconds
        if offset_s is None:
            return
        limit_s = reading.values.results_clock_limit_seconds or LIMIT_S
        if abs(offset_s) > limit_s:
            clock = clock or self._keep(subject, reading.every_s)
            clock.row += 1
            if clock.row >= IN_A_ROW and subject not in self._incidents.open:
                self._begin(subject, reading, offset_s, limit_s, now)
        elif clock is not None:
            clock.row = 0
            if abs(offset_s) < limit_s / 2:
                self._incidents.end(subject, now)
            if subject not in self._incidents.open:
                self._drop(subject)

    def take_vitals(self, host: Host, now: float) -> None:
        """Note live vitals of a host: what it has not mentioned for long is over."""
        clocks = self._wrong.get(host.name)
        if clocks is None or host.birth is None:
            return
        for subject, clock in list(clocks.items()):
            if clock.unsaid.take_vitals(host.birth.vitals_every_s):
                self.forget(host, subject.check, now)

    def forget(self, host: Host, check: str, now: float) -> None:
        """End what is known of a check that its host says nothing of any more."""
        subject = Subject("source", host.venue, host.name, check)
        self._incidents.end(subject, now)
        self._drop(subject)

    def forget_host(self, host: Host) -> None:
        """Know nothing of the sources of a host that is watched no more."""
        self._wrong.pop(host.name, None)

    def restore(self, incident: Incident) -> None:
        """Take over an open incident of an earlier process."""
        said = incident.evidence[-1].detail.get("every_s") if incident.evidence else None
        every_s = said if isinstance(said, float) else _UNKNOWN_EVERY_S
        self._keep(incident.subject, every_s).row = IN_A_ROW

    def _begin(
        self, subject: Subject, reading: CheckReading, offset_s: float, limit_s: float, now: float
    ) -> None:
        detail: dict[str, Scalar] = {
            "kind": reading.kind,
            "says": reading.detail,
            "every_s": reading.every_s,
            "offset_s": offset_s,
            "limit_s": limit_s,
        }
        seen = Evidence(now, subject.host, "reading", detail)
        self._incidents.begin(subject, Verdict(Cause.RESULTS_CLOCK, (seen,)), now)

    def _keep(self, subject: Subject, every_s: float) -> _Clock:
        clock = self._wrong.setdefault(subject.host, {})[subject] = _Clock(every_s)
        return clock

    def _drop(self, subject: Subject) -> None:
        clocks = self._wrong.get(subject.host, {})
        if clocks.pop(subject, None) is not None and not clocks:
            del self._wrong[subject.host]
