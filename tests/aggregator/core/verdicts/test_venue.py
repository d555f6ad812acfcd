"""Verdict on a venue: the table of votes, who has a vote, and what other venues say."""

import pytest

from aggregator.core.fleet import Fleet, Venue
from aggregator.core.host import Host
from aggregator.core.states import HostState
from aggregator.core.verdicts.causes import Cause
from aggregator.core.verdicts.venue import (
    JITTER_S,
    OVERDUE_S,
    Elsewhere,
    Votes,
    cut_off,
    elsewhere_at,
    is_cut,
    is_doubtful,
    is_everybody_silent,
    votes_at,
)
from tests.kit.machine import INTERVAL_S, MARGIN_S, Machine
from venuewatch.base.wire.messages import Death

SINCE = 11.0  # when the silent host was due
AT = SINCE + MARGIN_S
BEFORE, AFTER = SINCE - 0.75, SINCE + 0.75


def beating(
    name: str = "other",
    *,
    heard_at: float = BEFORE,
    interval_s: float = INTERVAL_S,
    state: HostState = HostState.UP,
    cause: Cause | None = None,
    is_listed: bool = True,
) -> Host:
    """Return a host that was last heard at ``heard_at``, and changed its state just now."""
    host = Host("STA", name, margin_s=MARGIN_S, state=state, is_listed=is_listed)
    host.evidence_at = heard_at
    host.allowance_s = interval_s + MARGIN_S
    host.deadline = heard_at + host.allowance_s
    host.cause = cause
    host.since = AT
    return host


def heard_since_its_fall() -> Host:
    host = beating(heard_at=EARLIEST, state=HostState.DOWN, cause=Cause.SILENT)
    host.since = EARLIEST - 1.0
    return host


def waiting(
    name: str = "other",
    *,
    until: float = AT,
    state: HostState = HostState.UNKNOWN,
    is_known: bool = True,
    has_left: bool = False,
) -> Host:
    """Return a host that has until ``until`` to come back."""
    host = Host("STA", name, margin_s=MARGIN_S, state=state)
    host.birth = Machine("STA", name).announced() if is_known else None
    host.death = Death("b1", 1, "farewell") if has_left else None
    host.deadline = until
    return host


def venue_of(*hosts: Host, code: str = "STA") -> Venue:
    venue = Venue(code, margin_s=MARGIN_S)
    for host in hosts:
        host.venue = code
        venue.hosts[host.name] = host
    return venue


def votes_of(silent: int, heard: int, overdue: int = 0) -> Votes:
    hosts = [beating(f"s{number}") for number in range(1, silent + heard + 1)]
    return Votes(tuple(hosts[:silent]), tuple(hosts[silent:]), overdue)


@pytest.mark.parametrize(
    ("silent", "heard", "overdue", "known", "verdict"),
    [
        (2, 0, 0, "", "cut"),
        (3, 0, 0, "", "cut"),
        (40, 0, 0, "", "cut"),
        (1, 0, 0, "", "host"),
        (5, 3, 0, "", "cut"),  # 62 %
        (6, 4, 0, "", "cut"),  # 60 %
        (5, 4, 0, "", "host"),  # 56 %
        (39, 1, 0, "", "cut"),
        (5, 35, 0, "", "host"),
        (4, 1, 0, "", "host"),
        (4, 2, 0, "", "host"),
        (2, 1, 0, "", "host"),
        (1, 0, 0, "cut", "cut"),
        (1, 0, 0, "bridge gone", "cut"),
        (1, 0, 0, "bridge connected", "host"),
        (1, 1, 0, "cut", "host"),
        (1, 1, 0, "bridge gone", "host"),
        (1, 2, 2, "", "wait"),
        (1, 2, 1, "", "host"),
        (5, 2, 2, "", "cut"),
    ],
)
def test_votes_give_the_verdict_of_the_table(
    silent: int, heard: int, overdue: int, known: str, verdict: str
) -> None:
    votes, venue = votes_of(silent, heard, overdue), venue_of()
    if known.startswith("bridge"):
        venue.bridge = 8.0, known == "bridge connected"

    cut = is_cut(venue, votes, is_known=known == "cut")

    assert ("cut" if cut else "wait" if is_doubtful(votes) else "host") == verdict


@pytest.mark.parametrize(
    ("elsewhere", "heard", "is_ours"),
    [("silent", 0, True), ("silent", 1, False), ("heard", 0, False), ("unknown", 0, False)],
)
def test_only_nobody_heard_anywhere_is_our_own_ear(
    elsewhere: Elsewhere, heard: int, *, is_ours: bool
) -> None:
    assert is_everybody_silent(votes_of(3, heard), elsewhere) is is_ours


