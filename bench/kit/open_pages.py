"""Follows the pages' stream over many connections in one process, as so many open pages do.

``python -m bench.kit.open_pages --port PORT --pages N`` prints a line when each has its snapshot.
On any line it writes what all have seen into ``--into``, and answers with their number.
"""

import argparse
import asyncio
import json
import sys
import threading
from functools import lru_cache
from pathlib import Path
from typing import Final

from bench.kit.processes import LOOPBACK
from bench.kit.sights import tiles_of
from venuewatch.base import clock

_REQUEST: Final = b"GET /events?on=overview HTTP/1.0\r\nHost: localhost\r\n\r\n"
_LIMIT: Final = 2**24
_OPENED_TOGETHER: Final = 20

_tiles = lru_cache(maxsize=64)(tiles_of)  # all get the same bytes


class OpenPage:
    """One stream. ``shown``: how each venue stands; ``open``: the numbers of open incidents."""

    def __init__(self) -> None:
        self.sights: list[tuple[str, str, float]] = []
        self.shown: dict[str, str] = {}
        self.open: set[int] = set()
        self.has_all = asyncio.Event()
        self.is_cut = False

    async def follow(self, port: int) -> None:
        """Read events until the server ends the stream."""
        reader, writer = await asyncio.open_connection(LOOPBACK, port, limit=_LIMIT)
        writer.write(_REQUEST)
        try:
            await reader.readuntil(b"\r\n\r\n")
            while True:
                self._take(await reader.readuntil(b"\n\n"))
        except (asyncio.IncompleteReadError, ConnectionError):
            self.is_cut = True
        finally:
            writer.close()

    def _take(self, event: bytes) -> None:
        if b"event: fragments\n" in event:
            at = clock.wall()
            for venue, text in _tiles(event):
                self.shown[venue] = text
                self.sights.append((venue, text, at))
        elif b"event: alarms\n" in event:
            self._take_alarms(json.loads(event.partition(b"data: ")[2]))
            self.has_all.set()

    def _take_alarms(self, alarms: dict[str, object]) -> None:
        if alarms["is_all"]:
            self.open.clear()
        incidents = alarms["incidents"]
        assert isinstance(incidents, list)  # noqa: S101 - as stream.py has it
        for incident in incidents:
            if incident.get("is_closed"):
                self.open.discard(incident["number"])
            else:
                self.open.add(incident["number"])


def _seen(pages: list[OpenPage]) -> str:
    return json.dumps(
        {
            "sights": [page.sights for page in pages],
            "shown": [page.shown for page in pages],
            "open": [sorted(page.open) for page in pages],
        }
    )


async def _follow(port: int, count: int, into: Path) -> None:
    pages = [OpenPage() for _ in range(count)]
    following: list[asyncio.Task[None]] = []
    for start in range(0, count, _OPENED_TOGETHER):
        some = pages[start : start + _OPENED_TOGETHER]
        following += [asyncio.create_task(page.follow(port)) for page in some]
        await asyncio.gather(*(page.has_all.wait() for page in some))
    print(json.dumps({"open": count}), flush=True)
    loop = asyncio.get_running_loop()
    has_ended = asyncio.Event()

    def tell() -> None:
        into.write_text(_seen(pages), encoding="utf-8")
        print(json.dumps({"open": sum(not page.is_cut for page in pages)}), flush=True)

    def answer() -> None:
        for _ in sys.stdin:
            loop.call_soon_threadsafe(tell)
        loop.call_soon_threadsafe(has_ended.set)

    threading.Thread(target=answer, name="answers", daemon=True).start()
    await has_ended.wait()


def main() -> int:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, required=True, help="of the aggregator's HTTP")
    parser.add_argument("--pages", type=int, required=True)
    parser.add_argument("--into", type=Path, required=True, help="file for what was seen")
    options = parser.parse_args()
    asyncio.run(_follow(options.port, options.pages, options.into))
    return 0


if __name__ == "__main__":
    sys.exit(main())
