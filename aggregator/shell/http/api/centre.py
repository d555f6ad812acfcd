"""The centre itself: does it hear the fleet, and how well does it run?

Times are s since 1970, to the millisecond.
"""

from typing import Literal, TypeAlias

import msgspec

from aggregator.core.centre import Centre
from aggregator.core.incidents.alerts import Severity, severity_of
from aggregator.core.states import HostState
from aggregator.shell.http.api import standing
from aggregator.shell.http.api.record import Time
from aggregator.shell.walltime import WallTime
from venuewatch import __version__

CentreState: TypeAlias = Literal["hears", "starting", "blind"]
"""``starting``: it hears, and hosts may still be on their way. ``blind``: no host is judged."""


class CentreView(msgspec.Struct, frozen=True, kw_only=True):
    """The aggregator that answers.

    ``sentence``, ``severity`` and ``since``: what is told of it, null while it hears.
    ``round_trip_s``: of its own tick through the broker. ``others``: the other aggregators that
    are online. ``hosts``: how many are in which state. ``open``: how many incidents are open, by
    severity. ``at``: when it was asked.
    """

    name: str
    version: str
    at: Time
    state: CentreState
    sentence: str | None
    severity: Severity | None
    since: Time | None
    incident: int | None
    round_trip_s: float | None
    others: tuple[str, ...]
    venues: int
    hosts: dict[HostState, int]
    open: dict[Severity, int]


def centre_view(centre: Centre, name: str, wall: WallTime, at: float) -> CentreView:
    """Return how the centre is ``at`` a time (s since 1970)."""
    hearing = centre.decisions.hearing
    incidents = list(centre.decisions.store.open.values())
    own = [incident for incident in incidents if not incident.subject.venue]
    state: CentreState = "hears" if centre.is_ready else "starting"
    if hearing.is_blind:
        state = "blind"
    told = standing.of_centre(state, own, hearing.since, wall)
    hosts: dict[HostState, int] = {}
    for venue in centre.fleet.venues.values():
        for each, count in venue.counts.items():
            if count:
                hosts[each] = hosts.get(each, 0) + count
    by_severity = dict.fromkeys(Severity, 0)
    for incident in incidents:
        by_severity[severity_of(incident)] += 1
    return CentreView(
        name=name,
        version=__version__,
        at=round(at, 3),
        state=state,
        **told._asdict(),
        round_trip_s=None if hearing.round_trip_s is None else round(hearing.round_trip_s, 6),
        others=tuple(sorted(centre.presence.others)),
        venues=len(centre.fleet.venues),
        hosts=hosts,
        open=by_severity,
    )