@pytest.mark.parametrize(("heard", "cut"), [(0, ["s1", "s2", "slow"]), (1, ["s1", "s2"])])
def test_living_hosts_are_cut_off_where_none_is_heard(heard: int, cut: list[str]) -> None:
    votes = votes_of(2, heard)
    others = beating("slow"), beating("stranger", is_listed=False), waiting("gone")

    assert [host.name for host in cut_off(venue_of(*votes.silent, *others), votes)] == cut


LATE, DOWN, UNREACHABLE = HostState.LATE, HostState.DOWN, HostState.UNREACHABLE
EARLIEST = SINCE - 2 * INTERVAL_S  # one interval before the silent host was last heard
LIMIT = AT - OVERDUE_S - 0.5


@pytest.mark.parametrize(
    ("other", "vote"),
    [
        (beating(heard_at=AFTER), "heard"),
        (beating(heard_at=BEFORE), "silent"),
        (beating(heard_at=BEFORE, state=LATE), "silent"),
        (beating(heard_at=SINCE + JITTER_S), "none"),  # the beat that both lost
        (beating(heard_at=SINCE + JITTER_S + 0.01), "heard"),
        (beating(heard_at=LIMIT, interval_s=0.5), "overdue"),
        (beating(heard_at=LIMIT + 0.125, interval_s=0.5), "heard"),
        (beating(heard_at=SINCE - 50.0, interval_s=60.0), "none"),
        (beating(heard_at=SINCE, interval_s=60.0), "none"),
        (beating(heard_at=BEFORE, is_listed=False), "none"),
        (beating(heard_at=AFTER, is_listed=False), "none"),
        (beating(state=HostState.AWAY), "none"),
        (beating(state=HostState.UNSEEN), "none"),
        (beating(state=DOWN), "none"),
        (beating(heard_at=EARLIEST, state=DOWN, cause=Cause.SILENT), "silent"),
        (beating(heard_at=EARLIEST - 0.125, state=DOWN, cause=Cause.SILENT), "none"),
        (heard_since_its_fall(), "none"),
        (beating(state=DOWN, cause=Cause.HOST_DOWN), "none"),
        (beating(state=DOWN, cause=Cause.CONNECTION_LOST), "none"),
        (waiting(until=AT), "silent"),
        (waiting(until=AT + 0.125), "none"),
        (waiting(until=AT + 10.0, state=UNREACHABLE), "silent"),
        (waiting(is_known=False), "none"),
        (waiting(has_left=True), "none"),
    ],
)
def test_a_host_votes_only_if_it_is_due(other: Host, vote: str) -> None:
    host = beating("first", heard_at=SINCE - INTERVAL_S)

    votes = votes_at(venue_of(host, other), host, since=SINCE, at=AT)

    assert votes.silent == ((host, other) if vote == "silent" else (host,))
    assert votes.heard == ((other,) if vote in {"heard", "overdue"} else ())
    assert votes.overdue == (vote == "overdue")


def silent_elsewhere(count: int) -> list[Host]:
    return [beating(f"a{number}", heard_at=SINCE - 0.5) for number in range(count)]


@pytest.mark.parametrize(
    ("others", "said"),
    [
        ([], "unknown"),
        (silent_elsewhere(1), "unknown"),
        (silent_elsewhere(2), "silent"),
        ([*silent_elsewhere(5), beating("a9", heard_at=AFTER)], "heard"),
        ([*silent_elsewhere(2), beating("a9", heard_at=SINCE + JITTER_S)], "silent"),
        ([*silent_elsewhere(2), beating("a9", heard_at=SINCE + JITTER_S + 0.01)], "heard"),
        ([beating(f"a{n}", heard_at=SINCE - 5.0, interval_s=60.0) for n in range(9)], "unknown"),
        ([waiting(f"a{n}", until=AT) for n in range(2)], "silent"),
        ([waiting(f"a{n}", until=AT + 0.125) for n in range(2)], "unknown"),
        ([beating(f"a{n}", state=DOWN) for n in range(3)], "unknown"),
        ([beating(f"a{n}", state=HostState.AWAY) for n in range(3)], "unknown"),
        ([beating(f"a{n}", state=UNREACHABLE) for n in range(3)], "unknown"),
    ],
)
def test_two_due_hosts_tell_that_nobody_is_heard_elsewhere(others: list[Host], said: str) -> None:
    heard_here = beating("s2", heard_at=AFTER)
    venue = venue_of(beating("s1"), heard_here)
    fleet = Fleet([venue, venue_of(*others, code="AQU")])
    fleet.heard_at = max(host.evidence_at or EARLIEST for host in fleet)

    assert elsewhere_at(fleet, venue, since=SINCE, at=AT) == said
