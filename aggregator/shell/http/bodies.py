"""Bodies: a page of metrics is made once for all who want the same within a second.

1. A body is rendered, and compressed where the scraper takes gzip, in a thread, one at a time
   (``slots.py``). ``sending.py`` sends it.
2. A body that was begun before the latest verdict is given to nobody who asks after that: a lost
   host is gone from the next scrape, whoever has just scraped.
3. The page of all venues is begun once a second at most: who asks again after a verdict has it
   then.
"""

import asyncio
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TypeVar

from aiohttp import web

from aggregator.shell.http.scrape import Wanted, gzipped, joined
from aggregator.shell.http.slots import Slots
from venuewatch.base import clock

SHARED_S = 1.0
"""How long (s) a body is given to those who ask for the same."""

KEPT_MAX = 32 * 1024 * 1024
"""How many bytes of bodies are kept for that, beside the latest."""

T = TypeVar("T")


class _Making:
    """One body; ``begun_at`` (monotonic s) and ``verdicts`` are unknown before it is begun.

    ``waiting``: the clients of which each has it made when its turn comes, if it is not made yet.
    """

    def __init__(self, make: Callable[[], bytearray], not_before: float, size: int) -> None:
        self.make = make
        self.not_before = not_before
        self.begun_at: float | None = None
        self.verdicts = -1
        self.size = size
        self.whole: asyncio.Future[bytearray] = asyncio.get_running_loop().create_future()
        self.waiting: dict[str, asyncio.Task[None]] = {}

    @property
    def is_made(self) -> bool:
        """Whether it can be sent."""
        is_done = self.whole.done() and not self.whole.cancelled()
        return is_done and self.whole.exception() is None


class Bodies:
    """The bodies of this second, by what was wanted.

    ``verdicts`` returns how many there have been. ``make_room_for`` is told how many bytes a body
    will have, before it is made: as many as it had last.
    """

    def __init__(
        self,
        verdicts: Callable[[], int],
        slots: Slots,
        make_room_for: Callable[[int], None] = lambda _size: None,
    ) -> None:
        self._slots = slots
        self._verdicts = verdicts
        self._make_room_for = make_room_for
        self._worker = ThreadPoolExecutor(1, "render")
        self._made: dict[tuple[Wanted, bool], _Making] = {}  # the oldest first
        self._whole_size = 0

    def close(self) -> None:
        """Render nothing more."""
        self._worker.shutdown(wait=False, cancel_futures=True)

    def kept(self) -> list[bytearray]:
        """Return the bodies that are kept for those who ask next."""
        return [made.whole.result() for made in self._made.values() if made.is_made]

    async def get(
        self,
        wanted: Wanted,
        *,
        is_gzip: bool,
        render: Callable[[], Iterable[bytes]],
        whose: str,
    ) -> bytearray:
        """Return the pieces that ``render`` makes, for all who want the same within this second.

        ``whose``: the client that waits for it, where it is not made yet.

        Raises:
            HTTPServiceUnavailable: too many different ones are wanted.
        """
        key = (wanted, is_gzip)
        known = self._made.get(key)
        if known is None or not self._is_fresh(known):
            begun_at = None if known is None else known.begun_at
            not_before = 0.0 if wanted.venues or begun_at is None else begun_at + SHARED_S
            join = gzipped if is_gzip else joined
            size = 0 if wanted.venues else self._whole_size
            self._made.pop(key, None)
            known = self._made[key] = _Making(lambda: join(render()), not_before, size)
            known.whole.add_done_callback(partial(self._keep, key, known))
        if known.begun_at is None and whose not in known.waiting:
            making = self._make(known, whose)
            known.waiting[whose] = asyncio.create_task(making, name="page of metrics")
        return await asyncio.shield(known.whole)

    async def fresh(
        self, *, is_gzip: bool, render: Callable[[], bytes], whose: str
    ) -> bytes | bytearray:
        """Return what ``render`` makes, for this one alone: what costs little.

        Raises:
            HTTPServiceUnavailable: too many bodies are wanted.
        """
        make = (lambda: gzipped([render()])) if is_gzip else render
        async with self._slots.taken(whose):
            return await self._rendered(make)

    def _is_fresh(self, made: _Making) -> bool:
        if made.begun_at is None:  # whatever is said until then will be in it
            return not made.whole.done()
        is_young = clock.monotonic() - made.begun_at < SHARED_S
        return is_young and made.verdicts == self._verdicts()

    async def _make(self, made: _Making, whose: str) -> None:
        """Make a body in a client's turn, unless another one's has come first."""
        try:
            wait_s = made.not_before - clock.monotonic()
            if wait_s > 0.0:
                await asyncio.sleep(wait_s)
            async with self._slots.taken(whose):
                if made.begun_at is not None:
                    return
                made.begun_at, made.verdicts = clock.monotonic(), self._verdicts()
                self._make_room_for(made.size)
                made.whole.set_result(await self._rendered(made.make))
        except web.HTTPServiceUnavailable as refused:
            del made.waiting[whose]
            if made.begun_at is None and not made.waiting:
                made.whole.set_exception(refused)
        except Exception as error:  # noqa: BLE001 - it is raised for each who waits
            made.whole.set_exception(error)

    async def _rendered(self, make: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._worker, make)

    def _keep(
        self, key: tuple[Wanted, bool], made: _Making, _whole: asyncio.Future[bytearray]
    ) -> None:
        """Keep a body for a second, and others only while they are not too many."""
        if not made.is_made:
            self._drop(key, made)
            return
        made.size = len(made.whole.result())
        if not key[0].venues:
            self._whole_size = made.size
        others = [each for each in self._made.items() if each[1].is_made and each[1] is not made]
        over = sum(each.size for _, each in others) - KEPT_MAX
        for other, each in others:
            if over > 0:
                over -= each.size
                self._drop(other, each)
        asyncio.get_running_loop().call_later(SHARED_S, self._drop, key, made)

    def _drop(self, key: tuple[Wanted, bool], made: _Making) -> None:
        if self._made.get(key) is made:
            del self._made[key]
