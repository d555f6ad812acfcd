"""Health of a live world by the monitor's word: which venues are not well, and what lingers.

It is asked for rarely and once for all scenarios: pages of a whole fleet keep an aggregator busy.
"""

from typing import Final, NamedTuple

import msgspec

from aggregator.core.incidents.record import Subject
from aggregator.core.states import ALIVE, HostState
from aggregator.shell.http.api.record import IncidentJson
from venuewatch.rehearsal.live.servers import Aggregator
from venuewatch.rehearsal.scenario import Scenario, subject_of

LINGERING: Final = frozenset({"flapping", "duplicate_identity"})
"""Causes that stay open for minutes after they are over, in case they return."""

CENTRE: Final = ""
"""In place of a venue's code: the centre."""

_OPEN: Final = "/api/v1/incidents?open=1&limit=1000"
_VENUES: Final = "/api/v1/venues"
_HEARS: Final = "hears"


class _Venue(msgspec.Struct, frozen=True):
    venue: str
    states: tuple[HostState, ...]


class _Centre(msgspec.Struct, frozen=True):
    state: str


class _Venues(msgspec.Struct, frozen=True):
    venues: tuple[_Venue, ...]
    centre: _Centre


class _Open(msgspec.Struct, frozen=True):
    incidents: tuple[IncidentJson, ...]


class Health(NamedTuple):
    """What the monitor says of a world.

    ``unwell``: the codes of venues that are not well, and ``CENTRE``. ``lingering``: the subjects
    of causes that stay open after they are over; these alone make nothing unwell.
    """

    unwell: frozenset[str]
    lingering: frozenset[Subject]

    def is_well(self, scenario: Scenario) -> bool:
        """Tell whether the venues of a scenario are well, or all where it hits the centre."""
        if CENTRE in self.unwell:
            return False
        return not self.unwell if scenario.runs_alone else self.unwell.isdisjoint(scenario.venues)

    def may_begin(self, scenario: Scenario) -> bool:
        """Tell whether its venues are well, and nothing lingers of what it is about."""
        if not self.is_well(scenario):
            return False
        texts = {target for order in scenario.orders for target in order.targets}
        texts.update(expected.subject for expected in scenario.expected)
        about = [subject_of(text) for text in texts]
        return not any(_touches(one, other) for one in about for other in self.lingering)


NOT_KNOWN: Final = Health(frozenset({CENTRE}), frozenset())
"""What is known where the monitor does not answer."""


def ask(aggregator: Aggregator) -> Health:
    """Return what an aggregator says now."""
    venues, incidents = aggregator.get(_VENUES), aggregator.get(_OPEN)
    if venues is None or incidents is None:
        return NOT_KNOWN
    return health_of(venues.encode(), incidents.encode())


def health_of(venues: bytes, incidents: bytes) -> Health:
    """Return what these pages say: that of all venues, and that of open incidents."""
    page = msgspec.json.decode(venues, type=_Venues)
    unwell = {venue.venue for venue in page.venues if not ALIVE.issuperset(venue.states)}
    if page.centre.state != _HEARS:
        unwell.add(CENTRE)
    lingering = set()
    for each in msgspec.json.decode(incidents, type=_Open).incidents:
        if each.cause in LINGERING:
            lingering.add(Subject(each.scope, each.venue, each.host, each.check))
        else:
            unwell.add(each.venue)
    return Health(frozenset(unwell), frozenset(lingering))


def _touches(one: Subject, other: Subject) -> bool:
    """Tell whether two subjects are of one host, or one is the venue of the other."""
    if one.venue != other.venue:
        return False
    return not one.host or not other.host or one.host == other.host
