"""The pages as a real browser draws them, without scripts: what stands out, and what fits."""

from collections.abc import AsyncIterator, Mapping
from datetime import UTC
from pathlib import Path
from typing import Any, TypeAlias

import pytest
import pytest_asyncio
from aiohttp import web
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser, Page, async_playwright

from aggregator.shell.http.page import headers
from aggregator.shell.http.page.render import Renderer
from aggregator.shell.http.page.views import map as map_view
from aggregator.shell.http.page.views import overview, wall
from tests.aggregator.shell.http.page.test_looks import demo_places
from tests.aggregator.shell.http.page.test_pages import pages
from tests.kit import shown
from tests.kit.png import brightness

pytestmark = [pytest.mark.real, pytest.mark.long, pytest.mark.asyncio(loop_scope="module")]

CHROMIUM = Path("/usr/bin/chromium")
PHONE, NARROW, DESK = (390, 844), (320, 640), (1920, 1080)
Site: TypeAlias = Mapping[str, str]


def site(renderer: Renderer) -> Site:
    """Return pages by name: each kind, and the overview of fleets of several sizes."""
    long = "Ünïted Arena of a Name that has Sixty Characters in it, so " + "x"
    placed = shown.picture(
        [
            shown.venue(place.code, ["up"] * 5, lat=place.lat, lon=place.lon, town=place.town)
            for place in demo_places()
        ]
    )
    return pages(renderer) | {
        "fleet": overview.page(renderer, shown.fleet(39, 40)),
        "fleet-wall": wall.page(renderer, shown.fleet(39, 40)),
        "big": overview.page(renderer, shown.fleet(400, 4, long)),
        "big-wall": wall.page(renderer, shown.fleet(400, 4, long)),
        "big-host": overview.page(renderer, shown.fleet(1, 15_000)),
        "places": map_view.page(renderer, placed),
    }


NAMES = tuple(site(Renderer()))


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def address() -> AsyncIterator[str]:
    """Where the pages are served, with their real headers."""
    renderer = Renderer(zone=UTC)
    known = site(renderer)

    async def page(request: web.Request) -> web.Response:
        html = known[request.match_info["name"]]
        return web.Response(text=html, headers={**headers.SECURE}, content_type="text/html")

    app = web.Application()
    app.router.add_get("/static/{name}", renderer.assets.serve)
    app.router.add_get("/{name}", page)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    served = web.TCPSite(runner, "127.0.0.1", 0)
    await served.start()
    yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    await runner.cleanup()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser() -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"]
        )
        yield browser
        await browser.close()


async def opened(browser: Browser, url: str, size: tuple[int, int] = DESK, **options: Any) -> Page:
    for before in browser.contexts:
        await before.close()
    options = {"java_script_enabled": False, **options}
    context = await browser.new_context(viewport={"width": size[0], "height": size[1]}, **options)
    await context.route("**/*.js", lambda route: route.abort())
    page = await context.new_page()
    await page.goto(url)
    return page


async def tile_brightness(page: Page, selector: str) -> list[float]:
    tiles = await page.locator(selector).all()
    return [brightness(await tile.screenshot()) for tile in tiles[:2]]


@pytest.mark.parametrize(
    ("name", "scheme"), [("fleet", "dark"), ("fleet-wall", "dark"), ("fleet", "light")]
)
async def test_the_worst_tile_stands_out_in_grey(
    browser: Browser, address: str, name: str, scheme: Any
) -> None:
    page = await opened(browser, f"{address}/{name}", color_scheme=scheme)
    cdp = await page.context.new_cdp_session(page)
    await cdp.send("Emulation.setEmulatedVisionDeficiency", {"type": "achromatopsia"})

    worst = await tile_brightness(page, ".t.l-critical")
    warned = await tile_brightness(page, ".t.l-warning")
    well = await tile_brightness(page, ".t.l-ok")

    assert worst
    assert well
    if scheme == "dark":
        assert min(worst) > max(warned) > min(warned) > max(well)
    else:
        assert max(worst) < min(warned) <= max(warned) < min(well)


