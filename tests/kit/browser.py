"""A real browser: Debian's Chromium, driven by playwright."""

import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from playwright.async_api import Browser, BrowserContext, async_playwright

CHROMIUM = shutil.which("chromium") or "chromium"
BY_NAME = "pages.test"
"""A name of this machine for the browser: neither loopback to it, nor https."""

_ARGUMENTS = ["--no-sandbox", f"--host-resolver-rules=MAP {BY_NAME} 127.0.0.1"]


@asynccontextmanager
async def browser() -> AsyncIterator[Browser]:
    """Start a browser."""
    async with async_playwright() as playwright:
        started = await playwright.chromium.launch(executable_path=CHROMIUM, args=_ARGUMENTS)
        try:
            yield started
        finally:
            await started.close()


@asynccontextmanager
async def profile(started: Browser) -> AsyncIterator[BrowserContext]:
    """Open a profile of its own: all tabs in it are of one browser."""
    context = await started.new_context()
    try:
        yield context
    finally:
        await context.close()
