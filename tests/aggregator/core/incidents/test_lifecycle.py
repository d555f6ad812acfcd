"""Lifecycle of incidents: one a subject, reported once, sharpened, closed, damped if it flaps."""

import pytest

from aggregator.core.incidents.lifecycle import LONG_FALL_S
from aggregator.core.incidents.record import Incident, Subject
from aggregator.core.verdicts.causes import Cause
from aggregator.core.verdicts.flapping import HALF_LIFE_S
from tests.aggregator.core.incidents.conftest import (
    BLIND,
    CENTRE,
    CUT,
    GONE,
    HOST,
    SILENT,
    VENUE,
    Book,
    verdict,
)


def test_a_fall_opens_an_incident_its_rise_closes(book: Book) -> None:
    book.incidents.fall(HOST, SILENT, 10.0, silent_since=7.25)
    opened = book.one()
    book.incidents.rise(HOST, 20.0)

    assert (opened.opened_at, opened.silent_since, opened.falls) == (10.0, 7.25, 1)
    assert opened.evidence == SILENT.evidence
    assert book.lines() == [(10.0, "opened", "silent"), (20.0, "closed", "silent")]
    assert book.incidents.open == {}
    assert book.store.known()[0].closed_at == 20.0


def test_a_more_precise_cause_is_reported_once(book: Book) -> None:
    book.incidents.fall(HOST, SILENT, 10.0)

    book.incidents.sharpen(HOST, GONE, 11.0)
    book.incidents.sharpen(HOST, GONE, 12.0)

    assert book.lines() == [(10.0, "opened", "silent"), (11.0, "sharpened", "host_down")]
    assert [seen.seen for seen in book.one().evidence] == ["silence", "probe"]  # the silence once
    assert book.fleet.named("s1").problems == {"host": "host_down"}


def test_more_evidence_of_the_cause_is_not_reported(book: Book) -> None:
    book.incidents.fall(HOST, SILENT, 10.0)

    book.incidents.sharpen(HOST, verdict(Cause.SILENT, "no_word"), 11.0)

    assert [seen.seen for seen in book.one().evidence] == ["silence", "no_word"]
    assert len(book.lines()) == 1


def test_what_is_not_open_never_changes(book: Book) -> None:
    book.incidents.sharpen(HOST, GONE, 1.0)
    book.incidents.rise(HOST, 1.0)
    book.incidents.end(HOST, 1.0)
    book.incidents.end_at(HOST, 1.0)
    book.incidents.advance(2.0)

    assert book.lines() == []


def test_a_problem_that_is_no_fall_is_an_incident(book: Book) -> None:
    book.incidents.begin(CENTRE, BLIND, 15.0, since=10.0)
    opened_at = book.one().opened_at
    book.incidents.begin(CENTRE, verdict(Cause.BROKER_DOWN), 16.0)
    book.incidents.end(CENTRE, 17.0)

    assert opened_at == 10.0
    assert book.lines() == [
        (15.0, "opened", "aggregator_blind"),
        (16.0, "sharpened", "broker_down"),
        (17.0, "closed", "broker_down"),
    ]


def test_a_set_end_comes_unless_it_begins_again(book: Book) -> None:
    book.incidents.begin(CENTRE, BLIND, 1.0)
    book.incidents.end_at(CENTRE, 5.0)
    book.incidents.begin(CENTRE, BLIND, 3.0)
    book.incidents.advance(9.0)
    is_still_open = CENTRE in book.incidents.open
    book.incidents.end_at(CENTRE, 12.0)
    book.incidents.advance(12.0)

    assert is_still_open
    assert book.lines()[-1] == (12.0, "closed", "aggregator_blind")


def test_a_set_end_never_reaches_the_next_incident(book: Book) -> None:
    book.incidents.begin(CENTRE, BLIND, 1.0)
    book.incidents.end_at(CENTRE, 5.0)
    book.incidents.end(CENTRE, 2.0)
    book.incidents.begin(CENTRE, BLIND, 3.0)

    book.incidents.advance(9.0)

    assert CENTRE in book.incidents.open


def test_more_children_are_added_once_and_not_reported(book: Book) -> None:
    book.incidents.fall(VENUE, CUT, 1.0, children=("s1",))

    book.incidents.adopt(VENUE, ["s1", "s2"])
    book.incidents.adopt(VENUE, ["s2"])

    assert book.one().children == ("s1", "s2")
    assert len(book.lines()) == 1


