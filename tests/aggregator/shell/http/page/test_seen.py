"""The pages as a real browser draws them, without scripts: what fits where, and in which order."""

import pytest
from playwright.async_api import Browser

from aggregator.shell.http.page.render import Renderer
from tests.aggregator.shell.http.page.site import DESK, NARROW, PHONE, opened, site

pytestmark = [pytest.mark.real, pytest.mark.long, pytest.mark.asyncio(loop_scope="module")]

NAMES = tuple(site(Renderer()))


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


COVERED = """() => {
  const boxes = [...document.querySelectorAll(
    '.t, #problems, .p, header > *, .h, .h > *, .line li > *, .facts dt, .facts dd'
  )].map(e => [e, e.getBoundingClientRect()]).filter(([, b]) => b.width);
  const over = [];
  boxes.forEach(([one, a], i) => boxes.slice(i + 1).forEach(([two, b]) => {
    if (a.left < b.right - 1 && b.left < a.right - 1 && a.top < b.bottom - 1 && b.top < a.bottom - 1
        && !one.contains(two) && !two.contains(one))
      over.push([one.outerHTML.slice(0, 80), two.outerHTML.slice(0, 80)]);
  }));
  return over;
}"""
CUT = """() => [...document.querySelectorAll('.t, .p, .h, .panel, header, .title')]
  .filter(e => e.scrollWidth > e.clientWidth + 1 || e.scrollHeight > e.clientHeight + 1)
  .map(e => e.outerHTML.slice(0, 80))"""
"""What is wider or higher than the box that it is in."""


@pytest.mark.parametrize("name", NAMES)
async def test_nothing_scrolls_sideways_covers_or_is_cut(
    browser: Browser, address: str, name: str
) -> None:
    page = await opened(browser, f"{address}/{name}")

    for width, height in (NARROW, PHONE, DESK):
        await page.set_viewport_size({"width": width, "height": height})
        assert await page.evaluate("document.scrollingElement.scrollWidth") <= width
        assert await page.evaluate(COVERED) == []
        assert await page.evaluate(CUT) == []


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
