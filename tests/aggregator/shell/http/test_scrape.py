"""Scrapes: what a query wants, and codings that a client takes."""

import pytest

from aggregator.shell.http.scrape import Wanted, takes_gzip, wanted_of

VENUES = ("AQU", "STA")


@pytest.mark.parametrize(
    ("accepts", "is_taken"),
    [
        ("", False),
        ("gzip", True),
        ("GZIP", True),
        ("x-gzip", True),
        ("deflate, gzip;q=1.0, *;q=0.5", True),
        ("gzip;q=0", False),
        ("gzip; q=0.000", False),
        ("*", True),
        ("*;q=0", False),
        ("gzip;q=0, *", False),
        ("identity", False),
        ("gzip;q=0.5, identity", False),
        ("gzip;q=0.5, identity;q=0.5", True),
        ("identity;q=0, gzip;q=0.1", True),
        ("gzip;q=nonsense", False),
        ("gzip;q=inf", False),
        ("gzip;q=-1", False),
        ("gzip;level=1", True),
        (",,;;,q=1", False),
        ("zstd, br", False),
    ],
)
def test_gzip_is_sent_where_a_client_takes_it(accepts: str, *, is_taken: bool) -> None:
    assert takes_gzip(accepts) is is_taken


@pytest.mark.parametrize(
    ("query", "wanted"),
    [
        ([], Wanted()),
        ([("collect", "liveness"), ("collect", "vitals")], Wanted()),
        ([("venue", "STA"), ("venue", "AQU"), ("venue", "STA")], Wanted(VENUES)),
        ([("collect", "vitals")], Wanted((), ("vitals",))),
        ([("timestamps", "1")], Wanted(timestamps=True)),
        ([("readings", "3"), ("timestamps", "1")], Wanted(timestamps=True, readings=3)),
        ([("readings", "1")], Wanted()),
        ([("timestamps", "1"), ("timestamps", "0")], Wanted()),
    ],
)
def test_alike_questions_have_one_body(query: list[tuple[str, str]], wanted: Wanted) -> None:
    assert wanted_of(query, VENUES) == wanted
