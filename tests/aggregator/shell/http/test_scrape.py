"""Scrapes: codings that a client takes, and shared bodies."""

import asyncio
import gzip
import threading
from collections.abc import AsyncIterator, Callable, Iterable

import pytest
from aiohttp import web

from aggregator.shell.http import scrape
from aggregator.shell.http.scrape import Bodies, Wanted, takes_gzip, wanted_of
from tests.kit.scripted_fleet import NOW

VENUES = ("AQU", "STA")
A, B = Wanted(("STA",)), Wanted()


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


class Clock:
    """A clock that the test sets."""

    def __init__(self) -> None:
        self.now = NOW

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def time(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr("venuewatch.base.clock.monotonic", clock.monotonic)
    return clock


@pytest.fixture
async def bodies() -> AsyncIterator[Bodies]:
    made = Bodies()
    yield made
    made.close()


def counted() -> tuple[list[str], Callable[[], list[bytes]]]:
    """Return a list of the threads that rendered, and what renders a body with its length."""
    threads: list[str] = []

    def render() -> list[bytes]:
        threads.append(threading.current_thread().name)
        return [str(len(threads)).encode()]

    return threads, render


async def test_scrapers_of_one_second_share_a_body(bodies: Bodies, time: Clock) -> None:
    threads, render = counted()

    at_once = [bodies.get(A, 0, is_gzip=False, render=render) for _ in range(3)]
    found = await asyncio.gather(*at_once)
    time.now += 0.9
    found.append(await bodies.get(A, 0, is_gzip=False, render=render))
    time.now += 0.2
    found.append(await bodies.get(A, 0, is_gzip=False, render=render))

    assert found == [b"1", b"1", b"1", b"1", b"2"]
    assert all(name.startswith("render") for name in threads)


async def test_body_is_made_anew_after_a_verdict(bodies: Bodies, time: Clock) -> None:
    del time
    _, render = counted()

    found = [
        await bodies.get(A, verdicts, is_gzip=False, render=render) for verdicts in (0, 0, 1, 1)
    ]

    assert found == [b"1", b"1", b"2", b"2"]


async def test_other_questions_and_codings_have_other_bodies(bodies: Bodies, time: Clock) -> None:
    del time
    _, render = counted()

    plain = await bodies.get(A, 0, is_gzip=False, render=render)
    packed = await bodies.get(A, 0, is_gzip=True, render=render)
    other = await bodies.get(B, 0, is_gzip=False, render=render)

    assert [bytes(plain), gzip.decompress(packed), bytes(other)] == [b"1", b"2", b"3"]


async def test_body_for_one_alone_is_compressed_in_the_thread_too(
    bodies: Bodies, monkeypatch: pytest.MonkeyPatch
) -> None:
    threads: list[str] = []

    def compress(pieces: Iterable[bytes]) -> bytes:
        threads.append(threading.current_thread().name)
        return gzip.compress(b"".join(pieces))

    monkeypatch.setattr(scrape, "gzipped", compress)

    packed = await bodies.fresh(is_gzip=True, render=lambda: b"x")

    assert gzip.decompress(packed) == b"x"
    assert [name.startswith("render") for name in threads] == [True]


async def test_scraper_that_leaves_takes_no_body_from_others(bodies: Bodies, time: Clock) -> None:
    del time
    may_go_on = threading.Event()
    first = asyncio.ensure_future(
        bodies.get(A, 0, is_gzip=False, render=lambda: [b"x"] if may_go_on.wait(10) else [])
    )
    await asyncio.sleep(0)
    second = asyncio.ensure_future(bodies.get(A, 0, is_gzip=False, render=lambda: [b"another"]))
    await asyncio.sleep(0)

    first.cancel()
    may_go_on.set()

    assert await second == b"x"


async def test_a_flood_of_questions_is_refused_while_it_waits(bodies: Bodies, time: Clock) -> None:
    may_go_on = threading.Event()

    def render() -> list[bytes]:
        may_go_on.wait(10)
        return [b"x"]

    asked = [Wanted((str(number),)) for number in range(scrape.WAITING_MAX)]
    waiting = []
    for wanted in asked:
        time.now += 1.0
        waiting.append(asyncio.ensure_future(bodies.get(wanted, 0, is_gzip=False, render=render)))
        await asyncio.sleep(0)

    with pytest.raises(web.HTTPServiceUnavailable):
        await bodies.get(B, 0, is_gzip=False, render=list)
    with pytest.raises(web.HTTPServiceUnavailable):
        await bodies.fresh(is_gzip=False, render=lambda: b"")

    waiting.append(asyncio.ensure_future(bodies.get(asked[-1], 0, is_gzip=False, render=list)))
    may_go_on.set()
    assert {bytes(body) for body in await asyncio.gather(*waiting)} == {b"x"}
    assert await bodies.get(B, 0, is_gzip=False, render=list) == b""
