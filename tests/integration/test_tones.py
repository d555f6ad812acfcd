"""Tones of the page, in a real browser whose clock the test sets: when they sound, and when not."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, Route

from tests.kit.browser import browser, profile
from tests.kit.live_pages import STATIC

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.real, pytest.mark.timed]

PAGE = """<!doctype html><title>venuewatch</title><main></main>
<button id="sound">-</button><button id="silence">-</button>
<script src="/alarms.js"></script><script src="/sound.js"></script>"""

# Counts what is played, and moves the clock.
INIT = """
window.played = [];
window.aheadMs = 0;
const start = OscillatorNode.prototype.start;
OscillatorNode.prototype.start = function (at) {
  window.played.push(this.frequency.value);
  return start.call(this, at);
};
const now = Date.now;
Date.now = () => now() + window.aheadMs;
"""
CRITICAL, WARNING = 4, 2  # tones of one sounding
MINUTE = 60_000


class Desk:
    """An operator's page, with sound armed, that hears what a test tells it."""

    def __init__(self, page: Page) -> None:
        self.page = page

    async def hear(self, *alarms: dict[str, Any], is_all: bool = False) -> None:
        """Tell the page of incidents."""
        detail = {"at": 1000.0, "is_all": is_all, "incidents": list(alarms)}
        await self._tell("live:alarms", detail)

    async def wait(self, ms: int) -> None:
        """Let time pass, and a pulse come."""
        await self.page.evaluate("(ms) => { window.aheadMs += ms; }", ms)
        await self._tell("live:heard", {})

    async def played(self) -> int:
        """Return how many tones were played since the last question."""
        return int(await self.page.evaluate("window.played.splice(0).length"))

    async def _tell(self, name: str, detail: dict[str, Any]) -> None:
        await self.page.evaluate(
            "([name, detail]) => document.dispatchEvent(new CustomEvent(name, { detail }))",
            [name, detail],
        )


def alarm(number: int, severity: str = "critical", *, opened_at: float = 1000.0) -> dict[str, Any]:
    return {
        "number": number,
        "severity": severity,
        "sentence": f"Host {number} is down.",
        "opened_at": opened_at,
    }


async def serve(route: Route) -> None:
    """Answer with a script, or with the page."""
    name = Path(route.request.url).name
    if (STATIC / name).is_file():
        await route.fulfill(path=STATIC / name, content_type="text/javascript")
    else:
        await route.fulfill(body=PAGE, content_type="text/html")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def started() -> AsyncIterator[Browser]:
    """Start one browser for all tests here."""
    async with browser() as started:
        yield started


@pytest_asyncio.fixture(loop_scope="module")
async def desk(started: Browser) -> AsyncIterator[Desk]:
    async with profile(started) as tabs:
        page = await tabs.new_page()
        await page.add_init_script(INIT)
        await page.route("**/*", serve)
        await page.goto("http://localhost/desk")
        desk = Desk(page)
        await page.click("#sound")
        await page.wait_for_function("() => window.played.length === 2")
        await desk.played()
        yield desk


async def test_a_new_incident_sounds_each_30_s_for_5_min(desk: Desk) -> None:
    await desk.hear(is_all=True)
    await desk.hear(alarm(1))
    tones = [await desk.played()]
    for ms in (29_000, 1_001, 30_001, 5 * MINUTE, 30_001):
        await desk.wait(ms)
        tones.append(await desk.played())

    assert tones == [CRITICAL, 0, CRITICAL, CRITICAL, 0, 0]


async def test_many_new_incidents_share_the_worst_tone(desk: Desk) -> None:
    await desk.hear(is_all=True)
    await desk.hear(*(alarm(number, "warning") for number in range(1, 40)), alarm(40))

    assert await desk.played() == CRITICAL


@pytest.mark.parametrize(("severity", "tones"), [("warning", WARNING), ("info", 0)])
async def test_a_tone_is_by_severity(desk: Desk, severity: str, tones: int) -> None:
    await desk.hear(is_all=True)
    await desk.hear(alarm(1, severity))

    assert await desk.played() == tones


async def test_a_silenced_incident_is_silent_and_others_are_not(desk: Desk) -> None:
    await desk.hear(is_all=True)
    await desk.hear(alarm(1))
    await desk.page.click("#silence")
    await desk.played()
    await desk.wait(30_001)
    silenced = await desk.played()
    await desk.hear(alarm(2))

    assert (silenced, await desk.played()) == (0, CRITICAL)


async def test_a_mute_ends_by_itself(desk: Desk) -> None:
    await desk.hear(is_all=True)
    await desk.page.click("#sound")
    said = await desk.page.inner_text("#sound")
    await desk.hear(alarm(1))
    muted = await desk.played()
    await desk.wait(5 * MINUTE + 1)
    await desk.hear(alarm(2))

    assert said.startswith("Muted until ")
    assert (muted, await desk.played()) == (0, CRITICAL)
    assert await desk.page.inner_text("#sound") == "Sound is on: click to mute 5 min"


async def test_a_sharpened_incident_is_not_new(desk: Desk) -> None:
    await desk.hear(is_all=True)
    await desk.hear(alarm(1))
    await desk.played()
    await desk.hear({**alarm(1), "sentence": "Its agent has stopped."})

    assert await desk.played() == 0


async def test_an_ended_incident_sounds_no_more(desk: Desk) -> None:
    await desk.hear(is_all=True)
    await desk.hear(alarm(1))
    await desk.played()
    await desk.hear({"number": 1, "is_closed": True})
    await desk.wait(30_001)

    assert await desk.played() == 0


@pytest.mark.parametrize(("age_s", "tones"), [(60, CRITICAL), (600, 0)])
async def test_a_page_that_loads_sounds_for_news_only(desk: Desk, age_s: int, tones: int) -> None:
    await desk.hear(alarm(1, opened_at=1000.0 - age_s), is_all=True)
    await desk.wait(1_000)

    assert await desk.played() == tones


async def test_what_began_while_the_page_was_blind_is_news(desk: Desk) -> None:
    await desk.hear(is_all=True)
    await desk.hear(alarm(1, opened_at=400.0), is_all=True)

    assert await desk.played() == CRITICAL
