"""The page of a real chain, agents to browser: what an operator sees of a killed agent."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser, ConsoleMessage, Page

from tests.integration.real import Agent, Aggregator, Mosquitto, inventory_of, running_agents
from tests.kit.browser import browser, profile
from venuewatch.base import clock

pytestmark = [
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.real,
    pytest.mark.timed,
    pytest.mark.long,
]

INVENTORY = inventory_of(("STA", "wired", 2), ("AQU", "wired", 1))
HOSTS = ("STA-1", "STA-2", "AQU-1")
WITHIN_S = 5.0

# The frame after the one in which the page has changed is on the screen.
PAINTED = """(selector) => new Promise((resolve) => {
  const look = () => {
    if (!document.querySelector(selector)) requestAnimationFrame(look);
    else requestAnimationFrame(() => requestAnimationFrame(resolve));
  };
  look();
})"""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def started() -> AsyncIterator[Browser]:
    """Start one browser for all tests here."""
    async with browser() as started:
        yield started


@pytest.fixture
def aggregator(tmp_path: Path, broker: Mosquitto) -> Iterator[Aggregator]:
    with Aggregator(tmp_path, broker.port, inventory=INVENTORY) as running:
        yield running


@pytest.fixture
def agents(tmp_path: Path, broker: Mosquitto, aggregator: Aggregator) -> Iterator[dict[str, Agent]]:
    """Every host, up."""
    with running_agents(tmp_path, broker, aggregator, HOSTS) as agents:
        yield agents


class Seen:
    """A page, and what the browser's console said of it."""

    def __init__(self, page: Page, address: str) -> None:
        self.page = page
        self.address = address
        self.errors: list[str] = []
        page.on("console", self._note)
        page.on("pageerror", lambda error: self.errors.append(str(error)))

    def _note(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            self.errors.append(message.text)

    async def open(self, path: str) -> None:
        """Open a path, and wait until the page is live."""
        await self.page.goto(self.address + path)
        await self.page.wait_for_function("() => window.isLive")


@pytest_asyncio.fixture(loop_scope="module")
async def seen(
    started: Browser, aggregator: Aggregator, agents: dict[str, Agent]
) -> AsyncIterator[Seen]:
    assert agents
    async with profile(started) as tabs:
        page = await tabs.new_page()
        await page.add_init_script(
            "document.addEventListener('live:heard', () => { window.isLive = true; });"
        )
        yield Seen(page, f"http://127.0.0.1:{aggregator.port}")


async def test_a_killed_agent_is_on_the_page_at_once(seen: Seen, agents: dict[str, Agent]) -> None:
    await seen.open("/")
    began = clock.monotonic()
    agents["STA-1"].kill()
    await seen.page.evaluate(PAINTED, "#v-STA[data-severity]")
    took_s = clock.monotonic() - began

    print(f"from the kill to the pixel: {took_s:.2f} s")
    assert took_s < WITHIN_S
    assert "STA-1" in await seen.page.inner_text("#problems")
    assert (await seen.page.title()).startswith("(1) ")
    assert seen.errors == []


@pytest.mark.parametrize(
    ("path", "selector"),
    [
        ("/venues/STA", "#venue-STA"),
        ("/hosts/STA-1", "#host-STA-1"),
        ("/wall", "#v-STA"),
        ("/map", "#head"),
        ("/incidents", ".detail"),
    ],
)
async def test_every_page_is_live(
    seen: Seen, agents: dict[str, Agent], path: str, selector: str
) -> None:
    await seen.open(path)
    before = await seen.page.inner_text(selector)
    agents["STA-1"].kill()
    await seen.page.wait_for_function(
        "([selector, before]) => document.querySelector(selector).innerText !== before"
        " && document.title.startsWith('(1) ')",
        arg=[selector, before],
        timeout=WITHIN_S * 1000,
    )

    assert seen.errors == []


async def test_an_aggregator_that_ends_is_a_lost_centre(seen: Seen, aggregator: Aggregator) -> None:
    await seen.open("/")
    aggregator.kill()
    await seen.page.wait_for_selector("#lost:not([hidden])", timeout=WITHIN_S * 1000)
    aggregator.start()
    await seen.page.wait_for_selector("#lost", state="hidden", timeout=20_000)

    assert "blind" in await seen.page.inner_text("#blind")


async def test_every_control_works_under_the_policy(seen: Seen) -> None:
    await seen.open("/")
    for control in ("#sound", "#theme", "#keys"):
        await seen.page.click(control)
    await seen.page.keyboard.press("Escape")
    await seen.page.keyboard.press("j")
    await seen.page.keyboard.press("d")

    assert await seen.page.get_attribute("html", "data-theme") in {"dark", "light"}
    assert seen.errors == []
