"""Lets the results day go on, by what the aggregator shows of its hosts."""

from collections.abc import Collection, Mapping

from aggregator.core.fleet import Fleet
from aggregator.core.incidents.record import Incident
from venuewatch.demo.results_day import day
from venuewatch.demo.results_day.guide import Guide, Shown
from venuewatch.demo.results_day.player import ORDER
from venuewatch.demo.tethered import Part

_PLAYED_SHARE = 0.4  # of the time for a moment; the rest is for looking at it
_SCOPES = frozenset({"feed", "source"})


def shown(fleet: Fleet, incidents: Collection[Incident]) -> Mapping[str, Shown]:
    """Return what is shown of each host; ``incidents``: the open ones.

    Only incidents of results count: a busy machine may well lose a host of the demo.
    """
    causes: dict[str, set[str]] = {}
    for incident in incidents:
        if incident.subject.scope in _SCOPES:
            causes.setdefault(incident.subject.host, set()).add(str(incident.cause))
    found = {}
    for host in fleet:
        known = host.checks.get(day.CHECK)
        if host.name in day.HOSTS and known is not None:
            said = known.reading
            open_causes = frozenset(causes.get(host.name, set()))
            found[host.name] = Shown(said.state, said.detail, open_causes)
    return found


class Results:
    """The results day that is played by the ``fleet``, and its guide."""

    def __init__(self, guide: Guide, fleet: Part) -> None:
        self.guide = guide
        self._fleet = fleet

    def advance(self, now: float, seen: Mapping[str, Shown]) -> list[str]:
        """Go on by what is shown ``now`` (monotonic s); return what there is to tell."""
        told = self.guide.advance(now, seen)
        if told.to_s is not None:
            self._fleet.tell(f"{ORDER} {told.to_s} {_PLAYED_SHARE * self.guide.hold_s}")
        return told.lines
