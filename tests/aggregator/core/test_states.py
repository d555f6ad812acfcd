"""States: the table of transitions, and a venue's state from those of its hosts."""

import pytest

from aggregator.core.states import ALIVE, TRANSITIONS, HostState, Trigger, VenueState, venue_state


def counts(**hosts: int) -> dict[HostState, int]:
    return dict.fromkeys(HostState, 0) | {HostState(name): count for name, count in hosts.items()}


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


@pytest.mark.parametrize("trigger", Trigger)
def test_every_trigger_changes_some_state(trigger: Trigger) -> None:
    changed = [at for (at, by), to in TRANSITIONS.items() if by is trigger and to is not at]

    assert changed


def test_no_transition_leads_nowhere() -> None:
    assert not [key for key, after in TRANSITIONS.items() if key[0] is after]


@pytest.mark.parametrize(
    "trigger", [Trigger.DEADLINE_PASSED, Trigger.CONNECTION_LOST, Trigger.PATIENCE_ENDED]
)
def test_only_a_living_host_can_be_accused(trigger: Trigger) -> None:
    accused = {at for at, by in TRANSITIONS if by is trigger}

    assert accused
    assert accused <= ALIVE


def test_a_cut_takes_hosts_neither_away_nor_unseen() -> None:
    taken = {at for at, by in TRANSITIONS if by is Trigger.VENUE_CUT}

    assert taken == {*ALIVE, HostState.DOWN, HostState.UNKNOWN}


def test_one_beat_brings_no_failed_host_back() -> None:
    failed = (HostState.DOWN, HostState.UNREACHABLE)

    assert not [state for state in failed if (state, Trigger.BEAT) in TRANSITIONS]
    assert [TRANSITIONS[state, Trigger.STEADY] for state in failed] == [HostState.UP] * 2


def test_blindness_makes_only_living_hosts_unknown() -> None:
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
def test_a_venues_state_follows_from_its_hosts(hosts: dict[str, int], state: VenueState) -> None:
    assert venue_state(counts(**hosts)) is state
