"""States: the table of transitions, and a venue's state from those of its hosts."""

import pytest

from aggregator.core.states import ALIVE, TRANSITIONS, HostState, Trigger, VenueState, venue_state


def reached_from(*states: HostState) -> set[HostState]:
    reached = set(states)
    while more := {to for (at, _), to in TRANSITIONS.items() if at in reached} - reached:
        reached |= more
    return reached


def test_every_state_can_be_reached() -> None:
    assert reached_from(HostState.UNKNOWN, HostState.UNSEEN) == set(HostState)


@pytest.mark.parametrize("state", HostState)
def test_every_state_can_be_left_for_up(state: HostState) -> None:
    assert HostState.UP in reached_from(state)


FAILED = {HostState.DOWN, HostState.UNREACHABLE}


@pytest.mark.parametrize(
    ("trigger", "before"),
    [
        (Trigger.BEAT, {*HostState} - FAILED - {HostState.UP}),  # no failed host is back at once
        (Trigger.STEADY, FAILED),
        (Trigger.PATIENCE_ENDED, {HostState.UP}),
        *((each, ALIVE) for each in (Trigger.DEADLINE_PASSED, Trigger.CONNECTION_LOST)),
        (Trigger.VENUE_CUT, {*ALIVE, HostState.DOWN, HostState.UNKNOWN}),
        (Trigger.BLINDED, ALIVE),
        (Trigger.FAREWELL, {*HostState} - {HostState.AWAY, HostState.UNSEEN}),
        (Trigger.AWAY_TOO_LONG, {HostState.AWAY}),
        (Trigger.GRACE_ENDED, {HostState.UNKNOWN, HostState.UNREACHABLE}),
        (Trigger.NEVER_HEARD, {HostState.UNKNOWN}),
        (Trigger.REVOKED, {*HostState} - {HostState.AWAY}),
    ],
)
def test_trigger_changes_only_these_states(trigger: Trigger, before: set[HostState]) -> None:
    changed = {at: to for (at, by), to in TRANSITIONS.items() if by is trigger}

    assert set(changed) == before
    assert not [at for at, to in changed.items() if at is to]


VENUES = {
    VenueState.UNSEEN: ["", "unseen unseen unseen"],
    VenueState.OK: ["up up up", "up up late", "late", "up up away"],
    VenueState.DEGRADED: [
        *("up up unseen", "up up down", "up up unreachable", "down down down"),
        *("down unreachable unreachable", "unknown unknown down"),
    ],
    VenueState.UNREACHABLE: ["unreachable unreachable", "unreachable unreachable away unseen"],
    VenueState.UNKNOWN: ["unknown unknown", "unknown up up", "unknown unseen unseen"],
    VenueState.AWAY: ["away away away", "away unseen unseen"],
}


@pytest.mark.parametrize(
    ("hosts", "state"), [(hosts, state) for state, every in VENUES.items() for hosts in every]
)
def test_a_venues_state_follows_from_its_hosts(hosts: str, state: VenueState) -> None:
    states = [HostState(name) for name in hosts.split()]

    assert venue_state({each: states.count(each) for each in HostState}) is state


def test_incident_of_a_check_degrades_a_venue_that_is_well_otherwise() -> None:
    for state, lists in VENUES.items():
        for hosts in lists:
            counts = {each: hosts.split().count(each) for each in HostState}
            told = venue_state(counts, has_failed_check=True)
            assert told is (VenueState.DEGRADED if state is VenueState.OK else state)
