"""Stream of the pages, of the real fan-out on a port: what a page gets, and when."""

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp import ClientSession

from aggregator.core.outputs import Connected, HostChanged, InventoryChanged
from aggregator.core.states import HostState, Trigger
from aggregator.shell.http import channel as channel_module
from aggregator.shell.http.page.stream import TOPICS_MAX
from tests.kit.live_pages import LivePages, Sent, sent
from tests.kit.story import Story, fleet_of
from tests.kit.waiting import until


@pytest.fixture
def pages() -> LivePages:
    return LivePages(Story().bring_up())


@pytest.fixture
async def client(pages: LivePages) -> AsyncIterator[ClientSession]:
    async with pages.served() as address, ClientSession(address) as client:
        yield client


def html_of(events: list[Sent]) -> str:
    return "\n".join(event.data for event in events if event.name == "fragments")


def alarms_of(events: list[Sent]) -> dict[str, Any]:
    (found,) = [json.loads(event.data) for event in events if event.name == "alarms"]
    return dict(found)


def changed(host: str) -> HostChanged:
    return HostChanged(1.0, "STA", host, HostState.UP, HostState.LATE, Trigger.PATIENCE_ENDED, 0.0)


def lose(pages: LivePages, host: str) -> None:
    """Let an agent be killed, and its incident open."""
    pages.story.kill(host)
    pages.story.run(3.0)
    pages.tell()


async def test_a_page_begins_with_all_that_it_shows(client: ClientSession) -> None:
    async with client.get("/events?on=overview&on=host-s1") as answer:
        first = await sent(answer)

    html = html_of(first)
    for id_ in ("head", "problems", "monitor", "v-STA", "v-AQU", "host-s1"):
        assert f'id="{id_}"' in html
    assert "host-s2" not in html
    assert alarms_of(first)["is_all"] is True
    assert first[-1].name == "sent"
    assert first[-1].id


async def test_a_page_is_told_which_version_is_served() -> None:
    pages = LivePages(Story().bring_up(), version="2-abc")
    async with (
        pages.served() as address,
        ClientSession(address) as client,
        client.get("/events") as answer,
    ):
        first = await sent(answer)

    assert json.loads(first[-1].data)["version"] == "2-abc"


async def test_a_change_sends_what_it_has_changed(client: ClientSession, pages: LivePages) -> None:
    async with client.get("/events?on=overview") as answer:
        await sent(answer)
        lose(pages, "s1")
        told = await sent(answer)

    html = html_of(told)
    assert '<li id="v-STA"' in html
    assert "down up up" in html
    assert '<section id="problems">' in html
    assert "v-AQU" not in html
    assert "monitor" not in html


async def test_a_page_of_one_host_gets_no_tiles(client: ClientSession, pages: LivePages) -> None:
    async with client.get("/events?on=host-s1") as answer:
        await sent(answer)
        lose(pages, "s1")
        told = await sent(answer)

    html = html_of(told)
    assert '<p class="state">down</p>' in html
    assert "v-STA" not in html


async def test_each_page_gets_its_own_topics_only(client: ClientSession, pages: LivePages) -> None:
    async with (
        client.get("/events?on=overview") as overview,
        client.get("/events?on=host-s1") as host,
    ):
        first = [html_of(await sent(overview)), html_of(await sent(host))]
        lose(pages, "s1")
        then = [html_of(await sent(overview)), html_of(await sent(host))]

    for html in (first, then):
        assert ["v-STA" in each for each in html] == [True, False]
        assert ["host-s1" in each for each in html] == [False, True]


async def test_a_fragment_is_rendered_once_for_all(client: ClientSession, pages: LivePages) -> None:
    answers = [await client.get("/events?on=overview") for _ in range(20)]
    for answer in answers:
        await sent(answer)
    pages.rendered.clear()
    lose(pages, "s1")
    told = [await sent(answer) for answer in answers]
    for answer in answers:
        answer.close()

    assert pages.rendered.count("v-STA") == 1
    assert len({html_of(each) for each in told}) == 1


async def test_what_no_page_shows_is_not_rendered(client: ClientSession, pages: LivePages) -> None:
    async with client.get("/events?on=overview") as answer:
        await sent(answer)
        pages.rendered.clear()
        lose(pages, "s1")
        await sent(answer)

    assert set(pages.rendered) == {"head", "problems", "monitor", "v-STA"}


async def test_every_page_hears_of_every_incident(client: ClientSession, pages: LivePages) -> None:
    async with client.get("/events?on=host-a1") as answer:
        await sent(answer)
        lose(pages, "s1")
        opened = alarms_of(await sent(answer))
        pages.story.unmute("s1")
        pages.story.birth(pages.story.now, "s1", boot="b")
        pages.story.run(5.0)
        pages.tell()
        closed = alarms_of(await sent(answer))

    (alarm,) = opened["incidents"]
    assert opened["is_all"] is False
    assert alarm["severity"] == "critical"
    assert "s1" in alarm["sentence"]
    assert closed["incidents"] == [{"number": alarm["number"], "is_closed": True}]


