"""The record of incidents: what is kept of each, what is forgotten, what a backlog corrects."""

import pytest

from aggregator.core.events import Alive
from aggregator.core.evidence import Evidence, Verdict
from aggregator.core.register import EVIDENCE_MAX, REMEMBERED
from tests.aggregator.book import CENTRE, HOST, SILENT, VENUE, Book, verdict


@pytest.fixture
def book() -> Book:
    return Book()


def test_a_backlog_corrects_the_record_and_no_state(book: Book) -> None:
    book.incidents.fall(VENUE, verdict("venue_unreachable"), 10.0, children=("s1", "s2"))
    book.incidents.rise(VENUE, 50.0)

    book.register.correct("s1", [5.0, 12.0, 30.0, 49.0, 51.0], 60.0)
    book.register.correct("s2", [20.0], 61.0)
    book.register.correct("s1", [11.0], 62.0)

    assert [change for _, change, _ in book.lines()[2:]] == ["corrected"] * 3
    corrected = book.register.known()[0]
    assert set(corrected.alive) == {Alive("s1", 11.0, 49.0, 4), Alive("s2", 20.0, 20.0, 1)}
    assert (corrected.closed_at, corrected.cause) == (50.0, "venue_unreachable")


@pytest.mark.parametrize(
    ("host", "times"), [("s1", [9.0]), ("s1", [50.5]), ("s1", []), ("s2", [20.0]), ("s9", [20.0])]
)
def test_a_backlog_of_another_time_or_host_corrects_nothing(
    book: Book, host: str, times: list[float]
) -> None:
    book.incidents.fall(HOST, SILENT, 10.0)
    book.incidents.rise(HOST, 50.0)
    book.lines()

    book.register.correct(host, times, 60.0)

    assert book.lines() == []


def test_evidence_is_bounded_however_long_a_problem_lasts(book: Book) -> None:
    for at in range(EVIDENCE_MAX * 3):
        seen = Evidence(float(at), "s1", "reading")
        book.incidents.begin(CENTRE, Verdict("results_frozen", (seen,)), float(at))

    assert len(book.one().evidence) == EVIDENCE_MAX


def test_a_sharper_cause_lists_what_it_stands_on_however_much_was_seen_before(book: Book) -> None:
    for at in range(EVIDENCE_MAX * 2):
        seen = Evidence(float(at), "s1", "reading")
        book.incidents.begin(CENTRE, Verdict("results_frozen", (seen,)), float(at))
    proof = Evidence(500.0, "s1", "reading", {"says": "silent"})

    book.incidents.begin(CENTRE, Verdict("results_silent", (proof,)), 500.0)

    assert proof in book.one().evidence
    assert book.one().evidence[0].at == 0.0
    assert len(book.one().evidence) == EVIDENCE_MAX


def test_the_oldest_closed_incidents_are_forgotten_and_no_open_one(book: Book) -> None:
    book.incidents.begin(CENTRE, verdict("aggregator_blind"), 0.0)
    for number in range(REMEMBERED * 2):
        book.incidents.begin(HOST, verdict("clock_skew"), float(number))
        book.incidents.end(HOST, number + 0.5)

    known = book.register.known()
    assert len(known) <= REMEMBERED + 1
    assert known[0].subject == CENTRE
    assert known[-1].closed_at == REMEMBERED * 2 - 0.5
    assert len(book.register.touched()) <= REMEMBERED + 1


def test_a_backlog_corrects_nothing_that_was_opened_before_it_can_know_of(book: Book) -> None:
    book.incidents.fall(HOST, SILENT, 10.0)
    book.lines()

    book.register.correct("s1", [20.0], 60.0, opened_after=15.0)
    before = book.lines()
    book.register.correct("s1", [20.0], 60.0, opened_after=5.0)

    assert before == []
    assert [change for _, change, _ in book.lines()] == ["corrected"]