# A subject that falls again and again


def test_the_third_fall_is_flapping_the_fourth_no_news(book: Book) -> None:
    book.flap(falls=4)

    assert [(change, cause) for _, change, cause in book.lines()] == [
        ("opened", "silent"),
        ("closed", "silent"),
        ("opened", "silent"),
        ("closed", "silent"),
        ("opened", "flapping"),
    ]
    assert book.one().falls == 4
    assert [seen.seen for seen in book.one().evidence] == ["falls", "silence"]


def test_falls_far_apart_are_news_each_time(book: Book) -> None:
    book.flap(falls=10, every_s=HALF_LIFE_S)

    assert [change for _, change, _ in book.lines()] == ["opened", "closed"] * 10


@pytest.mark.parametrize("is_restarted", [False, True])
def test_flapping_ends_when_its_penalty_has_faded(book: Book, *, is_restarted: bool) -> None:
    book.flap(falls=3)
    watched = book.restarted(30.0) if is_restarted else book
    due = watched.incidents.next_deadline()

    watched.incidents.advance(10_000.0)

    at, change, cause = watched.lines()[-1]
    assert (change, cause) == ("closed", "flapping")
    # Of the falls at 0, 10 and 20 s 2932 is left at 20 s: 300 * log2(2932 / 800) s more.
    assert at == pytest.approx(20.0 + 562.2, abs=0.5)
    assert due <= at


def test_another_fall_puts_off_the_end_of_flapping(book: Book) -> None:
    book.flap(falls=3)
    book.incidents.fall(HOST, SILENT, 500.0)
    book.incidents.rise(HOST, 505.0)

    book.incidents.advance(600.0)

    assert HOST in book.incidents.open


def test_a_penalty_faded_while_down_ends_with_the_rise(book: Book) -> None:
    book.flap(falls=3)
    book.incidents.fall(HOST, SILENT, 500.0)
    book.incidents.advance(5_000.0)
    is_still_open = HOST in book.incidents.open
    book.incidents.rise(HOST, 5_000.0)

    assert is_still_open
    assert book.lines()[-1][:2] == (5_000.0, "closed")


@pytest.mark.parametrize("falls", [3, 5])
def test_a_long_fall_counts_though_it_flaps(book: Book, falls: int) -> None:
    fell_at = book.flap(falls=falls - 1) + 5.0
    book.incidents.fall(HOST, SILENT, fell_at)
    book.incidents.sharpen(HOST, GONE, fell_at + 1.0)
    book.lines()

    book.incidents.advance(fell_at + LONG_FALL_S)

    assert book.lines() == [(fell_at + LONG_FALL_S, "sharpened", "host_down")]


def test_a_short_fall_while_flapping_is_never_reported(book: Book) -> None:
    fell_at = book.flap(falls=4) + 5.0
    book.lines()

    book.incidents.fall(HOST, SILENT, fell_at)
    book.incidents.rise(HOST, fell_at + LONG_FALL_S - 1.0)
    book.incidents.fall(HOST, SILENT, fell_at + LONG_FALL_S - 0.5)
    book.incidents.advance(fell_at + LONG_FALL_S + 30.0)

    assert book.lines() == []


def test_a_long_fall_that_ends_is_flapping_again(book: Book) -> None:
    fell_at = book.flap(falls=3) + 5.0
    book.incidents.fall(HOST, GONE, fell_at)
    book.incidents.advance(fell_at + LONG_FALL_S)
    book.lines()

    book.incidents.rise(HOST, fell_at + LONG_FALL_S + 5.0)

    assert book.lines() == [(fell_at + LONG_FALL_S + 5.0, "sharpened", "flapping")]
    assert book.fleet.named("s1").problems == {"host": "flapping"}


def test_children_of_a_later_fall_are_listed_too(book: Book) -> None:
    for number, children in enumerate((("s1",), ("s1",), ("s1",), ("s1", "s2"))):
        book.incidents.fall(VENUE, SILENT, number * 10.0, children=children)
        book.incidents.rise(VENUE, number * 10.0 + 5.0)

    assert book.one().children == ("s1", "s2")