@pytest.mark.parametrize("how", ["header", "query"])
async def test_a_page_that_comes_back_gets_what_it_missed(
    client: ClientSession, pages: LivePages, how: str
) -> None:
    async with client.get("/events?on=overview&on=host-s1") as watching:
        last = (await sent(watching))[-1].id
        lose(pages, "s1")
        missed = await sent(watching)
        headers = {"Last-Event-ID": last} if how == "header" else {}
        query = f"&last={last}" if how == "query" else ""
        async with client.get(f"/events?on=overview{query}", headers=headers) as back:
            told = await sent(back)

    assert 'id="v-STA"' in html_of(told)
    assert "v-AQU" not in html_of(told)
    assert told[-1].id == missed[-1].id


async def test_a_topic_that_nobody_followed_is_a_snapshot(
    client: ClientSession, pages: LivePages
) -> None:
    async with client.get("/events?on=overview") as watching:
        last = (await sent(watching))[-1].id
        lose(pages, "s1")
        await sent(watching)
        async with client.get(f"/events?on=overview&on=host-s1&last={last}") as back:
            told = await sent(back)

    assert alarms_of(told)["is_all"] is True
    assert '<p class="state">down</p>' in html_of(told)
    assert "v-AQU" in html_of(told)


async def test_what_changed_before_a_topic_was_followed_is_not_missed(
    client: ClientSession, pages: LivePages
) -> None:
    async with client.get("/events?on=host-a1") as watching:
        last = (await sent(watching))[-1].id
        pages.rendered.clear()
        pages.tell([changed("s2")])
        await until(lambda: pages.rendered == ["head"])  # nobody is shown the host
        async with client.get(f"/events?on=host-s2&last={last}") as back:
            told = await sent(back)

    assert alarms_of(told)["is_all"] is True
    assert "host-s2" in html_of(told)


async def test_a_topic_is_kept_for_those_that_come_back(
    client: ClientSession, pages: LivePages
) -> None:
    async with client.get("/events?on=overview") as staying:
        async with client.get("/events?on=host-s1") as leaving:
            await sent(staying)
            last = (await sent(leaving))[-1].id
        await until(lambda: pages.fanout.readers == 1)
        lose(pages, "s1")
        await sent(staying)
        async with client.get(f"/events?on=host-s1&last={last}") as back:
            told = await sent(back)

    assert alarms_of(told)["is_all"] is False
    assert '<p class="state">down</p>' in html_of(told)


async def test_a_topic_is_forgotten_after_a_while(
    client: ClientSession, pages: LivePages, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(channel_module, "RESUME_S", 0.001)
    async with client.get("/events?on=overview&on=host-s1") as leaving:
        await sent(leaving)
    await until(lambda: pages.fanout.readers == 0)
    async with client.get("/events?on=overview") as staying:
        await sent(staying)
        lose(pages, "s1")
        await sent(staying)

        assert set(pages.stream.channel.topics) == {"overview"}


async def test_blindness_changes_everything(client: ClientSession, pages: LivePages) -> None:
    async with client.get("/events?on=overview") as answer:
        await sent(answer)
        pages.rendered.clear()
        pages.tell([Connected(1.0, "live")])
        lose(pages, "s1")
        await sent(answer)

    assert {"v-STA", "v-AQU"} <= set(pages.rendered)


async def test_another_inventory_has_pages_load_anew(
    client: ClientSession, pages: LivePages
) -> None:
    async with client.get("/events?on=overview") as answer:
        await sent(answer)
        pages.story.centre.change_inventory(pages.story.now, fleet_of({"STA": ("s1",)}))
        pages.tell([InventoryChanged(("AQU",), ("STA",))])
        told = await sent(answer)

    assert "reload" in [event.name for event in told]


@pytest.mark.parametrize(
    ("query", "line"),
    [
        ("onn=overview", 'unknown parameter "onn" - did you mean "on"? Known: last, on'),
        ("last=1&last=2", "expected last once"),
        (f"on={'x' * 129}", "expected a topic of at most 128 characters"),
        (
            "&".join(f"on=host-{number}" for number in range(TOPICS_MAX + 1)),
            "expected at most 64 topics, got 65",
        ),
    ],
)
async def test_a_wrong_query_is_refused_in_a_line(
    client: ClientSession, query: str, line: str
) -> None:
    async with client.get(f"/events?{query}") as answer:
        text = await answer.text()

    assert (answer.status, text) == (400, f"{line}\n")


@pytest.mark.parametrize("topic", ["host-nobody", "<script>", "venue-", "x" * 128, "%0Aevent:%20x"])
async def test_an_unknown_topic_brings_nothing(
    client: ClientSession, pages: LivePages, topic: str
) -> None:
    async with client.get(f"/events?on={topic}") as answer:
        first = await sent(answer)

    assert [event.name for event in first] == ["fragments", "alarms", "sent"]
    assert not pages.stream.channel.topics


async def test_one_page_too_many_is_told_why() -> None:
    pages = LivePages(Story().bring_up(), pages_max=1)
    async with pages.served() as address, ClientSession(address) as client:
        first = await client.get("/events")
        await sent(first)
        second = await client.get("/events")
        text = await second.text()
        first.close()

    assert second.status == 503
    assert text == "1 pages are open, and no more may be: [web] max_pages\n"
    assert second.headers["Retry-After"] == "10"
