"""Health of a live world is what the monitor says, but for causes that only linger."""

import json
from typing import Any

from aggregator.core.incidents.record import Subject
from tests.rehearsal.runfile.scenarios import expectation, order, scenario
from venuewatch.rehearsal.live.health import CENTRE, NOT_KNOWN, Health, health_of
from venuewatch.rehearsal.scenario import Scenario


def said(
    *incidents: dict[str, Any], states: tuple[str, ...] = ("up", "late"), centre: str = "hears"
) -> Health:
    """Return the health of STA with hosts in these states, and of MAR, whose host is up."""
    venues = [{"venue": "STA", "states": states}, {"venue": "MAR", "states": ["up"]}]
    page = {"venues": venues, "centre": {"state": centre}, "more": 1}
    return health_of(
        json.dumps(page).encode(), json.dumps({"incidents": incidents, "excuses": []}).encode()
    )


def incident(cause: str, scope: str = "host", venue: str = "STA", host: str = "STA-1") -> Any:
    subject = {"scope": scope, "venue": venue, "host": host, "check": ""}
    return {"number": 1, "cause": cause, "opened_at": 1.0, **subject}


def at(venue: str, target: str, **more: Any) -> Scenario:
    return scenario(
        venues=(venue,), orders=(order("off", target),), expected=(expectation(target),), **more
    )


def test_venue_whose_hosts_are_heard_and_without_an_incident_is_well() -> None:
    health = said()

    assert health == Health(frozenset(), frozenset())
    assert health.may_begin(at("STA", "host:STA/STA-1"))


def test_venue_with_a_host_that_is_away_is_not_well_and_others_are() -> None:
    health = said(states=("up", "away"))

    assert not health.is_well(at("STA", "host:STA/STA-1"))
    assert health.is_well(at("MAR", "host:MAR/MAR-1"))


def test_what_hits_the_centre_needs_every_venue_well() -> None:
    health = said(incident("host_down"))

    assert not health.is_well(at("MAR", "centre:", runs_alone=True))


def test_no_venue_is_well_while_the_centre_is_not() -> None:
    for health in (
        said(centre="blind"),
        said(incident("broker_down", scope="centre", venue="", host="")),
        NOT_KNOWN,
    ):
        assert CENTRE in health.unwell
        assert not health.is_well(at("MAR", "host:MAR/MAR-1"))


def test_subject_of_a_lingering_cause_rests_and_its_venue_is_well() -> None:
    health = said(incident("flapping"))

    assert health.lingering == {Subject("host", "STA", "STA-1")}
    assert health.is_well(at("STA", "host:STA/STA-1"))
    assert not health.may_begin(at("STA", "host:STA/STA-1"))
    assert not health.may_begin(at("STA", "venue:STA"))
    assert health.may_begin(at("STA", "host:STA/STA-2"))
    assert health.may_begin(at("MAR", "host:MAR/MAR-1"))