def test_a_restart_forgets_no_fall(book: Book) -> None:
    book.flap(falls=2)
    later = book.restarted(15.0)

    later.incidents.fall(HOST, SILENT, 20.0)

    assert [cause for _, _, cause in later.lines()] == ["flapping"]
    assert later.one().falls == 3


def test_a_subject_that_flaps_for_long_survives_a_restart(book: Book) -> None:
    hour = 3_600.0
    book.flap(falls=36, every_s=100.0)
    book.incidents.fall(HOST, SILENT, hour)
    later = book.restarted(hour + 2.0)
    later.incidents.restore_fall(HOST, SILENT, hour, hour + 2.0)

    later.incidents.rise(HOST, hour + 10.0)
    later.incidents.fall(HOST, SILENT, hour + 100.0)
    later.incidents.rise(HOST, hour + 105.0)

    assert later.lines() == []


def test_falls_without_a_date_do_not_add_up(book: Book) -> None:
    """The wall clock was not set at our start: all that was before it is called now."""
    undated = [Incident(number, HOST, Cause.SILENT, 15.0, closed_at=15.0) for number in (1, 2, 3)]
    book.incidents.restore(undated, next_number=4, reported={}, now=15.5)

    book.incidents.fall(HOST, SILENT, 20.0)

    assert [cause for _, _, cause in book.lines()] == ["silent"]


# A problem that is no fall, and comes again and again

WAYS = [
    Subject("link", "STA", "s1"),
    Subject("link", "STA"),
    Subject("clock", "STA", "s1"),
    Subject("feed", "STA", "s1", "results"),
    Subject("budget", "STA", "s1"),
]
PROBLEM = verdict(Cause.ONE_WAY_LOSS, "no_echo")


def come_and_go(book: Book, subject: Subject, times: int, *, begin: float = 0.0) -> float:
    for number in range(times):
        book.incidents.begin(subject, PROBLEM, begin + number * 10.0)
        book.incidents.end(subject, begin + number * 10.0 + 5.0)
    return begin + times * 10.0 - 5.0


@pytest.mark.parametrize("subject", WAYS, ids=str)
def test_a_problem_that_comes_again_is_damped(book: Book, subject: Subject) -> None:
    come_and_go(book, subject, 50)

    changes = [change for _, change, _ in book.lines()]
    assert changes == ["opened", "closed", "opened", "closed", "opened"]
    assert (book.one().cause, book.one().falls) == (Cause.ONE_WAY_LOSS, 50)


@pytest.mark.parametrize("subject", WAYS, ids=str)
def test_a_damped_problem_ends_once_steady(book: Book, subject: Subject) -> None:
    ended_at = come_and_go(book, subject, 3)
    book.lines()

    for second in range(2_000):  # it is said to be well with each beat
        book.incidents.end(subject, ended_at + second)
        book.incidents.advance(ended_at + second)

    ((at, change, _),) = book.lines()
    assert change == "closed"
    assert at == pytest.approx(20.0 + 562.2, abs=1.0)


def test_a_damped_problem_that_lasts_stays_open(book: Book) -> None:
    ended_at = come_and_go(book, WAYS[0], 3)
    book.lines()

    book.incidents.begin(WAYS[0], PROBLEM, ended_at + 5.0)
    book.incidents.advance(ended_at + 5_000.0)

    assert book.lines() == []
    assert WAYS[0] in book.incidents.open


def test_blindness_is_never_damped(book: Book) -> None:
    come_and_go(book, CENTRE, 10)

    assert [change for _, change, _ in book.lines()] == ["opened", "closed"] * 10


def test_a_farewell_ends_no_flapping(book: Book) -> None:
    for number in range(20):
        book.incidents.begin(WAYS[3], PROBLEM, number * 10.0)
        book.incidents.leave(book.fleet.named("s1"), number * 10.0 + 5.0)

    assert [change for _, change, _ in book.lines()].count("opened") == 3


def test_a_restart_forgets_no_problem_that_came_again(book: Book) -> None:
    come_and_go(book, WAYS[0], 2)
    later = book.restarted(20.0)

    come_and_go(later, WAYS[0], 5, begin=20.0)

    assert [change for _, change, _ in later.lines()] == ["opened"]
    assert later.one().falls == 7
