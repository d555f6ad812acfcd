"""The table of transitions, and what a venue is from what its hosts are."""

import pytest

from aggregator.core.states import ALIVE, TRANSITIONS, HostState, Trigger, VenueState, venue_state

BEGINNINGS = {HostState.UNKNOWN, HostState.UNSEEN}


def counts(**hosts: int) -> dict[HostState, int]:
    return dict.fromkeys(HostState, 0) | {HostState(name): count for name, count in hosts.items()}


@pytest.mark.parametrize("state", HostState)
def test_every_state_can_be_reached(state: HostState) -> None:
    reached = set(BEGINNINGS)
    while more := {to for (at, _), to in TRANSITIONS.items() if at in reached} - reached:
        reached |= more

    assert state in reached


@pytest.mark.parametrize("state", HostState)
def test_every_state_can_be_left_for_up(state: HostState) -> None:
    reached = {state}
    while more := {to for (at, _), to in TRANSITIONS.items() if at in reached} - reached:
        reached |= more

    assert HostState.UP in reached


@pytest.mark.parametrize("trigger", Trigger)
def test_every_trigger_changes_some_state(trigger: Trigger) -> None:
    changed = [at for (at, by), to in TRANSITIONS.items() if by is trigger and to is not at]

    assert changed


def test_no_transition_leads_nowhere() -> None:
    assert not [key for key, after in TRANSITIONS.items() if key[0] is after]


@pytest.mark.parametrize(
    "trigger",
    [Trigger.DEADLINE_PASSED, Trigger.CONNECTION_LOST, Trigger.PATIENCE_ENDED],
)
def test_only_a_living_host_can_be_accused(trigger: Trigger) -> None:
    accused = {at for at, by in TRANSITIONS if by is trigger}

    assert accused
    assert accused <= ALIVE


def test_a_cut_takes_whoever_was_not_away_and_was_ever_there() -> None:
    taken = {at for at, by in TRANSITIONS if by is Trigger.VENUE_CUT}

    assert taken == {*ALIVE, HostState.DOWN, HostState.UNKNOWN}


def test_one_beat_brings_back_nobody_who_failed() -> None:
    failed = (HostState.DOWN, HostState.UNREACHABLE)

    assert not [state for state in failed if (state, Trigger.BEAT) in TRANSITIONS]
    assert [TRANSITIONS[state, Trigger.STEADY] for state in failed] == [HostState.UP] * 2


def test_being_blind_makes_nobody_better_or_worse_than_unknown() -> None:
    blinded = {at: to for (at, by), to in TRANSITIONS.items() if by is Trigger.BLINDED}

    assert blinded == dict.fromkeys(ALIVE, HostState.UNKNOWN)


@pytest.mark.parametrize(
    ("hosts", "state"),
    [
        ({}, VenueState.UNSEEN),
        ({"unseen": 3}, VenueState.UNSEEN),
        ({"up": 3}, VenueState.OK),
        ({"up": 2, "late": 1}, VenueState.OK),
        ({"late": 1}, VenueState.OK),
        ({"up": 2, "away": 1}, VenueState.OK),
        ({"up": 2, "unseen": 1}, VenueState.DEGRADED),
        ({"up": 2, "down": 1}, VenueState.DEGRADED),
        ({"up": 2, "unreachable": 1}, VenueState.DEGRADED),
        ({"down": 3}, VenueState.DEGRADED),
        ({"down": 1, "unreachable": 2}, VenueState.DEGRADED),
        ({"unknown": 2, "down": 1}, VenueState.DEGRADED),
        ({"unreachable": 3}, VenueState.UNREACHABLE),
        ({"unreachable": 3, "away": 1, "unseen": 1}, VenueState.UNREACHABLE),
        ({"unknown": 3}, VenueState.UNKNOWN),
        ({"unknown": 1, "up": 2}, VenueState.UNKNOWN),
        ({"unknown": 1, "unseen": 2}, VenueState.UNKNOWN),
        ({"away": 3}, VenueState.AWAY),
        ({"away": 1, "unseen": 2}, VenueState.AWAY),
    ],
    ids=str,
)
def test_a_venue_is_what_its_hosts_are(hosts: dict[str, int], state: VenueState) -> None:
    assert venue_state(counts(**hosts)) is state
