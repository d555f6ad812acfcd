"""Runs Debian's Chromium, and reads from it what it shows, and when."""

import contextlib
import math
from collections.abc import Iterator
from typing import Final, NamedTuple

from playwright.sync_api import Browser, Error, Page, sync_playwright
from playwright.sync_api import TimeoutError as TooLateError

from bench.kit.machine import program
from bench.kit.processes import BenchError
from bench.kit.sights import Sight

_WAIT_MS: Final = 60_000

# The frame after the one in which the page has changed is on the screen.
_WATCH: Final = """
window.sights = [];
document.addEventListener("live:heard", () => { window.isLive = true; });
addEventListener("DOMContentLoaded", () => new MutationObserver((changes) => {
  const fresh = changes.flatMap(({ addedNodes }) => [...addedNodes])
    .filter((each) => each.id?.startsWith("v-"));
  if (!fresh.length) return;
  const seen = fresh.map((tile) => [tile.id.slice(2), `${/l-(\\w+)/.exec(tile.className)[1]}: `
    + tile.querySelector("svg.sq").getAttribute("aria-label").replace("Hosts: ", "")]);
  requestAnimationFrame(() => requestAnimationFrame(() => {
    const at = Date.now() / 1000;
    for (const [venue, text] of seen) window.sights.push([venue, text, at]);
  }));
}).observe(document.body, { childList: true, subtree: true }));
"""
_SHOWN: Final = """() => Object.fromEntries(
  [...document.querySelectorAll("li[id^='v-']")].map((tile) => [tile.id.slice(2),
    `${/l-(\\w+)/.exec(tile.className)[1]}: `
    + tile.querySelector("svg.sq").getAttribute("aria-label").replace("Hosts: ", "")]))"""
_PAINTED: Final = """() => new Promise((resolve) => {
  new PerformanceObserver((list) => {
    const found = list.getEntriesByName("first-contentful-paint");
    if (found.length) resolve(found[0].startTime);
  }).observe({ type: "paint", buffered: true });
})"""


_CODE: Final = """() => performance.getEntriesByType("resource")
  .filter(({ name }) => /\\.(js|css)(\\?|$)/.test(name))
  .reduce((sum, { decodedBodySize }) => sum + decodedBodySize, 0)"""


class Paint(NamedTuple):
    """A page that was loaded.

    ``paint_ms``: its first contentful paint, ``all_ms``: when all was there, since the navigation.
    ``elements``: how many it has. ``code_kb``: its scripts and style, unpacked. They are not known
    if it was not all there within a minute.
    """

    paint_ms: float
    all_ms: float = math.inf
    elements: int = 0
    code_kb: float = 0.0


@contextlib.contextmanager
def chromium() -> Iterator[Browser]:
    """Run a browser.

    Raises:
        BenchError: it is not installed, or does not start.
    """
    path = program("chromium")
    if path is None:
        raise BenchError("chromium is not installed")
    with sync_playwright() as playwright:
        try:
            started = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        except Error as error:
            raise BenchError(f"chromium does not start: {error.message}") from None
        try:
            yield started
        finally:
            started.close()


def painted(browser: Browser, address: str, is_all: str = "true") -> Paint:
    """Load a page, with nothing of it in the browser's cache, until ``is_all`` is true there."""
    context = browser.new_context(viewport={"width": 1920, "height": 1080})
    try:
        page = context.new_page()
        page.goto(address, timeout=_WAIT_MS)
        paint_ms = float(page.evaluate(_PAINTED))
        with contextlib.suppress(TooLateError):
            page.wait_for_function(f"() => {is_all}", timeout=_WAIT_MS)
            return Paint(
                paint_ms,
                all_ms=float(page.evaluate("performance.now()")),
                elements=int(page.evaluate("document.querySelectorAll('*').length")),
                code_kb=float(page.evaluate(_CODE)) / 1e3,
            )
        return Paint(paint_ms)
    finally:
        context.close()


class Watched:
    """An open page that notes from when on it shows what."""

    def __init__(self, page: Page) -> None:
        self._page = page

    @property
    def title(self) -> str:
        """The title, which has the number of problems."""
        return self._page.title()

    def sights(self) -> list[Sight]:
        """Return what it has shown so far."""
        return [Sight(*each) for each in self._page.evaluate("window.sights")]

    def shown(self) -> dict[str, str]:
        """Return how each venue stands on it."""
        return dict(self._page.evaluate(_SHOWN))

    def wait_until_loud(self, venue: str) -> float:
        """Wait until a venue is loud, on the screen; return when it was (s since 1970)."""
        self._page.wait_for_function(
            "(venue) => window.sights.some(([code, text]) => code === venue"
            " && !/^(ok|unknown|away|unseen)/.test(text))",
            arg=venue,
            timeout=_WAIT_MS,
        )
        return next(
            sight.at
            for sight in self.sights()
            if sight.venue == venue and sight.text.partition(":")[0] in {"critical", "warning"}
        )


@contextlib.contextmanager
def watched(browser: Browser, address: str) -> Iterator[Watched]:
    """Open a page; it is live."""
    context = browser.new_context(viewport={"width": 1920, "height": 1080})
    try:
        page = context.new_page()
        page.add_init_script(_WATCH)
        page.goto(address, timeout=_WAIT_MS)
        page.wait_for_function("() => window.isLive", timeout=_WAIT_MS)
        yield Watched(page)
    finally:
        context.close()
