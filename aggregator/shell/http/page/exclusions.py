"""Exclusions: what an open incident is not, by what is known at the same moment.

A line says what was looked at, and what of it is known. What can not be excluded is said to be so.
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from aggregator.core.states import HostState
from aggregator.core.verdicts.causes import Cause
from aggregator.shell.http.api.centre import CentreView
from aggregator.shell.http.api.incidents import IncidentView
from aggregator.shell.http.api.venues import VenueView
from aggregator.shell.http.page.problems import cut_venues

_MACHINE_ANSWERS = frozenset({Cause.AGENT_STOPPED, Cause.HOST_FROZEN})
_HEARD = frozenset({HostState.UP, HostState.LATE})
_NAMED_MAX = 6


class Exclusion(NamedTuple):
    """One line: ``what`` was looked at, and what is ``said`` of it."""

    what: str
    said: str


def exclusions_of(
    incident: IncidentView,
    venue: VenueView | None,
    centre: CentreView,
    others: Sequence[IncidentView],
) -> list[Exclusion]:
    """Return what an incident at ``venue`` is not; ``others`` are all that are open."""
    if incident.closed_at is not None:
        return [Exclusion("Now", "It is over: what is known now says nothing of it.")]
    found = []
    if incident.venue:
        found.append(_link(incident, venue))
        found += _machines(incident, venue)
        found += _feeds(incident, others)
        found.append(_other_venues(incident, others))
    found.append(_monitor(centre))
    return found


def _link(incident: IncidentView, venue: VenueView | None) -> Exclusion:
    is_one_way = incident.cause == Cause.ONE_WAY_LOSS and not incident.host
    if incident.cause == Cause.VENUE_UNREACHABLE or is_one_way or venue is None:
        return Exclusion("Venue link", "It is the way to the venue, as far as can be told.")
    heard = sum(host.state in _HEARD for host in venue.hosts)
    others = sum(host.state in _HEARD for host in venue.hosts if host.host != incident.host)
    if others:
        return Exclusion("Venue link", f"up: {heard} of {len(venue.hosts)} hosts are heard")
    return Exclusion("Venue link", "can not be excluded: no other host of the venue is heard")


def _machines(incident: IncidentView, venue: VenueView | None) -> Iterator[Exclusion]:
    hosts = () if venue is None else venue.hosts
    states = {host.host: host.state for host in hosts}
    state = states.get(incident.host)
    if incident.cause in _MACHINE_ANSWERS:
        yield Exclusion("Machine", "a neighbour reaches it")
    elif state is not None and state in _HEARD:
        yield Exclusion("Machine", f"{incident.host} is {state}")
    elif incident.host:
        yield Exclusion("Machine", "can not be excluded: nothing is heard of it")
    elif incident.cause in {Cause.VENUE_UNREACHABLE, Cause.HUNG_UP_TOGETHER}:
        yield Exclusion("Machines", "not known: they may be well")
    else:
        heard = sum(each in _HEARD for each in states.values())
        yield Exclusion("Machines", f"{heard} of {len(states)} are heard")


def _feeds(incident: IncidentView, others: Sequence[IncidentView]) -> Iterator[Exclusion]:
    if incident.scope in {"feed", "source", "check"}:
        return
    known = [one for one in others if one.venue == incident.venue and one.scope == "feed"]
    if not known:
        yield Exclusion("Results feeds", "no problem of one is known at the venue")
    else:
        yield Exclusion("Results feeds", f"{len(known)} of their own, too: {known[0].sentence}")


def _other_venues(incident: IncidentView, others: Sequence[IncidentView]) -> Exclusion:
    cut = cut_venues(others) - {incident.venue}
    if not cut:
        return Exclusion("Other venues", "none is cut off")
    named = ", ".join(sorted(cut)[:_NAMED_MAX]) + (" and others" if len(cut) > _NAMED_MAX else "")
    return Exclusion("Other venues", f"{len(cut)} cut off, too: {named}")


def _monitor(centre: CentreView) -> Exclusion:
    if centre.state != "hears":
        return Exclusion("Monitor", f"can not be excluded: {centre.sentence or centre.state}")
    trip = "" if centre.round_trip_s is None else f"; broker {centre.round_trip_s * 1000:.0f} ms"
    return Exclusion("Monitor", f"hears the fleet{trip}")