@pytest.mark.parametrize("name", NAMES)
async def test_nothing_scrolls_sideways(browser: Browser, address: str, name: str) -> None:
    page = await opened(browser, f"{address}/{name}", NARROW)

    for width, height in (NARROW, PHONE, DESK):
        await page.set_viewport_size({"width": width, "height": height})
        assert await page.evaluate("document.scrollingElement.scrollWidth") <= width


@pytest.mark.parametrize("name", ["fleet-wall", "big-wall", "wall"])
async def test_a_wall_is_one_screen(browser: Browser, address: str, name: str) -> None:
    page = await opened(browser, f"{address}/{name}")

    for width, height in ((1920, 1080), (2560, 1440), (3840, 2160)):
        await page.set_viewport_size({"width": width, "height": height})
        lowest = await page.evaluate(
            "Math.max(...[...document.querySelectorAll('.t, footer')]"
            ".map(e => e.getBoundingClientRect().bottom))"
        )
        assert lowest <= height + 1


@pytest.mark.parametrize("name", ["fleet", "big", "fleet-wall", "big-wall"])
async def test_no_tile_covers_another(browser: Browser, address: str, name: str) -> None:
    page = await opened(browser, f"{address}/{name}")

    covered = await page.evaluate(
        """() => {
          const boxes = [...document.querySelectorAll('.t, #problems')]
            .map(e => [e.id, e.getBoundingClientRect()]).filter(([, b]) => b.width);
          const over = [];
          boxes.forEach(([id, a], i) => boxes.slice(i + 1).forEach(([other, b]) => {
            if (a.left < b.right - 1 && b.left < a.right - 1
                && a.top < b.bottom - 1 && b.top < a.bottom - 1)
              over.push([id, other]);
          }));
          return over;
        }"""
    )
    assert covered == []


@pytest.mark.parametrize("name", ["overview", "venue", "host", "incident", "incidents"])
async def test_targets_of_a_phone_are_big_enough(browser: Browser, address: str, name: str) -> None:
    page = await opened(browser, f"{address}/{name}", PHONE)

    small = await page.evaluate(
        """() => [...document.querySelectorAll(
             'footer a, .t, .p, .h > a, .note a, .names a, button, input, select, .pages a, .logo')]
           .map(e => [e.outerHTML.slice(0, 60), e.getBoundingClientRect()])
           .filter(([, b]) => b.width && Math.min(b.width, b.height) < 44).map(([e]) => e)"""
    )
    assert small == []


async def test_problems_come_first_on_a_phone(browser: Browser, address: str) -> None:
    page = await opened(browser, f"{address}/fleet", PHONE)

    first = await page.locator("#problems").bounding_box()
    tiles = await page.locator("#venues").bounding_box()
    assert first is not None
    assert tiles is not None
    assert first["y"] + first["height"] <= tiles["y"]


async def test_the_keyboard_reaches_problems_before_tiles(browser: Browser, address: str) -> None:
    page = await opened(browser, f"{address}/fleet")
    reached = []
    for _ in range(14):
        await page.keyboard.press("Tab")
        reached.append(await page.evaluate("document.activeElement.closest('[id]')?.id ?? 'none'"))

    assert "problems" in reached or any(each.startswith("i-") for each in reached)
    assert not any(each.startswith("v-") for each in reached[:5])


AXE = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]}
PLAIN = tuple(name for name in NAMES if not name.startswith("big"))


@pytest.mark.parametrize("scheme", ["dark", "light"])
@pytest.mark.parametrize("name", PLAIN)
async def test_axe_finds_nothing(browser: Browser, address: str, name: str, scheme: Any) -> None:
    page = await opened(
        browser,
        f"{address}/{name}",
        color_scheme=scheme,
        java_script_enabled=True,  # axe itself is a script
        bypass_csp=True,
    )

    for width, height in (DESK, PHONE):
        await page.set_viewport_size({"width": width, "height": height})
        found = (await Axe().run(page, options=AXE)).response["violations"]
        assert [(each["id"], each["nodes"][0]["html"]) for each in found] == []
