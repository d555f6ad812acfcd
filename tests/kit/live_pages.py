"""Small pages about a story's fleet, served with the product's stream and scripts."""

import asyncio
import html
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import NamedTuple

from aiohttp import ClientResponse, web

from aggregator.core.incidents.alerts import description_of, row_of
from aggregator.core.outputs import Output
from aggregator.shell.http import page as page_package
from aggregator.shell.http.changes import Changes
from aggregator.shell.http.fanout import Fanout
from aggregator.shell.http.page import headers, ids
from aggregator.shell.http.page.fragments import Render
from aggregator.shell.http.page.stream import PageStream
from aggregator.shell.walltime import WallTime
from tests.kit.story import Story
from tests.kit.tasks import at_work
from tests.kit.waiting import PATIENCE_S
from venuewatch.base import clock

STATIC = Path(page_package.__path__[0]) / "static"
_PAGE = """<!doctype html><html lang="en" data-root="" data-page="{kind}" data-at="{at}">
<head><meta charset="utf-8"><title>venuewatch</title>
<link rel="icon" href="data:," id="icon" data-problem="data:,problem" data-lost="data:,lost">
<link rel="stylesheet" href="/static/page.css">{scripts}</head>
<body><div id="lost" role="alert" hidden></div>
<header><div id="head">{head}</div>
<form><input id="search" name="q"></form>
<div class="keys"><button id="sound" type="button" hidden></button>
<button id="silence" type="button" hidden></button>
<button id="theme" type="button" hidden></button></div>
<p><span><time data-clock="3600">00:00:00</time> <small>centre, CET</small></span></p></header>
<main>{main}</main>
<ul id="blind" hidden></ul><div id="announce" role="status" aria-live="polite"></div>
<dialog id="help"></dialog></body></html>"""


class LivePages:
    """The pages of a story.

    Attributes:
        rendered: the ids of all fragments that were rendered.
    """

    def __init__(self, story: Story, *, pages_max: int = 500, version: str = "") -> None:
        self.story = story
        self.wall = WallTime(story.now, clock.wall())
        self.fanout = Fanout(lambda: pages_max)
        self.stream = PageStream(
            self.fanout, story.centre, self.wall, self._renders, version=version
        )
        self.rendered: list[str] = []
        self.port = 0

    def tell(self, outputs: Sequence[Output] | None = None) -> None:
        """Hand on what the story has said, or other outputs."""
        self.fanout.take(self.story.said() if outputs is None else outputs)

    @asynccontextmanager
    async def served(self) -> AsyncIterator[str]:
        """Serve the pages; yield their address."""
        app = web.Application()
        self.stream.add_to(app)
        app.router.add_get("/", self._overview)
        app.router.add_get("/hosts/{host}", self._host)
        app.router.add_get("/incidents/{number}", self._incident)
        app.router.add_static("/static", STATIC)
        runner = web.AppRunner(app, shutdown_timeout=1.0, access_log=None)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", self.port).start()
        self.port = runner.addresses[0][1]
        async with at_work(self.fanout.run()):
            try:
                yield f"http://127.0.0.1:{self.port}"
            finally:
                self.fanout.close()
                await runner.cleanup()

    async def _renders(self, _changes: Changes) -> Render:
        return self._fragment

    def _fragment(self, id_: str) -> str | None:
        self.rendered.append(id_)
        fleet = self.story.centre.fleet
        kind, _, name = id_.partition("-")
        found = self.story.centre.decisions.store.open.values()
        if id_ == ids.HEAD:
            return f'<div id="head"><b>{len(found)}</b> open</div>'
        if id_ == ids.MONITOR:
            return '<li id="monitor">hears the fleet</li>'
        if id_ == ids.PROBLEMS:
            lines = "".join(
                f'<li id="i-{one.number}"><span data-since="{self.wall.wall(one.opened_at)}">0 s'
                f'</span> <a href="/incidents/{one.number}">{description_of(one)}</a></li>'
                for one in found
            )
            return f'<section id="problems"><h2>Problems</h2><ol>{lines}</ol></section>'
        if kind == "v" and name in fleet.venues:
            states = " ".join(host.state for host in fleet.venues[name].hosts.values())
            return f'<li id="{id_}" class="t"><a href="/"><b>{name}</b></a> <p>{states}</p></li>'
        if kind == "host" and (host := fleet.find(name)) is not None:
            note = '<form><input class="note" name="note"></form>'
            return f'<article id="{id_}"><p class="state">{host.state}</p>{note}</article>'
        if kind == "incident":
            for one in found:
                if str(one.number) == name:
                    severity = row_of(one.subject, one.cause).alert.severity.value
                    return f'<article id="{id_}">{severity}: {description_of(one)}</article>'
        return None

    def _page(self, kind: str, main: str) -> web.Response:
        scripts = "".join(
            f'<script src="/static/{path.name}" defer></script>'
            for path in sorted(STATIC.glob("*.js"))
        )
        head = self._fragment(ids.HEAD) or ""
        text = _PAGE.format(kind=kind, at=clock.wall(), scripts=scripts, head=head, main=main)
        return web.Response(text=text, headers={**headers.SECURE}, content_type="text/html")

    async def _overview(self, _request: web.Request) -> web.Response:
        codes = self.story.centre.fleet.venues
        tiles = "".join(self._fragment(ids.tile(code)) or "" for code in codes)
        problems = self._fragment(ids.PROBLEMS) or ""
        return self._page("overview", f"{problems}<ol>{tiles}</ol>")

    async def _host(self, request: web.Request) -> web.Response:
        name = html.escape(request.match_info["host"])
        return self._page("host", self._fragment(ids.host_page(name)) or "")

    async def _incident(self, request: web.Request) -> web.Response:
        number = int(request.match_info["number"])
        return self._page("incident", self._fragment(ids.incident_page(number)) or "")


class Sent(NamedTuple):
    """One event of a stream."""

    name: str
    data: str
    id: str


async def sent(answer: ClientResponse) -> list[Sent]:
    """Return the events up to the next ``sent``, that included, without pulses."""
    events: list[Sent] = []
    async with asyncio.timeout(PATIENCE_S):
        while not events or events[-1].name != "sent":
            fields: dict[str, list[str]] = {}
            while line := (await answer.content.readline()).decode().rstrip("\n"):
                name, _, value = line.partition(": ")
                fields.setdefault(name, []).append(value)
            found = Sent(*("\n".join(fields.get(name, [])) for name in ("event", "data", "id")))
            if found.name != "pulse":
                events.append(found)
    return events
