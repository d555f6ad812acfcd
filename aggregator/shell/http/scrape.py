"""Scrapes: what a request for metrics wants, and one body for all who want the same in a second.

A body that was made before the latest verdict is another one: a lost host is gone from the next
scrape, whoever has just scraped. A body is rendered, and compressed where the scraper takes gzip,
in a thread of its own, one after the other, and only so many wait. ``sending.py`` sends them.
"""

import asyncio
import zlib
from collections.abc import Callable, Collection, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple, TypeVar

from aiohttp import web

from aggregator.shell.exposition import COLLECTIONS
from venuewatch.base import clock
from venuewatch.base.refusals import unknown

WAITING_MAX = 200
"""How many bodies may wait to be made: they are asked for faster than one thread makes them."""

_GZIP_LEVEL = 1
_GZIP_FORMAT = 31  # zlib's way to say: with a gzip header
READINGS_MAX = 4
"""How many of a host's latest vitals a page may show: enough for a scrape each 30 s."""

_PARAMETERS: Mapping[str, tuple[str, Collection[str]]] = {
    "collect": ("collection", COLLECTIONS),
    "readings": ("number of readings", [str(count + 1) for count in range(READINGS_MAX)]),
    "timestamps": ("timestamps", ("0", "1")),
    "venue": ("venue", ()),
}
"""What a query may say: each parameter in words, and its values; of venues those that there are."""

T = TypeVar("T")


class UnknownVenueError(ValueError):
    """A venue is asked for that the inventory does not have; its text is the line for the user."""


class Wanted(NamedTuple):
    """What of the metrics is wanted. Without ``venues`` all, and then the aggregator's own, too.

    ``timestamps``: measured samples with the time of their reading; of vitals so many ``readings``.
    """

    venues: tuple[str, ...] = ()
    collections: tuple[str, ...] = COLLECTIONS
    timestamps: bool = False
    readings: int = 1

    @property
    def has_own(self) -> bool:
        """Whether the aggregator's own metrics are wanted."""
        return not self.venues and "liveness" in self.collections


def wanted_of(
    query: Iterable[tuple[str, str]], venues: Collection[str], *, timestamps: bool = False
) -> Wanted:
    """Return what a URL's query wants, of ``venues`` that there are.

    ``timestamps``: whether they are wanted where the query does not say.

    Raises:
        UnknownVenueError: there is no such venue.
        ValueError: a line for the user that says what was expected.
    """
    said: dict[str, list[str]] = {name: [] for name in _PARAMETERS}
    for name, value in query:
        if name not in _PARAMETERS:
            raise ValueError(unknown("parameter", name, _PARAMETERS))
        what, known = _PARAMETERS[name]
        if name == "venue" and value not in venues:
            raise UnknownVenueError(unknown(what, value, venues))
        if name != "venue" and value not in known:
            raise ValueError(unknown(what, value, known))
        said[name].append(value)
    if said["timestamps"]:
        timestamps = said["timestamps"][-1] == "1"
    readings = int(said["readings"][-1]) if said["readings"] else 1
    if readings > 1 and not timestamps:
        raise ValueError("expected timestamps=1 beside readings: only times tell readings apart")
    codes, parts = sorted(set(said["venue"])), sorted(set(said["collect"]))
    return Wanted(tuple(codes), tuple(parts) or COLLECTIONS, timestamps, readings)


def takes_gzip(accept_encoding: str) -> bool:
    """Tell whether a client takes gzip, and likes it no less than plain (RFC 9110, 12.5.3)."""
    weights: dict[str, float] = {}
    for part in accept_encoding.lower().split(","):
        coding, *parameters = (word.strip() for word in part.split(";"))
        if coding:
            weights[coding] = _weight_of(parameters)
    gzip = weights.get("gzip", weights.get("x-gzip", weights.get("*", 0.0)))
    return gzip > 0.0 and gzip >= weights.get("identity", 0.0)


def _weight_of(parameters: Iterable[str]) -> float:
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name.strip() == "q":
            try:
                weight = float(value)
            except ValueError:
                return 0.0
            return weight if 0.0 <= weight <= 1.0 else 0.0
    return 1.0


def joined(pieces: Iterable[bytes]) -> bytearray:
    """Return a body whose pieces are never in memory beside it, and never copied all at once."""
    body = bytearray()
    for piece in pieces:
        body += piece
    return body


def gzipped(pieces: Iterable[bytes]) -> bytearray:
    """Return a body compressed, fast rather than small."""
    compressor = zlib.compressobj(_GZIP_LEVEL, wbits=_GZIP_FORMAT)
    body = joined(map(compressor.compress, pieces))
    body += compressor.flush()
    return body


class _Made(NamedTuple):
    verdicts: int
    body: asyncio.Future[bytearray]


class Bodies:
    """The bodies of this second, by what was wanted."""

    def __init__(self) -> None:
        self._worker = ThreadPoolExecutor(1, "render")
        self._waiting = 0
        self._second = -1
        self._made: dict[tuple[Wanted, bool], _Made] = {}

    def close(self) -> None:
        """Render nothing more."""
        self._worker.shutdown(wait=False, cancel_futures=True)

    async def get(
        self,
        wanted: Wanted,
        verdicts: int,
        *,
        is_gzip: bool,
        render: Callable[[], Iterable[bytes]],
    ) -> bytearray:
        """Return the pieces that ``render`` makes, for all who want the same within this second.

        ``verdicts``: how many there have been; after another one the body is made anew.

        Raises:
            HTTPServiceUnavailable: too many different ones are wanted.
        """
        second = int(clock.monotonic())
        if second != self._second:
            self._forget(self._second)
            self._second = second
            asyncio.get_running_loop().call_later(1.0, self._forget, second)
        known = self._made.get((wanted, is_gzip))
        if known is None or known.verdicts != verdicts:
            join = gzipped if is_gzip else joined
            known = _Made(verdicts, self._begin(lambda: join(render())))
            self._made[wanted, is_gzip] = known
        return await asyncio.shield(known.body)

    async def fresh(self, *, is_gzip: bool, render: Callable[[], bytes]) -> bytes | bytearray:
        """Return what ``render`` makes, for this one alone: what costs little.

        Raises:
            HTTPServiceUnavailable: too many bodies are wanted.
        """
        return await self._begin((lambda: gzipped([render()])) if is_gzip else render)

    def _begin(self, make: Callable[[], T]) -> asyncio.Future[T]:
        if self._waiting >= WAITING_MAX:
            raise web.HTTPServiceUnavailable(text="too many scrapes, try again\n")
        self._waiting += 1
        begun = asyncio.get_running_loop().run_in_executor(self._worker, make)
        begun.add_done_callback(self._note_done)
        return begun

    def _note_done(self, _: object) -> None:
        self._waiting -= 1

    def _forget(self, second: int) -> None:
        if second == self._second:
            self._made.clear()
