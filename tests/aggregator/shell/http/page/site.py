"""Site of made-up pages: each kind, fleets of all sizes, hostile names; served as the real ones."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final

from aiohttp import web
from playwright.async_api import Browser, Page

from aggregator.core.incidents.alerts import Severity
from aggregator.core.states import VenueState
from aggregator.shell.http.api.venues import VenueView
from aggregator.shell.http.page import headers
from aggregator.shell.http.page.problems import Picture
from aggregator.shell.http.page.render import Renderer
from aggregator.shell.http.page.views import map as map_view
from aggregator.shell.http.page.views import overview, venue, wall
from tests.aggregator.shell.http.page import test_hostile as hostile
from tests.aggregator.shell.http.page.test_looks import demo_places
from tests.aggregator.shell.http.page.test_pages import pages
from tests.kit import shown
from tests.kit.shown import AT

PHONE, NARROW, DESK, WALL = (390, 844), (320, 640), (1920, 1080), (3840, 2160)
LONG: Final = "Ünïted Arena of a Name that has Sixty Characters in it, so xx"
UNBROKEN: Final = "Donaudampfschiffahrtselektrizitätenhauptbetriebswerkbaubeamt"
HOSTILE: Final = "".join(hostile.HOSTILE[kind] for kind in ("script", "right_to_left", "long"))


def site(renderer: Renderer) -> dict[str, str]:
    """Return pages by name: each kind, and fleets of several sizes."""
    every, places, big_map = _every_level(), _placed(), _crowded()
    return pages(renderer) | {
        "levels": overview.page(renderer, every),
        "levels-wall": wall.page(renderer, every),
        "blind": overview.page(renderer, _blind()),
        "fleet": overview.page(renderer, shown.fleet(39, 40)),
        "fleet-wall": wall.page(renderer, shown.fleet(39, 40)),
        "big": overview.page(renderer, shown.fleet(400, 4, LONG)),
        "big-wall": wall.page(renderer, shown.fleet(400, 4, LONG)),
        "big-words": overview.page(renderer, shown.fleet(400, 4, UNBROKEN)),
        "big-host": overview.page(renderer, shown.fleet(1, 15_000)),
        "big-venue": venue.page(renderer, every, _long_venue()),
        "big-map": map_view.page(renderer, big_map),
        "places": map_view.page(renderer, places),
        **{
            f"hostile-{name}": make() for name, make in hostile.pages(renderer, HOSTILE).items()
        },
    }  # fmt: skip


def _every_level() -> Picture:
    """Return a fleet with a venue of each level."""
    quiet = [
        shown.venue(code, [state], state=VenueState(of_venue), severity=Severity.INFO,
                    sentence=f"{code} is {state}, as far as can be told.", since=AT - 300)
        for code, state, of_venue in (
            ("AWY", "away", "away"), ("UNS", "unseen", "unseen"), ("UNK", "unknown", "unknown"),
            ("INF", "up", "degraded"),
        )
    ]  # fmt: skip
    ill = shown.fleet(14, 6, LONG)
    return Picture(ill.centre, [*ill.venues, *quiet], ill.incidents)


def _blind() -> Picture:
    unknown = [
        shown.venue(code, ["unknown"] * 9, state=VenueState.UNKNOWN, severity=Severity.INFO,
                    sentence=f"How {code} is can not be told.", since=AT - 9)
        for code in ("STA", "TAH", "MRS")
    ]  # fmt: skip
    return shown.picture(unknown, state="blind", since=AT - 42, severity=Severity.CRITICAL,
                         sentence="The aggregator hears nothing.")  # fmt: skip


def _long_venue() -> VenueView:
    told = {"sentence": f"{UNBROKEN} is gone.", "severity": Severity.CRITICAL, "since": AT - 5}
    hosts = [shown.host(f"{UNBROKEN}{number}", "down", role=UNBROKEN, **told) for number in (1, 2)]
    return shown.venue_view("STA", hosts, name=UNBROKEN, town=LONG, open=(shown.incident(),))


def _placed() -> Picture:
    """Return the demo's venues at their places, one in the densest crowd critical."""
    return shown.picture(
        [
            (shown.lost(place.code, 1, ["down"], lat=place.lat, lon=place.lon, town=place.town)
             if place.code == "STA" else
             shown.venue(place.code, ["up"] * 5, lat=place.lat, lon=place.lon, town=place.town))
            for place in demo_places()
        ]
    )  # fmt: skip


def _crowded() -> Picture:
    return shown.picture(
        [
            shown.venue(f"V{number:03}", name=UNBROKEN, town=UNBROKEN,
                        lat=40 + number % 20 / 9, lon=2 + number // 20 / 7)
            for number in range(400)
        ]
    )  # fmt: skip


async def _events(request: web.Request) -> web.StreamResponse:
    """Say each second that all is as it was."""
    answer = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
    await answer.prepare(request)
    known = json.dumps({"at": AT, "is_all": True, "incidents": []})
    await answer.write(f"event: alarms\ndata: {known}\n\n".encode())
    while True:
        await answer.write(f'event: pulse\ndata: {{"at": {AT}}}\n\n'.encode())
        await asyncio.sleep(1.0)


@asynccontextmanager
async def served(renderer: Renderer) -> AsyncIterator[str]:
    """Serve the site, with the real headers, styles and scripts; yield its address."""
    known = site(renderer)

    async def page(request: web.Request) -> web.Response:
        html = known[request.match_info["name"] or "overview"]
        return web.Response(text=html, headers={**headers.SECURE}, content_type="text/html")

    app = web.Application()
    app.router.add_get("/static/{name}", renderer.assets.serve)
    app.router.add_get("/events", _events)
    app.router.add_get("/{name:[a-z-]*}", page)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


async def opened(
    browser: Browser, url: str, size: tuple[int, int] = DESK, *, is_live: bool = False, **more: Any
) -> Page:
    """Open a page in a profile of its own, which closes those before; scripts run if it is live."""
    for before in browser.contexts:
        await before.close()
    width, height = size
    context = await browser.new_context(
        viewport={"width": width, "height": height}, java_script_enabled=is_live, **more
    )
    page = await context.new_page()
    await page.goto(url)
    if is_live:
        await page.wait_for_function("() => document.documentElement.dataset.theme")
    return page
