"""The pages with their scripts in a real browser: axe finds nothing, the policy is kept."""

from typing import Any

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser, ConsoleMessage, Page

from aggregator.shell.http.page.render import Renderer
from tests.aggregator.shell.http.page.site import DESK, PHONE, WALL, opened
from tests.aggregator.shell.http.page.test_pages import pages

pytestmark = [pytest.mark.real, pytest.mark.long, pytest.mark.asyncio(loop_scope="module")]

EVERYTHING = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa")
RULES = {"dark": EVERYTHING, "light": ("color-contrast",)}
"""What axe looks for: in the light at all that a scheme can change, and that is the colours."""

NAMES = (*pages(Renderer()), "levels", "levels-wall", "blind", "places")
CONTROLS = "button:visible, input:visible, select:visible"
VIOLATED = """document.addEventListener("securitypolicyviolation", (event) => {
  console.error(`violated: ${event.violatedDirective} ${event.blockedURI}`);
});"""


async def violations(page: Page, scheme: str) -> list[tuple[str, str]]:
    options = {"runOnly": [*RULES[scheme]]}
    found = (await Axe().run(page, options=options)).response["violations"]
    return [(each["id"], each["nodes"][0]["html"]) for each in found]


def note(said: list[str], message: ConsoleMessage) -> None:
    if message.type == "error":
        said.append(message.text)


@pytest.mark.parametrize("scheme", ["dark", "light"])
@pytest.mark.parametrize("name", NAMES)
async def test_axe_finds_nothing(browser: Browser, address: str, name: str, scheme: Any) -> None:
    page = await opened(
        browser, f"{address}/{name}", is_live=True, color_scheme=scheme, bypass_csp=True
    )

    for width, height in (DESK, PHONE, *([WALL] if "wall" in name else [])):
        await page.set_viewport_size({"width": width, "height": height})
        assert await violations(page, scheme) == [], (width, height)


@pytest.mark.parametrize("scheme", ["dark", "light"])
async def test_axe_finds_nothing_in_help_and_when_lost(
    browser: Browser, address: str, scheme: Any
) -> None:
    page = await opened(
        browser, f"{address}/levels", is_live=True, color_scheme=scheme, bypass_csp=True
    )
    await page.keyboard.press("?")
    await page.wait_for_selector("#help[open]")
    for width, height in (DESK, PHONE):
        await page.set_viewport_size({"width": width, "height": height})
        assert await violations(page, scheme) == [], (width, height)
    await page.route("**/events*", lambda route: route.abort())  # or the next pulse brings it back
    await page.reload()
    await page.wait_for_function("() => document.documentElement.dataset.theme")
    await page.evaluate("""() => document.dispatchEvent(
        new CustomEvent("live:refused", { detail: { why: "no page more may be open" } }))""")
    await page.wait_for_selector("#lost:not([hidden])")
    assert await violations(page, scheme) == []


@pytest.mark.parametrize("name", ["overview", "incidents", "incident", "host", "hostile-overview"])
async def test_no_control_violates_the_policy(browser: Browser, address: str, name: str) -> None:
    page = await opened(browser, f"{address}/{name}", is_live=True)
    said: list[str] = []
    page.on("console", lambda message: note(said, message))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("dialog", lambda dialog: said.append(dialog.message))
    await page.add_init_script(VIOLATED)
    await page.reload()
    await page.wait_for_selector("#keys")

    for number in range(await page.locator(CONTROLS).count()):
        control = page.locator(CONTROLS).nth(number)
        if await control.evaluate("each => each.tagName") == "SELECT":
            await control.select_option(index=1)
        else:
            await control.click()
        await page.keyboard.press("Escape")
        if page.url != f"{address}/{name}":
            await page.goto(f"{address}/{name}")
            await page.wait_for_selector("#keys")
    await page.click("#keys")
    for element in ("input", "input", "button"):  # the keys off, and on again
        await page.click(f"#help {element}")
    for key in ("/", "Escape", "j", "k", "s", "d", "?", "Escape"):
        await page.keyboard.press(key)
    for key, path in (("m", "map"), ("w", "wall")):
        await page.keyboard.press(key)
        await page.wait_for_url(f"{address}/{path}")

    assert said == []
