"""Who has a vote on a silent host, and what the other venues say."""

import pytest

from aggregator.core.census import JITTER_S, OVERDUE_S, elsewhere_at, votes_at
from aggregator.core.fleet import Fleet, Host, Venue
from aggregator.core.states import HostState
from tests.aggregator.scene import INTERVAL_S, MARGIN_S, birth
from venuewatch.base.wire.messages import Death

SINCE = 11.0  # when the silent host was due
AT = SINCE + MARGIN_S


def beating(name: str, *, heard_at: float, interval_s: float = INTERVAL_S) -> Host:
    """Return a living host that was last heard at ``heard_at``."""
    host = Host("STA", name, margin_s=MARGIN_S, state=HostState.UP)
    host.evidence_at = heard_at
    host.allowance_s = interval_s + MARGIN_S
    host.deadline = heard_at + host.allowance_s
    return host


def waiting(name: str, *, until: float, state: HostState = HostState.UNKNOWN) -> Host:
    """Return a host that was there, and has until ``until`` to come back."""
    host = Host("STA", name, margin_s=MARGIN_S, state=state)
    host.birth = birth()
    host.deadline = until
    return host


def venue_of(*hosts: Host, code: str = "STA") -> Venue:
    venue = Venue(code, margin_s=MARGIN_S)
    for host in hosts:
        host.venue = code
        venue.hosts[host.name] = host
    return venue


def voted(*others: Host) -> tuple[list[str], list[str], int]:
    """Return who of the others is silent and who is heard, beside how many are overdue."""
    silent = beating("silent", heard_at=SINCE - INTERVAL_S)

    votes = votes_at(venue_of(silent, *others), silent, since=SINCE, at=AT)

    assert votes.silent[0] is silent
    return (
        [host.name for host in votes.silent[1:]],
        [host.name for host in votes.heard],
        votes.overdue,
    )


def test_who_was_heard_since_is_heard() -> None:
    assert voted(beating("other", heard_at=SINCE + 0.75)) == ([], ["other"], 0)


def test_who_was_due_as_well_and_was_not_heard_is_silent() -> None:
    assert voted(beating("other", heard_at=SINCE - 0.75)) == (["other"], [], 0)


def test_a_beat_at_about_the_same_moment_as_the_lost_one_is_no_sign_of_life() -> None:
    same, later = SINCE + JITTER_S, SINCE + JITTER_S + 0.01

    assert voted(beating("other", heard_at=same))[1] == []
    assert voted(beating("other", heard_at=later))[1] == ["other"]


def test_who_was_heard_and_is_overdue_by_now_is_counted_as_such() -> None:
    on_the_limit = AT - OVERDUE_S - 0.5
    host = beating("other", heard_at=on_the_limit, interval_s=0.5)

    assert voted(host) == ([], ["other"], 1)
    assert voted(beating("other", heard_at=on_the_limit + 0.125, interval_s=0.5))[2] == 0


@pytest.mark.parametrize("heard_at", [SINCE - 50.0, SINCE])
def test_who_beats_each_minute_has_no_vote_until_it_is_due(heard_at: float) -> None:
    assert voted(beating("slow", heard_at=heard_at, interval_s=60.0)) == ([], [], 0)


@pytest.mark.parametrize("state", [HostState.AWAY, HostState.UNSEEN, HostState.DOWN])
def test_the_away_the_unseen_and_those_already_down_have_no_vote(state: HostState) -> None:
    other = beating("other", heard_at=SINCE - 0.75)
    other.state = state

    assert voted(other) == ([], [], 0)


@pytest.mark.parametrize(
    ("heard_at", "heard"), [(SINCE - 0.75, []), (SINCE + 0.75, ["other"])], ids=["silent", "heard"]
)
def test_of_those_who_are_not_in_the_inventory_only_who_is_heard_has_a_vote(
    heard_at: float, heard: list[str]
) -> None:
    other = beating("other", heard_at=heard_at)
    other.is_listed = False

    assert voted(other) == ([], heard, 0)


def test_a_late_host_has_a_vote() -> None:
    other = beating("other", heard_at=SINCE - 0.75)
    other.state = HostState.LATE

    assert voted(other) == (["other"], [], 0)


