"""Verdict on results feeds, by what the checks of a living host say of them.

==================  ==================
state of the check  cause
==================  ==================
frozen              results_frozen
delayed             results_delayed
silent              results_silent
redundancy_lost     redundancy_lost
critical, twice     results_unreadable
==================  ==================

The last row is for the kinds that read results themselves. Of any other kind, ``critical`` is a
failed check (``checks.py``).

A feed that fails again and again is damped (``incidents/lifecycle.py``).

An incident ends when its check says that all is well, or when its agent goes on sending and does
not mention that check any more: it is not configured now. ``unknown`` does not close an incident.
Old readings are ignored. Times are monotonic seconds.
"""

from collections.abc import Mapping
from typing import Final

from aggregator.core.host import Host
from aggregator.core.incidents.lifecycle import Incidents
from aggregator.core.incidents.record import Incident, Subject
from aggregator.core.verdicts.causes import Cause, Evidence, Scalar, Verdict
from aggregator.core.verdicts.unsaid import Unsaid, counts
from venuewatch.base.wire.checks import WELL, CheckState
from venuewatch.base.wire.messages import CheckReading

CAUSES: Final[Mapping[CheckState, Cause]] = {
    "frozen": Cause.RESULTS_FROZEN,
    "delayed": Cause.RESULTS_DELAYED,
    "silent": Cause.RESULTS_SILENT,
    "redundancy_lost": Cause.REDUNDANCY_LOST,
}

READERS: Final = frozenset({"feed", "line", "push", "stream"})
"""The kinds that read results themselves."""

UNREADABLE_IN_A_ROW: Final = 2
"""How many readings of such a check have to be critical in a row."""

EVIDENCE_EVERY_S = 10.0
"""How often (s) a reading that says the same is kept as evidence, after the first ten."""

_EVIDENCE_FIRST = 10
_STEADY = 3
_WELL = WELL - CAUSES.keys()
_UNKNOWN_EVERY_S = 300.0  # of an incident of an earlier version, which does not say


class Feeds:
    """Begins and ends the incidents of results feeds."""

    def __init__(self, incidents: Incidents) -> None:
        self._incidents = incidents
        self._unwell: dict[str, dict[Subject, Unsaid]] = {}
        self._critical: dict[str, dict[str, int]] = {}

    def take(self, host: Host, reading: CheckReading, now: float) -> None:
        """Take a live reading: it counts if it is the latest of a check that is known."""
        if not counts(host, reading, now):
            return
        subject = Subject("feed", host.venue, host.name, reading.check)
        cause = CAUSES.get(reading.state)
        if self._is_unreadable(host, reading):
            cause = Cause.RESULTS_UNREADABLE
        if cause is not None:
            self._note(subject, cause, _said(host, reading, now))
            self._unwell.setdefault(host.name, {})[subject] = Unsaid(reading.every_s)
            return
        unwell = self._unwell.get(host.name, {}).get(subject)
        if unwell is not None:
            unwell.mention()
        if reading.state in _WELL and not self._incidents.is_ending(subject):
            self._incidents.end_at(subject, now + _STEADY * host.interval_s)

    def _is_unreadable(self, host: Host, reading: CheckReading) -> bool:
        """Count critical readings in a row of a check that reads results."""
        rows = self._critical.get(host.name, {})
        if reading.kind not in READERS or reading.state != "critical":
            if rows.pop(reading.check, None) is not None and not rows:
                del self._critical[host.name]
            return False
        rows = {name: row for name, row in rows.items() if name in host.checks}
        rows[reading.check] = row = rows.get(reading.check, 0) + 1
        self._critical[host.name] = rows
        return row >= UNREADABLE_IN_A_ROW

    def _note(self, subject: Subject, cause: Cause, said: Evidence) -> None:
        """Begin the incident, or go on with it: most readings of one say the same."""
        known = self._incidents.open.get(subject)
        if known is not None and known.cause is cause and self._is_known(known, said.at):
            return
        self._incidents.begin(subject, Verdict(cause, (said,)), said.at)

    def _is_known(self, incident: Incident, at: float) -> bool:
        """Tell whether a reading that says the same adds nothing: it would be stored each time."""
        subject, evidence = incident.subject, incident.evidence
        if not self._incidents.is_fallen(subject) or self._incidents.is_ending(subject):
            return False
        return len(evidence) >= _EVIDENCE_FIRST and at < evidence[-1].at + EVIDENCE_EVERY_S

    def take_vitals(self, host: Host, now: float) -> None:
        """Note live vitals of a host: what it has not mentioned for long is over."""
        feeds = self._unwell.get(host.name)
        if feeds is None or host.birth is None:
            return
        for subject, unwell in list(feeds.items()):
            is_unsaid = unwell.take_vitals(host.birth.vitals_every_s)
            if is_unsaid:
                self._incidents.end(subject, now)
            if is_unsaid or subject not in self._incidents.open:
                del feeds[subject]
        if not feeds:
            del self._unwell[host.name]

    def forget(self, host: Host, check: str, now: float) -> None:
        """End what is known of a check that lost its place: its host says nothing of it."""
        self._incidents.end(Subject("feed", host.venue, host.name, check), now)

    def forget_host(self, host: Host) -> None:
        """Know nothing of the feeds of a host that is watched no more."""
        self._unwell.pop(host.name, None)
        self._critical.pop(host.name, None)

    def restore(self, incident: Incident) -> None:
        """Take over an open incident of an earlier process."""
        said = [seen.detail.get("every_s") for seen in incident.evidence]
        periods = [every_s for every_s in said if isinstance(every_s, float)]
        feeds = self._unwell.setdefault(incident.subject.host, {})
        feeds[incident.subject] = Unsaid(periods[-1] if periods else _UNKNOWN_EVERY_S)


def _said(host: Host, reading: CheckReading, at: float) -> Evidence:
    detail: dict[str, Scalar] = {
        "kind": reading.kind,
        "says": reading.detail,
        "every_s": reading.every_s,
        "data_age_s": reading.values.results_data_age_seconds,
        "live_units": reading.values.results_live_units,
    }
    return Evidence(at, host.name, "reading", detail)
