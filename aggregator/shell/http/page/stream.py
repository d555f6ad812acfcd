"""Stream of the pages, ``/events``: fragments that have changed, as HTML, and the open incidents.

1. A page names what it shows, its topics: ``/events?on=overview&on=host-STA-1``. The tabs of a
   browser share one stream, which has the topics of all. ``last=ID`` resumes after that event.
2. Changes of 0.25 s come together (``fanout.py``). The event ``fragments`` has those elements of
   one topic that have changed, as HTML (``fragments.py``); each replaces the one of its id.
3. The event ``alarms`` has the incidents that have changed, as JSON, for sound, speech and title.
   Every page gets it.
4. The event ``reload`` says that other venues are expected now: the page is to be loaded anew.
5. The event ``sent`` ends each sending, and has its time (s since 1970), as the pulse of each
   second has. In a snapshot it has the version of pages, too: one of another loads itself anew.
"""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Iterable, Sequence
from http import HTTPStatus
from typing import Final, NamedTuple

import msgspec
from aiohttp import hdrs, web

from aggregator.core.centre import Centre
from aggregator.core.incidents.alerts import description_of, row_of
from aggregator.core.incidents.record import Incident
from aggregator.shell.http.changes import Changes
from aggregator.shell.http.channel import Channel, Event
from aggregator.shell.http.fanout import Fanout, FullError
from aggregator.shell.http.page import ids
from aggregator.shell.http.page.fragments import (
    EVERYTHING,
    OF_MANY,
    OVERVIEW,
    Fragments,
    Known,
    Render,
)
from aggregator.shell.walltime import WallTime
from venuewatch.base import clock
from venuewatch.base.exercise import marked
from venuewatch.base.refusals import unknown

TOPICS_MAX: Final = 64
"""How many topics one stream follows."""

REFRESH_S: Final = 5.0
"""How often (s) what changes without a verdict is looked at: vitals and checks of a host."""

LISTED: Final = 100
"""So many incidents a page of all of them lists: those that are open, or were closed lately."""

_TOPIC_LENGTH_MAX = 128
_RETRY_AFTER_S = 10
_OWN_PAGES = (ids.venue_page(""), ids.host_page(""), ids.incident_page(0).removesuffix("0"))


