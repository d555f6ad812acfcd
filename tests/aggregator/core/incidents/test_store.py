"""The store of incidents: what is kept of each, what is forgotten, what a backlog corrects."""

import pytest

from aggregator.core.incidents.record import Alive, Subject
from aggregator.core.incidents.store import EVIDENCE_MAX, REMEMBERED
from aggregator.core.verdicts.causes import Cause, Evidence, Verdict
from tests.aggregator.core.incidents.conftest import (
    BLIND,
    CENTRE,
    CUT,
    HOST,
    SILENT,
    VENUE,
    Book,
    verdict,
)


def test_a_backlog_corrects_the_record_and_no_state(book: Book) -> None:
    book.incidents.fall(VENUE, CUT, 10.0, children=("s1", "s2"))
    book.incidents.rise(VENUE, 50.0)

    book.store.correct("s1", [5.0, 12.0, 30.0, 49.0, 51.0], 60.0)
    book.store.correct("s2", [20.0], 61.0)
    book.store.correct("s1", [11.0], 62.0)

    assert [each.seq for each in book.changes] == [1, 2, 0, 0, 0]
    assert [change for _, change, _ in book.lines()[2:]] == ["corrected"] * 3
    corrected = book.store.known()[0]
    assert set(corrected.alive) == {Alive("s1", 11.0, 49.0, 4), Alive("s2", 20.0, 20.0, 1)}
    assert (corrected.closed_at, corrected.cause) == (50.0, "venue_unreachable")


@pytest.mark.parametrize(
    ("host", "times", "opened_after", "corrected"),
    [
        ("s1", [20.0], 5.0, ["corrected"]),
        ("s1", [20.0], 15.0, []),  # opened before the backlog can know of it
        ("s1", [9.0], 0.0, []),
        ("s1", [50.5], 0.0, []),
        ("s1", [], 0.0, []),
        ("s2", [20.0], 0.0, []),
        ("s9", [20.0], 0.0, []),
    ],
)
def test_only_readings_within_a_hosts_incident_correct_it(
    book: Book, host: str, times: list[float], opened_after: float, corrected: list[str]
) -> None:
    book.incidents.fall(HOST, SILENT, 10.0)
    book.incidents.rise(HOST, 50.0)
    book.lines()

    book.store.correct(host, times, 60.0, opened_after=opened_after)

    assert [change for _, change, _ in book.lines()] == corrected


def test_evidence_is_bounded_and_keeps_beginning_and_end(book: Book) -> None:
    for at in range(EVIDENCE_MAX * 3):
        seen = Evidence(float(at), "s1", "reading")
        book.incidents.begin(CENTRE, Verdict(Cause.RESULTS_FROZEN, (seen,)), float(at))
    proof = Evidence(500.0, "s1", "reading", {"says": "silent"})

    book.incidents.begin(CENTRE, Verdict(Cause.RESULTS_SILENT, (proof,)), 500.0)

    kept = book.one().evidence
    assert len(kept) == EVIDENCE_MAX
    assert (kept[0].at, kept[-1]) == (0.0, proof)


def test_only_the_oldest_closed_incidents_are_forgotten(book: Book) -> None:
    book.incidents.begin(CENTRE, BLIND, 0.0)
    for number in range(REMEMBERED * 2):
        book.incidents.begin(HOST, verdict(Cause.CLOCK_SKEW), float(number))
        book.incidents.end(HOST, number + 0.5)

    known = book.store.known()
    assert len(known) <= REMEMBERED + 1
    assert known[0].subject == CENTRE
    assert known[-1].closed_at == REMEMBERED * 2 - 0.5
    assert len(book.store.take_unsaved()) <= REMEMBERED + 1


def test_every_incident_has_a_number_of_its_own(book: Book) -> None:
    for at in (0.0, 10_000.0, 20_000.0):
        book.incidents.fall(HOST, SILENT, at)
        book.incidents.fall(VENUE, CUT, at)
        book.incidents.rise(HOST, at + 1.0)
        book.incidents.rise(VENUE, at + 1.0)

    assert [known.number for known in book.store.known()] == [1, 2, 3, 4, 5, 6]


def test_changed_incidents_are_handed_over_once(book: Book) -> None:
    book.incidents.fall(VENUE, CUT, 1.0, children=("s1",))
    book.store.take_unsaved()

    book.incidents.adopt(VENUE, ["s1"])
    unchanged = book.store.take_unsaved()
    book.incidents.adopt(VENUE, ["s2"])

    assert unchanged == []
    assert [incident.children for incident in book.store.take_unsaved()] == [("s1", "s2")]
    assert book.store.take_unsaved() == []


def test_open_incidents_are_marked_at_host_and_venue(book: Book) -> None:
    host, venue = book.fleet.named("s1"), book.fleet.venues["STA"]
    book.incidents.fall(HOST, SILENT, 1.0)
    book.incidents.fall(VENUE, CUT, 1.0)
    marked = dict(host.problems), dict(venue.problems)
    book.incidents.rise(HOST, 3.0)
    book.incidents.rise(VENUE, 3.0)

    assert marked == ({"host": "silent"}, {"venue": "venue_unreachable"})
    assert (host.problems, venue.problems) == ({}, {})


def test_each_check_of_a_host_is_marked_by_itself(book: Book) -> None:
    host = book.fleet.named("s1")
    feeds = [Subject("feed", "STA", "s1", check) for check in ("backup", "primary")]
    book.incidents.begin(feeds[0], verdict(Cause.RESULTS_FROZEN), 1.0)
    book.incidents.begin(feeds[1], verdict(Cause.RESULTS_DELAYED), 1.0)
    both = dict(host.check_problems)
    book.incidents.end(feeds[0], 3.0)

    assert both == {("backup", "feed"): "results_frozen", ("primary", "feed"): "results_delayed"}
    assert host.check_problems == {("primary", "feed"): "results_delayed"}
    assert host.problems == {}
