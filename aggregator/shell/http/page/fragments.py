"""Fragments of each topic: those that a change touches, and those that have changed since sent.

A topic is what one kind of page shows. What is on every page has the topic "". Rendering yields to
the loop each few milliseconds.
"""

import asyncio
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from typing import Final, NamedTuple, TypeAlias

from aggregator.shell.http.changes import Changes
from aggregator.shell.http.channel import Event
from aggregator.shell.http.page import ids
from venuewatch.base import clock

Render: TypeAlias = Callable[[str], str | None]
"""Returns the fragment of an id as HTML, the element itself included; None if there is none."""

EVERYWHERE: Final = ""
OVERVIEW: Final = "overview"
MAP: Final = "map"
INCIDENTS: Final = "incidents"
OF_MANY: Final = frozenset({OVERVIEW, MAP, INCIDENTS})
"""Topics of many fragments. Any other topic is the id of its only fragment."""

EVERYTHING: Final = Changes(is_centre=True)


class Known(NamedTuple):
    """What there is: the codes of venues, and the numbers of incidents, open or closed lately."""

    venues: Sequence[str]
    incidents: Collection[int] = ()


_WORK_S = 0.003  # so long rendering holds the loop
_RUNNING = re.compile(r'(\bdata-(?:since|clock)="[^"]*">)[^<]*')


def touched(topic: str, changes: Changes, known: Known) -> Iterator[str]:
    """Yield the ids of those fragments of a topic that ``changes`` may have changed.

    A change of the centre touches everything: hosts and venues are unknown while it is blind.
    """
    is_all = changes.is_centre
    codes = known.venues if is_all else [code for code in known.venues if code in changes.venues]
    if topic == EVERYWHERE:
        yield ids.HEAD
    elif topic == OVERVIEW:
        if is_all or changes.incidents:
            yield ids.PROBLEMS
        yield ids.MONITOR
        yield from map(ids.tile, codes)
    elif topic == MAP:
        yield from map(ids.mark, codes)
    elif topic == INCIDENTS:
        numbers = changes.incidents.union(known.incidents) if is_all else changes.incidents
        yield from map(ids.problem, sorted(numbers))  # a list adds them at its top one by one
    elif is_all or topic in _own_pages(changes):
        yield topic


def _own_pages(changes: Changes) -> set[str]:
    return {
        *map(ids.venue_page, changes.venues),
        *map(ids.host_page, changes.hosts),
        *map(ids.incident_page, changes.incidents),
    }


class Fragments:
    """The fragments as they were sent last, by topic and id."""

    def __init__(self) -> None:
        self._sent: dict[str, dict[str, str]] = {}

    def forget_all_but(self, topics: Collection[str]) -> None:
        """Forget every topic that is none of these."""
        for topic in self._sent.keys() - {EVERYWHERE, *topics}:
            del self._sent[topic]

    async def changed(
        self, topic: str, changes: Changes, known: Known, render: Render
    ) -> Event | None:
        """Return the event of those fragments of a topic that have changed, None without any."""
        sent = self._sent.get(topic)
        if sent is None:
            return await self.whole(topic, known, render)
        found = await _rendered(touched(topic, changes, known), render)
        news = {id_: html for id_, html in found.items() if _still(sent.get(id_)) != _still(html)}
        sent.update(news)
        return _event_of(topic, news.values())

    async def whole(self, topic: str, known: Known, render: Render) -> Event | None:
        """Return the event of all fragments of a topic, None without any."""
        sent = self._sent.get(topic)
        if sent is None or topic == INCIDENTS:  # of these old ones are forgotten
            sent = await _rendered(touched(topic, EVERYTHING, known), render)
            self._sent[topic] = sent
        return _event_of(topic, sent.values())


async def _rendered(found: Iterable[str], render: Render) -> dict[str, str]:
    """Render fragments by id; what is no more has none."""
    rendered = {}
    began = clock.monotonic()
    for id_ in found:
        html = render(id_)
        if html is not None:
            rendered[id_] = html
        if clock.monotonic() - began > _WORK_S:
            await asyncio.sleep(0)
            began = clock.monotonic()
    return rendered


def _still(html: str | None) -> str | None:
    """Return a fragment without the texts that a script keeps running: ages and clocks."""
    return None if html is None else _RUNNING.sub(r"\1", html)


def _event_of(topic: str, fragments: Collection[str]) -> Event | None:
    if not fragments:
        return None
    html = "\n".join(fragments)
    if topic == MAP:
        html = f"<svg>{html}</svg>"  # or a browser would parse the marks as HTML
    return Event("fragments", html.encode(), topic)