class AlarmJson(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """An incident as scripts see it; ``opened_at`` is s since 1970.

    Of one that is closed there is only its number.
    """

    number: int
    severity: str = ""
    sentence: str = ""
    opened_at: float = 0.0
    is_closed: bool = False


class AlarmsJson(msgspec.Struct, frozen=True):
    """Incidents that have changed by ``at``; ``is_all``: no other one is open."""

    at: float
    is_all: bool
    incidents: Sequence[AlarmJson]


class Wanted(NamedTuple):
    """What a page wants of the stream: its topics, and what came after an event."""

    topics: frozenset[str] = frozenset()
    last_id: str | None = None


class PageStream:
    """The stream of the pages.

    ``renders`` returns what renders fragments as all stands now: an id in, HTML out. It is told
    what has changed since it was asked before. ``root`` is the path of the external address, under
    which the stream is served, too. ``version``: of the pages that we serve.
    """

    def __init__(  # noqa: PLR0913 - it stands between so many
        self,
        fanout: Fanout,
        centre: Centre,
        wall: WallTime,
        renders: Callable[[Changes], Awaitable[Render]],
        *,
        root: str = "",
        version: str = "",
        exercise: str = "",
    ) -> None:
        self._exercise = exercise
        self.channel = Channel("pages", self._render, self._snapshot)
        self._fanout = fanout
        self._store = centre.decisions.store
        self._fleet = centre.fleet
        self._wall = wall
        self._renders = renders
        self._root = root
        self._version = version
        self._fragments = Fragments()
        self._start = self.channel.start
        self._venues: Sequence[str] = tuple(self._fleet.venues)
        self._turn = asyncio.Lock()
        fanout.add(self.channel)

    def add_to(self, app: web.Application) -> None:
        """Serve the stream with ``app``."""
        for root in dict.fromkeys(("", self._root)):
            app.router.add_get(f"{root}/events", self.answer, allow_head=False)

    async def answer(self, request: web.Request) -> web.StreamResponse:
        """Answer ``/events``."""
        try:
            wanted = wanted_of(request.query.items())
        except ValueError as error:
            return web.Response(status=HTTPStatus.BAD_REQUEST, text=f"{error}\n")
        topics = await self._known(wanted.topics)
        try:
            return await self._fanout.serve(
                request, self.channel, topics=topics, last_id=wanted.last_id
            )
        except FullError as error:
            return web.Response(
                status=HTTPStatus.SERVICE_UNAVAILABLE,
                text=f"{error}\n",
                headers={hdrs.RETRY_AFTER: str(_RETRY_AFTER_S)},
            )

    async def run(self) -> None:
        """Look at what changes without a verdict, until cancelled."""
        prefix = ids.host_page("")
        while True:
            await asyncio.sleep(REFRESH_S)
            topics = self.channel.topics
            hosts = {topic.removeprefix(prefix) for topic in topics if topic.startswith(prefix)}
            if hosts or OVERVIEW in topics:
                await self._fanout.send(self.channel, Changes(hosts=hosts))

    async def _known(self, topics: frozenset[str]) -> frozenset[str]:
        """Return those topics that there are: a venue or host may be gone since the page was."""
        known = {topic for topic in topics if topic in OF_MANY or topic in self.channel.topics}
        others = [topic for topic in topics - known if topic.startswith(_OWN_PAGES)]
        if others:
            render = await self._renders(Changes())
            known.update(topic for topic in others if render(topic) is not None)
        return frozenset(known)

    async def _render(self, changes: Changes) -> Sequence[Event]:
        async with self._turn:
            render = await self._begin(changes)
            known = self._all()
            events = [
                event
                for topic in ("", *self.channel.topics)
                if (event := await self._fragments.changed(topic, changes, known, render))
            ]
            if changes.incidents:
                events.append(self._alarms(changes.incidents))
            if known.venues != self._venues:
                self._venues = known.venues
                events.append(Event("reload", b"{}"))
            return [*events, _sent()] if events else []

    async def _snapshot(self) -> Sequence[Event]:
        async with self._turn:
            render = await self._begin(Changes())
            known = self._all()
            events = [
                event
                for topic in ("", *self.channel.topics)
                if (event := await self._fragments.whole(topic, known, render))
            ]
            return [*events, self._alarms(None), _sent(self._version)]

    async def _begin(self, changes: Changes) -> Render:
        """Forget what no page shows; return what renders as of now, after ``changes``."""
        if self._start != self.channel.start:  # while no page was open nothing was rendered
            self._start = self.channel.start
            self._fragments = Fragments()
            changes = EVERYTHING
        self._fragments.forget_all_but(self.channel.topics)
        return await self._renders(changes)

    def _all(self) -> Known:
        latest = [incident.number for incident in self._store.known()[-LISTED:]]
        is_open = [incident.number for incident in self._store.open.values()]
        return Known(tuple(self._fleet.venues), {*is_open, *latest})

    def _alarms(self, numbers: Collection[int] | None) -> Event:
        """Return how these incidents stand; without ``numbers`` all that are open."""
        found = [
            alarm_of(incident, self._wall, self._exercise)
            for incident in self._store.open.values()
            if numbers is None or incident.number in numbers
        ]
        closed = set(numbers or ()).difference(alarm.number for alarm in found)
        found += [AlarmJson(number=number, is_closed=True) for number in sorted(closed)]
        alarms = AlarmsJson(clock.wall(), numbers is None, found)
        return Event("alarms", msgspec.json.encode(alarms))


def wanted_of(query: Iterable[tuple[str, str]]) -> Wanted:
    """Return what the query of ``/events`` wants.

    Raises:
        ValueError: a line for the user that says what was expected.
    """
    topics: set[str] = set()
    last_id: str | None = None
    for name, value in query:
        match name:
            case "on" if len(value) <= _TOPIC_LENGTH_MAX:
                topics.add(value)
            case "on":
                raise ValueError(f"expected a topic of at most {_TOPIC_LENGTH_MAX} characters")
            case "last" if last_id is None:
                last_id = value
            case "last":
                raise ValueError("expected last once")
            case _:
                raise ValueError(unknown("parameter", name, ("on", "last")))
    if len(topics) > TOPICS_MAX:
        raise ValueError(f"expected at most {TOPICS_MAX} topics, got {len(topics)}")
    return Wanted(frozenset(topics), last_id)


def alarm_of(incident: Incident, wall: WallTime, exercise: str = "") -> AlarmJson:
    """Return an open incident as scripts see it."""
    row = row_of(incident.subject, incident.cause)
    return AlarmJson(
        number=incident.number,
        severity=row.alert.severity.value,
        sentence=marked(description_of(incident), exercise),
        opened_at=wall.wall(incident.opened_at),
    )


def _sent(version: str = "") -> Event:
    said = {"at": round(clock.wall(), 3)} | ({"version": version} if version else {})
    return Event("sent", msgspec.json.encode(said))
