"""A real browser: Debian's Chromium, driven by playwright."""

import shutil
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from playwright.async_api import Browser, BrowserContext, Page, async_playwright

CHROMIUM = shutil.which("chromium") or "chromium"
BY_NAME = "pages.test"
"""A name of this machine for the browser: neither loopback to it, nor https."""

_ARGUMENTS = ("--no-sandbox", f"--host-resolver-rules=MAP {BY_NAME} 127.0.0.1")


@asynccontextmanager
async def browser(*arguments: str, without: Sequence[str] = ()) -> AsyncIterator[Browser]:
    """Start a browser; ``without``: arguments of playwright that it is not given."""
    async with async_playwright() as playwright:
        started = await playwright.chromium.launch(
            executable_path=CHROMIUM,
            args=[*_ARGUMENTS, *arguments],
            ignore_default_args=list(without),
        )
        try:
            yield started
        finally:
            await started.close()


@asynccontextmanager
async def profile() -> AsyncIterator[BrowserContext]:
    """Start a browser, and a profile of its own: all tabs in it are of one browser."""
    async with browser() as started:
        context = await started.new_context()
        try:
            yield context
        finally:
            await context.close()


async def text(page: Page, selector: str) -> str:
    """Return the text of an element."""
    return await page.inner_text(selector)