def test_who_is_waited_for_is_silent_once_its_time_is_over() -> None:
    assert voted(waiting("other", until=AT)) == (["other"], [], 0)
    assert voted(waiting("other", until=AT + 0.125)) == ([], [], 0)


def test_who_is_unreachable_is_silent() -> None:
    other = waiting("other", until=AT + 10.0, state=HostState.UNREACHABLE)

    assert voted(other) == (["other"], [], 0)


@pytest.mark.parametrize(
    ("cause", "heard_at", "silent"),
    [
        ("silent", SINCE - 2 * INTERVAL_S, ["other"]),
        ("silent", SINCE - 2 * INTERVAL_S - 0.125, []),
        ("host_down", SINCE - INTERVAL_S, []),
        ("connection_lost", SINCE - INTERVAL_S, []),
    ],
    ids=["just before", "long before", "was looked for", "was closed"],
)
def test_who_fell_just_before_and_could_not_be_explained_may_be_behind_the_same_cut(
    cause: str, heard_at: float, silent: list[str]
) -> None:
    other = beating("other", heard_at=heard_at)
    other.state, other.cause = HostState.DOWN, cause

    assert voted(other) == (silent, [], 0)


def test_who_was_never_there_or_said_farewell_is_not_waited_for() -> None:
    never, left = waiting("never", until=AT), waiting("left", until=AT)
    never.birth = None
    left.death = Death("a", 1, "farewell")

    assert voted(never, left) == ([], [], 0)


def elsewhere(*others: Host, here: tuple[Host, ...] = ()) -> str:
    venue = venue_of(beating("silent", heard_at=SINCE - INTERVAL_S), *here)
    fleet = Fleet([venue, venue_of(*others, code="AQU")])

    return elsewhere_at(fleet, venue, since=SINCE, at=AT)


def test_one_host_heard_at_another_venue_is_enough() -> None:
    silent = [beating(f"a{number}", heard_at=SINCE - 0.5) for number in range(5)]

    assert elsewhere(*silent, beating("a9", heard_at=SINCE + 0.75)) == "heard"


def test_a_host_of_the_same_venue_is_not_elsewhere() -> None:
    other = beating("a1", heard_at=SINCE - 0.5)

    assert elsewhere(other, here=(beating("s2", heard_at=SINCE + 0.75),)) == "unknown"


@pytest.mark.parametrize(("after_s", "said"), [(JITTER_S, "silent"), (JITTER_S + 0.01, "heard")])
def test_a_beat_elsewhere_at_about_the_same_moment_is_no_sign_either(
    after_s: float, said: str
) -> None:
    silent = [beating(f"a{number}", heard_at=SINCE - 0.5) for number in range(2)]

    assert elsewhere(*silent, beating("a9", heard_at=SINCE + after_s)) == said


@pytest.mark.parametrize(("silent", "said"), [(0, "unknown"), (1, "unknown"), (2, "silent")])
def test_it_takes_two_silent_hosts_to_say_that_nobody_is_heard(silent: int, said: str) -> None:
    others = [beating(f"a{number}", heard_at=SINCE - 0.5) for number in range(silent)]

    assert elsewhere(*others) == said


def test_hosts_that_are_not_due_do_not_tell_that_nobody_is_heard() -> None:
    others = [beating(f"a{number}", heard_at=SINCE - 5.0, interval_s=60.0) for number in range(9)]

    assert elsewhere(*others) == "unknown"


def test_after_a_restart_those_whose_grace_is_over_are_silent() -> None:
    others = [waiting(f"a{number}", until=AT) for number in range(2)]
    early = [waiting(f"a{number}", until=AT + 0.125) for number in range(2)]

    assert (elsewhere(*others), elsewhere(*early)) == ("silent", "unknown")


@pytest.mark.parametrize("state", [HostState.DOWN, HostState.AWAY, HostState.UNREACHABLE])
def test_who_is_known_to_be_gone_says_nothing_of_our_own_ear(state: HostState) -> None:
    others = [beating(f"a{number}", heard_at=SINCE - 0.5) for number in range(3)]
    for other in others:
        other.state = state

    assert elsewhere(*others) == "unknown"
