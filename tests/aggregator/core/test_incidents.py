"""From verdicts to incidents: one a subject, told once, sharpened, closed."""

import pytest

from tests.aggregator.book import CENTRE, GONE, HOST, SILENT, VENUE, Book, verdict


@pytest.fixture
def book() -> Book:
    return Book()


def test_a_fall_opens_an_incident_and_its_rise_closes_it(book: Book) -> None:
    book.incidents.fall(HOST, SILENT, 10.0, silent_since=7.25)
    opened = book.one()
    book.incidents.rise(HOST, 20.0)

    assert (opened.opened_at, opened.silent_since, opened.falls) == (10.0, 7.25, 1)
    assert opened.evidence == SILENT.evidence
    assert book.lines() == [(10.0, "opened", "silent"), (20.0, "closed", "silent")]
    assert book.incidents.open == {}
    assert book.register.known()[0].closed_at == 20.0


def test_every_incident_has_a_number_of_its_own(book: Book) -> None:
    for at in (0.0, 10_000.0, 20_000.0):
        book.incidents.fall(HOST, SILENT, at)
        book.incidents.fall(VENUE, SILENT, at)
        book.incidents.rise(HOST, at + 1.0)
        book.incidents.rise(VENUE, at + 1.0)

    assert [known.number for known in book.register.known()] == [1, 2, 3, 4, 5, 6]


def test_of_each_subject_one_is_open_at_most(book: Book) -> None:
    book.incidents.fall(HOST, SILENT, 10.0)
    book.incidents.fall(HOST, SILENT, 11.0)
    book.incidents.begin(CENTRE, verdict("aggregator_blind"), 12.0)
    book.incidents.begin(CENTRE, verdict("aggregator_blind"), 13.0)

    assert [change for _, change, _ in book.lines()] == ["opened", "opened"]


def test_a_sharper_cause_is_told_and_the_same_again_is_not(book: Book) -> None:
    book.incidents.fall(HOST, SILENT, 10.0)

    book.incidents.sharpen(HOST, GONE, 11.0)
    book.incidents.sharpen(HOST, GONE, 12.0)

    assert book.lines() == [(10.0, "opened", "silent"), (11.0, "sharpened", "host_down")]
    assert [seen.seen for seen in book.one().evidence] == ["silence", "probe"]  # the silence once


def test_more_evidence_of_the_same_cause_is_kept_untold(book: Book) -> None:
    book.incidents.fall(HOST, SILENT, 10.0)

    book.incidents.sharpen(HOST, verdict("silent", "no_word"), 11.0)

    assert [seen.seen for seen in book.one().evidence] == ["silence", "no_word"]
    assert len(book.lines()) == 1


@pytest.mark.parametrize("act", ["sharpen", "rise", "end", "end_at"])
def test_what_is_not_open_is_neither_sharpened_nor_closed(book: Book, act: str) -> None:
    match act:
        case "sharpen":
            book.incidents.sharpen(HOST, GONE, 1.0)
        case "rise":
            book.incidents.rise(HOST, 1.0)
        case "end":
            book.incidents.end(HOST, 1.0)
        case _:
            book.incidents.end_at(HOST, 1.0)
            book.incidents.advance(2.0)

    assert book.lines() == []


def test_a_problem_that_is_no_fall_begins_and_ends(book: Book) -> None:
    book.incidents.begin(CENTRE, verdict("aggregator_blind"), 15.0, since=10.0)
    opened_at = book.one().opened_at
    book.incidents.begin(CENTRE, verdict("broker_down"), 16.0)
    book.incidents.end(CENTRE, 17.0)

    assert opened_at == 10.0
    assert book.lines() == [
        (15.0, "opened", "aggregator_blind"),
        (16.0, "sharpened", "broker_down"),
        (17.0, "closed", "broker_down"),
    ]


def test_an_end_that_was_announced_comes_unless_the_problem_begins_again(book: Book) -> None:
    book.incidents.begin(CENTRE, verdict("aggregator_blind"), 1.0)
    book.incidents.end_at(CENTRE, 5.0)
    book.incidents.begin(CENTRE, verdict("aggregator_blind"), 3.0)
    book.incidents.advance(9.0)
    still_open = CENTRE in book.incidents.open
    book.incidents.end_at(CENTRE, 12.0)
    book.incidents.advance(12.0)

    assert still_open
    assert book.lines()[-1] == (12.0, "closed", "aggregator_blind")


def test_an_announced_end_does_not_reach_the_next_incident(book: Book) -> None:
    book.incidents.begin(CENTRE, verdict("aggregator_blind"), 1.0)
    book.incidents.end_at(CENTRE, 5.0)
    book.incidents.end(CENTRE, 2.0)
    book.incidents.begin(CENTRE, verdict("aggregator_blind"), 3.0)

    book.incidents.advance(9.0)

    assert CENTRE in book.incidents.open


def test_open_problems_are_marked_at_whom_they_are_about(book: Book) -> None:
    host = book.venue.hosts["s1"]
    book.incidents.fall(HOST, SILENT, 1.0)
    book.incidents.fall(VENUE, verdict("venue_unreachable"), 1.0)
    book.incidents.sharpen(HOST, GONE, 2.0)
    marked = dict(host.problems), dict(book.venue.problems)
    book.incidents.rise(HOST, 3.0)
    book.incidents.rise(VENUE, 3.0)

    assert marked == ({"host": "host_down"}, {"venue": "venue_unreachable"})
    assert (host.problems, book.venue.problems) == ({}, {})


def test_more_children_are_added_once_and_untold(book: Book) -> None:
    book.incidents.fall(VENUE, verdict("venue_unreachable"), 1.0, children=("s1",))

    book.incidents.adopt(VENUE, ["s1", "s2"])
    book.incidents.adopt(VENUE, ["s2"])

    assert book.one().children == ("s1", "s2")
    assert len(book.lines()) == 1
