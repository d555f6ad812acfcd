"""Bodies: made once for all who want the same, in turn by client."""

import asyncio
import gzip
import threading
from collections.abc import AsyncIterator, Callable, Iterable

import pytest
from aiohttp import web

from aggregator.shell.http import bodies as made_bodies
from aggregator.shell.http import slots
from aggregator.shell.http.bodies import Bodies
from aggregator.shell.http.scrape import Wanted
from tests.kit.scripted_fleet import NOW

ONE, ALL = Wanted(("STA",)), Wanted()


class World:
    """A clock, the verdicts, and what renders: each body has its number, and notes its thread."""

    def __init__(self) -> None:
        self.now = NOW
        self.verdicts = 0
        self.threads: list[str] = []
        self.may_go_on = threading.Event()
        self.may_go_on.set()

    def render(self) -> Iterable[bytes]:
        self.may_go_on.wait(10)
        self.threads.append(threading.current_thread().name)
        return [str(len(self.threads)).encode()]


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    made = World()
    monkeypatch.setattr("venuewatch.base.clock.monotonic", lambda: made.now)
    return made


@pytest.fixture
async def bodies(world: World) -> AsyncIterator[Bodies]:
    made = Bodies(lambda: world.verdicts, slots.Slots())
    yield made
    world.may_go_on.set()
    made.close()


Asked = asyncio.Future[bytearray]
Get = Callable[..., Asked]


@pytest.fixture
def get(bodies: Bodies, world: World) -> Get:
    """Return what asks for a body, of a client."""

    def ask(
        wanted: Wanted, whose: str = "a", *, is_gzip: bool = False
    ) -> asyncio.Future[bytearray]:
        return asyncio.ensure_future(
            bodies.get(wanted, is_gzip=is_gzip, render=world.render, whose=whose)
        )

    return ask


async def test_scrapers_of_one_second_share_a_body(get: Get, world: World) -> None:
    found = await asyncio.gather(*(get(ONE, whose) for whose in "abc"))
    world.now += 0.9
    found.append(await get(ONE))
    world.now += 0.2
    found.append(await get(ONE))

    assert found == [b"1", b"1", b"1", b"1", b"2"]
    assert all(name.startswith("render") for name in world.threads)


async def test_body_is_made_anew_after_a_verdict(get: Get, world: World) -> None:
    found = []
    for world.verdicts in (0, 0, 1, 1):
        found.append(await get(ONE))

    assert found == [b"1", b"1", b"2", b"2"]


async def test_page_of_all_is_made_once_a_second_whatever_is_decided(
    get: Get, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(made_bodies, "SHARED_S", 0.2)
    first, later = bytes(await get(ALL)), []
    begun = asyncio.get_running_loop().time()
    for world.verdicts in range(1, 30):
        later.append(get(ALL))
        await asyncio.sleep(0)

    found = {bytes(await each) for each in later}

    assert (first, found) == (b"1", {b"2"})
    assert asyncio.get_running_loop().time() - begun >= 0.19


async def test_other_questions_and_codings_have_other_bodies(get: Get) -> None:
    plain, packed, other = await get(ONE), await get(ONE, is_gzip=True), await get(ALL)

    assert [bytes(plain), gzip.decompress(packed), bytes(other)] == [b"1", b"2", b"3"]


async def test_body_for_one_alone_is_compressed_in_the_thread_too(
    bodies: Bodies, monkeypatch: pytest.MonkeyPatch
) -> None:
    threads: list[str] = []

    def compress(pieces: Iterable[bytes]) -> bytes:
        threads.append(threading.current_thread().name)
        return gzip.compress(b"".join(pieces))

    monkeypatch.setattr(made_bodies, "gzipped", compress)

    packed = await bodies.fresh(is_gzip=True, render=lambda: b"x", whose="a")

    assert gzip.decompress(packed) == b"x"
    assert [name.startswith("render") for name in threads] == [True]


async def test_scraper_that_leaves_takes_no_body_from_others(get: Get, world: World) -> None:
    world.may_go_on.clear()
    first = get(ONE)
    await asyncio.sleep(0)
    second = get(ONE)
    await asyncio.sleep(0)

    first.cancel()
    world.may_go_on.set()

    assert await second == b"1"


async def test_failure_to_render_reaches_each_who_waits(bodies: Bodies, get: Get) -> None:
    def fail() -> Iterable[bytes]:
        raise ZeroDivisionError

    asked = [
        asyncio.ensure_future(bodies.get(ONE, is_gzip=False, render=fail, whose=whose))
        for whose in "ab"
    ]

    found = await asyncio.gather(*asked, return_exceptions=True)

    assert [type(each) for each in found] == [ZeroDivisionError] * 2
    assert await get(ONE) == b"1"


async def test_client_with_many_questions_keeps_another_waiting_for_a_few(
    get: Get, world: World
) -> None:
    world.may_go_on.clear()
    greedy = [get(Wanted((str(at),)), "greedy") for at in range(100)]
    greedy.append(get(ALL, "greedy"))
    await asyncio.sleep(0)
    modest = get(ALL, "modest")
    await asyncio.sleep(0)

    world.may_go_on.set()
    number = int(await modest)

    assert number <= slots.SLOTS + 2
    assert {bytes(each) for each in await asyncio.gather(*greedy)} >= {b"1", b"101"}


async def test_flood_of_questions_is_refused_to_whom_most_are_of(get: Get, world: World) -> None:
    world.may_go_on.clear()
    greedy = [get(Wanted((str(at),)), "greedy") for at in range(slots.WAITING_MAX + slots.SLOTS)]
    await asyncio.sleep(0)
    modest = get(ONE, "modest")
    one_more = get(Wanted(("x",)), "greedy")
    with pytest.raises(web.HTTPServiceUnavailable) as refused:
        await one_more

    world.may_go_on.set()

    assert refused.value.headers["Retry-After"] == "1"
    assert await modest
    found = await asyncio.gather(*greedy, return_exceptions=True)
    assert sum(isinstance(each, web.HTTPServiceUnavailable) for each in found) == 1


async def test_room_is_made_for_the_page_before_it_is_made(world: World) -> None:
    sizes: list[int] = []
    made = Bodies(lambda: world.verdicts, slots.Slots(), sizes.append)
    for world.now in (NOW, NOW + 2.0):
        await made.get(ALL, is_gzip=False, render=lambda: [b"x" * 100], whose="a")

    made.close()
    assert sizes == [0, 100]


async def test_few_bodies_are_kept_for_those_who_ask_next(
    bodies: Bodies, get: Get, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(made_bodies, "KEPT_MAX", 2)

    for at in range(5):
        await get(Wanted((str(at),)))

    assert bodies.kept() == [b"3", b"4", b"5"]
