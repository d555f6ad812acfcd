"""A real browser: Debian's Chromium, driven by playwright, and pages measured in it."""

import base64
import shutil
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

from playwright.async_api import Browser, BrowserContext, Page, async_playwright

CHROMIUM = shutil.which("chromium") or "chromium"
BY_NAME = "pages.test"
"""A name of this machine for the browser: neither loopback to it, nor https."""

_ARGUMENTS = ["--no-sandbox", f"--host-resolver-rules=MAP {BY_NAME} 127.0.0.1"]

# The mean relative luminance (WCAG 2.2) of each box of a picture: the light that an eye gets of it.
_LUMINANCE = """async ([png, boxes]) => {
  const picture = new Image();
  picture.src = `data:image/png;base64,${png}`;
  await picture.decode();
  const canvas = new OffscreenCanvas(picture.width, picture.height);
  const drawn = canvas.getContext("2d", { willReadFrequently: true });
  drawn.drawImage(picture, 0, 0);
  const light = Array.from({ length: 256 }, (_, each) => (
    each / 255 <= 0.04045 ? each / 255 / 12.92 : ((each / 255 + 0.055) / 1.055) ** 2.4
  ));
  return boxes.map(({ x, y, width, height }) => {
    const { data } = drawn.getImageData(x, y, width, height);
    let sum = 0;
    for (let at = 0; at < data.length; at += 4) {
      sum += 0.2126 * light[data[at]] + 0.7152 * light[data[at + 1]] + 0.0722 * light[data[at + 2]];
    }
    return sum / (data.length / 4);
  });
}"""


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
async def profile(started: Browser, **options: Any) -> AsyncIterator[BrowserContext]:
    """Open a profile of its own: all tabs in it are of one browser."""
    context = await started.new_context(**options)
    try:
        yield context
    finally:
        await context.close()


async def luminance(measuring: Page, png: bytes, boxes: list[Mapping[str, float]]) -> list[float]:
    """Return the mean relative luminance of boxes of a picture: 0 is black, 1 is white.

    ``measuring``: any page but the one in the picture, since that one's colours may be emulated.
    """
    picture = base64.b64encode(png).decode()
    found: list[float] = await measuring.evaluate(_LUMINANCE, [picture, boxes])
    return found
