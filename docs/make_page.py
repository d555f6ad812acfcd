"""Write ``docs/page.webp``, the page of the demo: ``python docs/make_page.py [FOLDER]``.

The demo runs with some scenes on; a real browser draws its page. With a folder every page is drawn
there, too: on a desk, a wall and a phone, dark and light, and as eyes see it that miss a colour.
"""

import base64
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from playwright.sync_api import Browser, Page, sync_playwright

from venuewatch.demo.scenes import SCENES

TARGET = Path(__file__).parent / "page.webp"
SHOWN: Final = ("agent_stopped", "venue_unreachable", "results_frozen", "redundancy_lost")
DESK, WALL, PHONE = (1920, 1080), (3840, 2160), (390, 844)
EYES: Final = ("protanopia", "deuteranopia", "tritanopia", "achromatopsia")
PAGES: Final = {
    "overview": "/",
    "venue": "/venues/MRS",
    "host": "/hosts/STA-results-01",
    "incidents": "/incidents",
    "incident": "/incidents/1",
    "map": "/map",
    "search": "/search?q=timing",
    "missing": "/venues/STQ",
}

_UP_WITHIN_MS = 120_000.0
_ADDRESS = re.compile(r"http://127\.0\.0\.1:\d+")
_ALL_TOLD = """(venues) => venues.every((code) => (
  document.querySelector(`#v-${code}[data-severity]`)
)) && document.querySelectorAll(".t.l-unknown, .t.l-unseen, .t.l-away").length === 0"""
_TO_WEBP = """async (png) => {
  const picture = new Image();
  picture.src = `data:image/png;base64,${png}`;
  await picture.decode();
  const canvas = new OffscreenCanvas(picture.width, picture.height);
  canvas.getContext("2d").drawImage(picture, 0, 0);
  const webp = await canvas.convertToBlob({ type: "image/webp", quality: 0.85 });
  const bytes = [...new Uint8Array(await webp.arrayBuffer())];
  return btoa(bytes.map((each) => String.fromCharCode(each)).join(""));
}"""


@contextmanager
def demo() -> Iterator[str]:
    """Run the demo with its scenes, as in a centre in Paris; yield its address."""
    command = [str(Path(sys.executable).with_name("venuewatch")), "demo"]
    for name in SHOWN:
        command += ["--break", name]
    with subprocess.Popen(  # noqa: S603 - our own program
        command,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "TZ": "Europe/Paris"},
    ) as running:
        assert running.stdout is not None  # noqa: S101 - it is a pipe
        try:
            yield next(found[0] for line in running.stdout if (found := _ADDRESS.search(line)))
        finally:
            running.terminate()


def opened(browser: Browser, url: str, size: tuple[int, int], scheme: Any = "dark") -> Page:
    """Open a page of the demo in a profile of its own."""
    width, height = size
    page = browser.new_page(viewport={"width": width, "height": height}, color_scheme=scheme)
    page.goto(url)
    return page


def told(browser: Browser, address: str) -> Page:
    """Return the overview, as soon as it tells every scene and knows of every host."""
    page = opened(browser, address, DESK)
    venues = [SCENES[name].venue for name in SHOWN]
    page.wait_for_function(_ALL_TOLD, arg=venues, timeout=_UP_WITHIN_MS)
    return page


def every_page(browser: Browser, address: str, folder: Path) -> None:
    """Draw every page in every way into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for scheme in ("dark", "light"):
        ways = [(f"{name}-{size[0]}", path, size) for name, path in PAGES.items()
                for size in (DESK, PHONE)]  # fmt: skip
        for name, path, size in [*ways, ("wall", "/wall", WALL)]:
            page = opened(browser, address + path, size, scheme)
            page.screenshot(path=folder / f"{name}-{scheme}.png", full_page=True)
            cdp = page.context.new_cdp_session(page)
            for eye in EYES if path in {"/", "/wall"} else ():
                cdp.send("Emulation.setEmulatedVisionDeficiency", {"type": eye})
                page.screenshot(path=folder / f"{name}-{scheme}-{eye}.png", full_page=True)
            page.close()


def main(folder: Path | None) -> None:
    """Write the picture, and all pages into the ``folder``, if there is one."""
    with demo() as address, sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox"]
        )
        page = told(browser, address)
        png = base64.b64encode(page.screenshot()).decode()
        TARGET.write_bytes(base64.b64decode(browser.new_page().evaluate(_TO_WEBP, png)))
        if folder is not None:
            every_page(browser, address, folder)
        browser.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else None)
