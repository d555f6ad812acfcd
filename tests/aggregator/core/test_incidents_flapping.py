"""What falls again and again is one incident, of which only a long fall is news."""

import pytest

from aggregator.core.damping import HALF_LIFE_S
from aggregator.core.events import Incident
from aggregator.core.incidents import LONG_FALL_S
from tests.aggregator.book import GONE, HOST, SILENT, VENUE, Book


@pytest.fixture
def book() -> Book:
    return Book()


def test_the_third_fall_in_a_short_time_is_flapping_and_the_fourth_is_no_news(book: Book) -> None:
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


def test_flapping_ends_when_its_penalty_has_faded(book: Book) -> None:
    book.flap(falls=3)
    due = book.incidents.next_deadline()
    book.incidents.advance(10_000.0)

    closed = book.told[-1]
    assert (closed.change, closed.incident.cause) == ("closed", "flapping")
    # Of the falls at 0, 10 and 20 s 2932 is left at 20 s: 300 * log2(2932 / 800) s more.
    assert closed.at == pytest.approx(20.0 + 562.2, abs=0.5)
    assert due <= closed.at


def test_what_is_down_when_its_penalty_has_faded_ends_when_it_rises(book: Book) -> None:
    book.flap(falls=3)
    book.incidents.fall(HOST, SILENT, 500.0)
    book.incidents.advance(5_000.0)
    still_open = HOST in book.incidents.open
    book.incidents.rise(HOST, 5_000.0)

    assert still_open
    assert book.told[-1].change == "closed"
    assert book.told[-1].at == 5_000.0


def test_falls_that_are_far_apart_are_news_each_time(book: Book) -> None:
    book.flap(falls=10, every_s=HALF_LIFE_S)

    assert [change for _, change, _ in book.lines()] == ["opened", "closed"] * 10


@pytest.mark.parametrize("falls", [3, 5])
def test_a_long_fall_counts_though_it_flaps(book: Book, falls: int) -> None:
    fell_at = book.flap(falls=falls - 1) + 5.0
    book.incidents.fall(HOST, SILENT, fell_at)
    book.incidents.sharpen(HOST, GONE, fell_at + 1.0)
    book.lines()

    book.incidents.advance(fell_at + LONG_FALL_S - 0.125)
    before = book.lines()
    book.incidents.advance(fell_at + LONG_FALL_S)

    assert before == []
    assert book.lines() == [(fell_at + LONG_FALL_S, "sharpened", "host_down")]


def test_a_short_fall_of_what_flaps_is_never_told(book: Book) -> None:
    fell_at = book.flap(falls=4) + 5.0
    book.lines()

    book.incidents.fall(HOST, SILENT, fell_at)
    book.incidents.rise(HOST, fell_at + LONG_FALL_S - 1.0)
    book.incidents.fall(HOST, SILENT, fell_at + LONG_FALL_S - 0.5)
    book.incidents.advance(fell_at + LONG_FALL_S + 30.0)

    assert book.lines() == []


def test_when_a_long_fall_is_over_it_is_flapping_again(book: Book) -> None:
    fell_at = book.flap(falls=3) + 5.0
    book.incidents.fall(HOST, GONE, fell_at)
    book.incidents.advance(fell_at + LONG_FALL_S)
    book.lines()

    book.incidents.rise(HOST, fell_at + LONG_FALL_S + 5.0)

    assert book.lines() == [(fell_at + LONG_FALL_S + 5.0, "sharpened", "flapping")]
    assert book.venue.hosts["s1"].problems == {"host": "flapping"}


def test_who_is_behind_a_later_fall_is_listed_too(book: Book) -> None:
    for number, children in enumerate((("s1",), ("s1",), ("s1",), ("s1", "s2"))):
        book.incidents.fall(VENUE, SILENT, number * 10.0, children=children)
        book.incidents.rise(VENUE, number * 10.0 + 5.0)

    assert book.one().children == ("s1", "s2")


def test_a_restart_forgets_no_fall(book: Book) -> None:
    book.flap(falls=2)
    later = Book()

    later.incidents.restore(book.register.known(), next_number=3, now=15.0)
    later.incidents.fall(HOST, SILENT, 20.0)

    assert [cause for _, _, cause in later.lines()] == ["flapping"]
    assert later.one().falls == 3


def test_what_flapped_before_a_restart_is_over_when_its_penalty_has_faded(book: Book) -> None:
    book.flap(falls=3)
    later = Book()

    later.incidents.restore(book.register.known(), next_number=4, now=30.0)
    later.incidents.advance(10_000.0)

    ((at, change, cause),) = later.lines()
    assert (change, cause) == ("closed", "flapping")
    assert at == pytest.approx(20.0 + 562.2, abs=0.5)


def test_what_flaps_for_long_and_is_down_at_a_restart_goes_on_flapping(book: Book) -> None:
    hour = 3_600.0
    for fall in range(36):
        book.incidents.fall(HOST, SILENT, fall * 100.0)
        book.incidents.rise(HOST, fall * 100.0 + 5.0)
    book.incidents.fall(HOST, SILENT, hour)
    later = Book()
    later.incidents.restore(book.register.known(), next_number=9, now=hour + 2.0)
    later.incidents.hold(HOST, SILENT, hour, hour + 2.0)

    later.incidents.rise(HOST, hour + 10.0)
    later.incidents.fall(HOST, SILENT, hour + 100.0)
    later.incidents.rise(HOST, hour + 105.0)

    assert later.lines() == []


def test_falls_of_which_nobody_knows_when_they_were_do_not_add_up(book: Book) -> None:
    """The wall clock was not set at our start: all that was before it is called now."""
    undated = [
        Incident(number, HOST, "silent", 15.0, falls=1, closed_at=15.0) for number in (1, 2, 3)
    ]

    book.incidents.restore(undated, next_number=4, now=15.5)
    book.incidents.fall(HOST, SILENT, 20.0)

    assert [cause for _, _, cause in book.lines()] == ["silent"]
