import pytest

from aggregator.core.fleet import Fleet, Venue
from aggregator.core.host import Host
from aggregator.core.incidents.alerts import Severity, description_of
from aggregator.core.incidents.record import Incident, Subject
from aggregator.core.incidents.standing import (
    CENTRE_STATES,
    Told,
    centre_told,
    host_told,
    is_behind,
    venue_told,
    venues_of,
)
from aggregator.core.states import ALIVE, HostState, VenueState
from aggregator.core.verdicts.causes import Cause


@pytest.mark.parametrize("state", HostState)
def test_every_state_of_a_host_is_told(state: HostState) -> None:
    host = Host("STA", "STA-1", margin_s=1.75, state=state)

    told = host_told(host, [], "20:15:00 CET")

    assert "STA-1" in told.sentence
    assert ("20:15:00 CET" in told.sentence) is (state is HostState.AWAY)
    assert (told.severity is None) is (state in ALIVE)


@pytest.mark.parametrize("state", VenueState)
def test_every_state_of_a_venue_is_told(state: VenueState) -> None:
    shown = {
        VenueState.OK: [HostState.UP],
        VenueState.DEGRADED: [HostState.UP, HostState.UNSEEN],
        VenueState.UNREACHABLE: [HostState.UNREACHABLE],
        VenueState.UNKNOWN: [HostState.UNKNOWN],
        VenueState.UNSEEN: [HostState.UNSEEN],
        VenueState.AWAY: [HostState.AWAY],
    }
    venue = venue_of(*shown[state])

    told = venue_told(venue, [], "20:15:00 CET")

    assert venue.state is state
    assert "STA" in told.sentence
    assert ("20:15:00 CET" in told.sentence) is (state is VenueState.AWAY)
    assert (told.severity is None) is (state is VenueState.OK)


def test_farewell_is_told_of_a_venue_that_is_well_otherwise() -> None:
    told = venue_told(venue_of(HostState.UP, HostState.AWAY), [], "20:15:00 CET")

    assert told == Told(
        "1 of 2 hosts of STA said farewell. The first counts as down at 20:15:00 CET, unless it is "
        "back then.",
        Severity.INFO,
        None,
    )


def test_worst_and_oldest_incident_is_told_first() -> None:
    venue = venue_of(HostState.UP)
    clock = Incident(1, Subject("clock", "STA", "STA-1"), Cause.CLOCK_SKEW, 1.0)
    old = Incident(2, Subject("host", "STA", "STA-1"), Cause.SILENT, 2.0)
    new = Incident(3, Subject("host", "STA", "STA-2"), Cause.SILENT, 3.0)

    told = venue_told(venue, [clock, new, old], "")

    assert told == Told(description_of(old), Severity.CRITICAL, 2.0, 2)
    assert host_told(venue.hosts["STA-0"], [clock], "").severity is Severity.WARNING


@pytest.mark.parametrize("state", CENTRE_STATES)
def test_centre_that_does_not_hear_is_told(state: str) -> None:
    told = centre_told(state, [], 5.0)

    assert told == Told(CENTRE_STATES[state].sentence, CENTRE_STATES[state].severity, 5.0)


def test_incident_of_the_centre_is_told_before_its_state() -> None:
    gone = Incident(4, Subject("centre"), Cause.BROKER_DOWN, 6.0)

    assert centre_told("blind", [gone], 5.0) == Told(
        description_of(gone), Severity.CRITICAL, 6.0, 4
    )
    assert centre_told("hears", [], None) is None


@pytest.mark.parametrize(
    ("subject", "cause", "children"),
    [
        (Subject("centre", check="connections"), Cause.HUNG_UP_TOGETHER, ("STA-0", "STA-1")),
        (Subject("centre", check="venues"), Cause.CENTRE_SIDE_LOSS, ("STA",)),
    ],
)
def test_incident_of_many_is_told_of_whom_is_not_back(
    subject: Subject, cause: Cause, children: tuple[str, ...]
) -> None:
    many = Incident(5, subject, cause, 6.0, children=children)
    venue = venue_of(HostState.UNREACHABLE, HostState.UP)
    back = venue_of(HostState.UP, HostState.UP)

    assert [is_behind(host, many) for host in venue.hosts.values()] == [True, False]
    assert venues_of(many, Fleet([venue])) == {"STA"}
    assert venues_of(many, Fleet([back])) == set()


def venue_of(*states: HostState) -> Venue:
    """Return a venue whose hosts are in these states."""
    venue = Venue("STA", margin_s=1.75)
    for at, state in enumerate(states):
        host = Host("STA", f"STA-{at}", margin_s=1.75, state=state)
        venue.hosts[host.name] = host
    return Fleet([venue]).venues["STA"]
