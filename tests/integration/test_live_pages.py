"""Live pages in a real browser: one stream for all tabs, lost centre, sound, focus, keys."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
import pytest_asyncio
from playwright.async_api import Browser, BrowserContext, Page

from tests.kit.browser import BY_NAME, browser, profile
from tests.kit.cuttable import Cuttable
from tests.kit.live_pages import LivePages
from tests.kit.story import Story
from tests.kit.waiting import until

pytestmark = [
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.real,
    pytest.mark.timed,
    pytest.mark.long,
]

LIVE_S = 5.0
TABS = 8

# Behind the page's own tone: what goes to the speakers goes through an analyser, too.
LISTEN = """
const connect = AudioNode.prototype.connect;
AudioNode.prototype.connect = function (target, ...more) {
  if (target instanceof AudioDestinationNode && !(this instanceof AnalyserNode)) {
    const ears = this.context.createAnalyser();
    connect.call(this, ears);
    (window.ears ||= []).push(ears);
  }
  return connect.call(this, target, ...more);
};
window.level = () => Math.max(0, ...(window.ears || []).map((ears) => {
  const heard = new Float32Array(ears.fftSize);
  ears.getFloatTimeDomainData(heard);
  return Math.max(...heard.map(Math.abs));
}));
window.loudest = 0;
setInterval(() => { window.loudest = Math.max(window.loudest, window.level()); }, 20);
"""


# What a browser does to a tab that was hidden for minutes: its timers run once a minute.
HIDDEN = """
for (const [name, value] of [["hidden", true], ["visibilityState", "hidden"]]) {
  Object.defineProperty(Document.prototype, name, { get: () => value });
}
for (const name of ["setTimeout", "setInterval"]) {
  const real = window[name];
  window[name] = (act, ms, ...more) => real(act, Math.max(60_000, ms || 0), ...more);
}
"""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def started() -> AsyncIterator[Browser]:
    """Start one browser for all tests here."""
    async with browser() as started:
        yield started


@pytest.fixture
def pages() -> LivePages:
    return LivePages(Story().bring_up())


@pytest_asyncio.fixture(loop_scope="module")
async def front(pages: LivePages) -> AsyncIterator[Cuttable]:
    async with pages.served(), Cuttable(pages.port).served() as front:
        yield front


@pytest_asyncio.fixture(loop_scope="module")
async def tabs(started: Browser) -> AsyncIterator[BrowserContext]:
    async with profile(started) as context:
        yield context


def lose(pages: LivePages, host: str) -> None:
    """Let an agent be killed, and its incident open."""
    pages.story.kill(host)
    pages.story.run(3.0)
    pages.tell()


async def shows(page: Page, selector: str, text: str, within_s: float = LIVE_S) -> None:
    """Wait until an element has a text."""
    await page.wait_for_function(
        "([selector, text]) => document.querySelector(selector)?.textContent.includes(text)",
        arg=[selector, text],
        timeout=within_s * 1000,
    )


async def opened(tabs: BrowserContext, address: str, pages: LivePages) -> Page:
    """Open a tab, and wait until it is live."""
    page = await tabs.new_page()
    await page.add_init_script(
        "document.addEventListener('live:heard', () => { window.isLive = true; });"
    )
    await page.goto(address)
    await page.wait_for_function("() => window.isLive", timeout=LIVE_S * 1000)
    assert pages.fanout.readers >= 1
    return page


Open = Callable[[str], Awaitable[Page]]


@pytest.fixture
def tab(tabs: BrowserContext, pages: LivePages, front: Cuttable) -> Open:
    async def open_tab(path: str = "/") -> Page:
        return await opened(tabs, f"http://127.0.0.1:{front.port}{path}", pages)

    return open_tab


async def test_a_change_is_on_the_page_at_once(tab: Open, pages: LivePages) -> None:
    page = await tab("/")
    lose(pages, "s1")
    await shows(page, "#v-STA", "down up up")
    await shows(page, "#announce", "critical: ")

    assert await page.title() == "(1) venuewatch"
    assert await page.get_attribute("#icon", "href") == "data:,problem"
    assert "s1" in await page.inner_text("#problems")
    assert await page.locator("#problems li").count() == 1


async def test_tabs_of_a_browser_share_one_stream(tab: Open, pages: LivePages) -> None:
    opened_tabs = [await tab("/") for _ in range(TABS - 1)]
    host = await tab("/hosts/s1")
    lose(pages, "s1")
    for page in opened_tabs:
        await shows(page, "#v-STA", "down up up")
    await shows(host, ".state", "down")

    assert pages.fanout.readers == 1


async def test_another_tab_leads_when_the_leader_is_closed(tab: Open, pages: LivePages) -> None:
    leader, *others = [await tab("/") for _ in range(3)]
    await leader.close()
    lose(pages, "s1")
    for page in others:
        await shows(page, "#v-STA", "down up up")
    await until(lambda: pages.fanout.readers == 1)

    assert await others[0].locator("html.is-lost").count() == 0


async def test_a_visible_tab_leads_when_the_leader_is_frozen(
    tabs: BrowserContext, tab: Open, pages: LivePages
) -> None:
    leader, other = [await tab("/") for _ in range(2)]
    session = await tabs.new_cdp_session(leader)
    await session.send("Debugger.enable")
    await session.send("Debugger.pause")  # none of its scripts runs any more
    lose(pages, "s1")
    await shows(other, "#v-STA", "down up up", within_s=10.0)


async def test_a_hidden_leader_serves_those_that_are_seen(
    tabs: BrowserContext, tab: Open, pages: LivePages, front: Cuttable
) -> None:
    leader = await tabs.new_page()
    await leader.add_init_script(HIDDEN)
    await leader.goto(f"http://127.0.0.1:{front.port}/")
    await until(lambda: pages.fanout.readers == 1)
    page = await tab("/hosts/s1")
    front.cut()
    await page.wait_for_selector("#lost:not([hidden])", timeout=4000)
    front.heal()
    await page.wait_for_selector("#lost", state="hidden", timeout=15_000)
    lose(pages, "s1")
    await shows(page, ".state", "down")
    await shows(leader, "#v-STA", "down up up")

    assert pages.fanout.readers == 1


async def test_a_cut_network_is_on_the_page_in_4_s(
    tab: Open, pages: LivePages, front: Cuttable
) -> None:
    page = await tab("/")
    front.cut()
    await page.wait_for_selector("#lost:not([hidden])", timeout=4000)
    banner = await page.inner_text("#lost")
    title = await page.title()
    icon = await page.get_attribute("#icon", "href")
    lose(pages, "s1")
    front.heal()
    await page.wait_for_selector("#lost", state="hidden", timeout=15_000)
    await shows(page, "#v-STA", "down up up")

    assert banner.startswith("This page has lost the centre. What you see is how it was at ")
    assert "CET" in banner
    assert (title[:4], icon) == ("LOST", "data:,lost")
    assert await page.locator("html.is-lost").count() == 0
    assert (await page.inner_text("#blind")).startswith("This page was blind 0:0")


async def test_a_refused_page_says_the_reason(
    tabs: BrowserContext, pages: LivePages, front: Cuttable, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pages.fanout, "_pages_max", lambda: 0)
    page = await tabs.new_page()
    await page.goto(f"http://127.0.0.1:{front.port}/")
    await shows(page, "#lost", "no more may be: [web] max_pages", within_s=10.0)


async def test_a_tone_sounds_after_a_click(
    tabs: BrowserContext, tab: Open, pages: LivePages
) -> None:
    await tabs.add_init_script(LISTEN)
    page = await tab("/")
    before = await page.inner_text("#sound")
    await page.click("#sound")
    await page.wait_for_function("() => window.loudest > 0.01", timeout=LIVE_S * 1000)
    armed = await page.inner_text("#sound")
    await asyncio.sleep(1.5)  # the test tone ends
    await page.evaluate("window.loudest = 0")
    lose(pages, "s1")
    await page.wait_for_function("() => window.loudest > 0.01", timeout=LIVE_S * 1000)
    await page.wait_for_selector("#silence:not([hidden])")
    await page.keyboard.press("s")
    await page.wait_for_selector("#silence", state="hidden")

    assert before == "Sound is off: click to arm and test"
    assert armed == "Sound is on: click to mute 5 min"


async def test_an_opened_incident_rings_in_no_tab(tab: Open, pages: LivePages) -> None:
    page = await tab("/")
    lose(pages, "s1")
    await page.wait_for_selector("#silence:not([hidden])")
    (incident,) = pages.story.centre.decisions.store.open.values()
    await tab(f"/incidents/{incident.number}")
    await page.wait_for_selector("#silence", state="hidden", timeout=LIVE_S * 1000)


async def test_nothing_is_swapped_under_the_readers_focus(tab: Open, pages: LivePages) -> None:
    page = await tab("/")
    await page.focus("#v-STA a")
    lose(pages, "s1")
    await shows(page, "#v-STA", "down up up")

    assert await page.evaluate("document.activeElement.closest('li').id") == "v-STA"


async def test_a_half_written_field_is_kept(tab: Open, pages: LivePages) -> None:
    page = await tab("/hosts/s1")
    await page.fill(".note", "provider called")
    await page.evaluate("document.activeElement.blur()")
    lose(pages, "s1")
    await shows(page, ".state", "down")

    assert await page.input_value(".note") == "provider called"


async def test_keys_go_through_problems_and_are_off_at_will(tab: Open, pages: LivePages) -> None:
    page = await tab("/")
    lose(pages, "s1")
    await shows(page, "#problems", "s1")
    await page.keyboard.press("j")
    at = await page.evaluate("document.activeElement.getAttribute('href')")
    await page.keyboard.press("?")
    await page.uncheck("#help input")
    await page.keyboard.press("Escape")
    await page.keyboard.press("/")

    assert at.startswith("/incidents/")
    assert await page.evaluate("document.activeElement.id") != "search"


async def test_without_locks_the_fifth_tab_says_so(
    tabs: BrowserContext, pages: LivePages, front: Cuttable
) -> None:
    address = f"http://{BY_NAME}:{front.port}/"
    four = [await opened(tabs, address, pages) for _ in range(4)]
    fifth = await tabs.new_page()
    await fifth.goto(address)
    await shows(fifth, "#lost", "4 pages of this browser are live already")
    has_locks = await fifth.evaluate("'locks' in navigator")
    live = pages.fanout.readers
    await four[0].close(run_before_unload=True)
    await fifth.wait_for_selector("#lost", state="hidden", timeout=15_000)

    assert (has_locks, live) == (False, 4)
