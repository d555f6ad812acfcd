"""Brightness of tiles, as a browser draws them for eyes that miss a colour.

The pictures are kept in ``.cache/screens``.
"""

from itertools import chain
from typing import Any

import pytest
from playwright.async_api import Browser

from tests.aggregator.shell.http.page.site import DESK, opened
from tests.house.test_style import ROOT
from tests.kit.browser import luminance

pytestmark = [pytest.mark.real, pytest.mark.long, pytest.mark.asyncio(loop_scope="module")]

SCREENS = ROOT / ".cache" / "screens"
EYES = ("none", "protanopia", "deuteranopia", "tritanopia", "achromatopsia")

# The boxes of the tiles of a level, and one of the ground between the first two tiles.
BOXES = """(level) => {
  const box = ({ left, top, width, height }) => (
    Object.fromEntries(Object.entries({ x: left, y: top + scrollY, width, height })
      .map(([name, value]) => [name, Math.floor(value)]))
  );
  const all = [...document.querySelectorAll('.t')].map((tile) => tile.getBoundingClientRect());
  if (level === 'ground') {
    const [{ right, top, height }, next] = all;
    return [box({ left: right + 1, top, width: next.left - right - 2, height })];
  }
  return [...document.querySelectorAll(`.t.l-${level}`)].map((tile) => (
    box(tile.getBoundingClientRect())
  ));
}"""


def contrast(one: float, two: float) -> float:
    """Return the contrast of two luminances (WCAG 2.2)."""
    dark, light = sorted((one, two))
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize(
    ("name", "scheme"), [("fleet", "dark"), ("fleet", "light"), ("fleet-wall", "dark")]
)
async def test_the_worst_tiles_stand_out_for_every_eye(
    browser: Browser, address: str, name: str, scheme: Any
) -> None:
    page = await opened(browser, f"{address}/{name}", DESK, color_scheme=scheme)
    async with await browser.new_context() as other:
        measuring = await other.new_page()
        cdp = await page.context.new_cdp_session(page)
        levels = ("critical", "warning", "ok", "ground")
        boxes = {level: await page.evaluate(BOXES, level) for level in levels}
        SCREENS.mkdir(parents=True, exist_ok=True)
        for eye in EYES:
            await cdp.send("Emulation.setEmulatedVisionDeficiency", {"type": eye})
            path = SCREENS / f"{name}-{scheme}-{eye}.png"
            png = await page.screenshot(full_page=True, path=path)
            light = await luminance(measuring, png, [*chain(*boxes.values())])
            worst, warned, well, ground = (
                [light.pop(0) for _ in boxes[level]] for level in levels
            )  # fmt: skip

            if scheme == "dark":
                assert min(worst) > max(warned) > min(warned) > max(well), eye
            else:
                assert max(worst) < min(warned) <= max(warned) < min(well), eye
            stands_out = [contrast(each, ground[0]) for each in worst]
            assert min(stands_out) > max(contrast(each, ground[0]) for each in well), eye
