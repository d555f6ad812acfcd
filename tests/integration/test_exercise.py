"""An exercise with real programs: page, notice, log, metric and terminal are marked."""

import asyncio
import json
import re
from pathlib import Path

import pytest
from playwright.async_api import expect

from tests.integration.real import (
    Aggregator,
    Mosquitto,
    in_thread,
    inventory_of,
    running_agents,
    until,
)
from tests.kit.browser import browser, profile
from tests.kit.receiver import Receiver
from venuewatch import cli

pytestmark = pytest.mark.real

MARK = "EXERCISE: "
READY_MS = 20_000.0


async def title_of(url: str) -> str:
    """Return the title of a page once its script has counted what is loud."""
    async with browser() as started, profile(started) as context:
        page = await context.new_page()
        await page.goto(url)
        await expect(page).to_have_title(re.compile(r"\(1\)"), timeout=READY_MS)
        return await page.title()


def test_a_fall_in_an_exercise_is_told_as_one(
    tmp_path: Path, broker: Mosquitto, capsys: pytest.CaptureFixture[str]
) -> None:
    with in_thread(Receiver.serving()) as receiver, in_thread(Receiver.serving()) as alerts:
        more = (
            f'[notify]\nwebhook_url = "{receiver.url}"\n[alertmanager]\nurls = ["{alerts.url}"]\n'
            '[exercise]\nname = "<b>Rehearsal 2"\n'
        )
        inventory = inventory_of(("STA", "wired", 2))
        with (
            Aggregator(tmp_path, broker.port, inventory=inventory, broker=more) as aggregator,
            running_agents(tmp_path, broker, aggregator, ("STA-1", "STA-2")) as agents,
        ):
            agents["STA-1"].kill()
            until("it is told", lambda: receiver.taken and alerts.taken)
            page = aggregator.get("/") or ""
            title = asyncio.run(title_of(f"http://127.0.0.1:{aggregator.port}/"))
            code = cli.main(["status", "--url", f"http://127.0.0.1:{aggregator.port}"])
            metrics = aggregator.get("/metrics") or ""

        lines = aggregator.log.read_text().splitlines()
    annotations = alerts.taken[0][0]["annotations"]
    told = (annotations["summary"], annotations["description"])
    assert receiver.taken[0]["sentence"].startswith(MARK)
    assert f'role="note">{MARK}&lt;b&gt;Rehearsal 2</div>' in page
    assert page.count(MARK) >= len(("title", "banner", "problem", "tile"))
    assert title == f"{MARK}(1) venuewatch"
    assert code == 1
    assert all(line.startswith(MARK) for line in capsys.readouterr().out.splitlines())
    assert all(text.startswith(MARK) for text in told)
    assert 'venuewatch_exercise{name="<b>Rehearsal 2"} 1.0' in metrics
    assert [json.loads(line)["EXERCISE"] for line in lines] == ["<b>Rehearsal 2"] * len(lines)
