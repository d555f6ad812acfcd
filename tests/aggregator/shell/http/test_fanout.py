"""Fan-out: changes are rendered once, go out together, and reach every reader or cut it."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import NamedTuple

import pytest
from aiohttp import ClientResponse, ClientSession, web

from aggregator.core.outputs import HostChanged
from aggregator.core.states import HostState, Trigger
from aggregator.shell.http import channel as channel_module
from aggregator.shell.http import fanout as module
from aggregator.shell.http.changes import Changes
from aggregator.shell.http.channel import Channel, Event, framed
from aggregator.shell.http.fanout import Fanout, FullError
from bench.kit.processes import grant_files
from tests.kit.tasks import at_work
from tests.kit.waiting import PATIENCE_S, until


def changed(host: str, venue: str = "STA") -> HostChanged:
    return HostChanged(1.0, venue, host, HostState.UP, HostState.DOWN, Trigger.DEADLINE_PASSED, 0.0)


class Page:
    """A server of two channels of one form, which tell the names of hosts that have changed.

    Attributes:
        transports: of the connections that have asked for the first one.
    """

    def __init__(self, *, pages_max: int = 500, padding: int = 0) -> None:
        self.fanout = Fanout(lambda: pages_max, lambda request: request.remote or "")
        self.rendered: list[list[str]] = []
        self.snapshots = 0
        self.fails = False
        self._padding = b" " * padding
        self.channel = Channel("test", self._render, self._snapshot)
        self.other = Channel("other", self._render, self._snapshot)
        self.fanout.add(self.channel)
        self.transports: list[asyncio.WriteTransport] = []
        self.port = 0

    async def _render(self, changes: Changes) -> Sequence[Event]:
        if self.fails:
            raise RuntimeError("a bug")
        self.rendered.append(sorted(changes.hosts))
        return [Event("changes", ",".join(sorted(changes.hosts)).encode() + self._padding)]

    async def _snapshot(self) -> Sequence[Event]:
        self.snapshots += 1
        return [Event("snapshot", b"all\nof it")]

    async def _serve(self, request: web.Request) -> web.StreamResponse:
        assert request.transport is not None
        self.transports.append(request.transport)
        return await self._follow(request, self.channel)

    async def _serve_other(self, request: web.Request) -> web.StreamResponse:
        return await self._follow(request, self.other)

    async def _follow(self, request: web.Request, channel: Channel) -> web.StreamResponse:
        try:
            return await self.fanout.serve(request, channel)
        except FullError as error:
            return web.Response(status=503, text=str(error))

    @asynccontextmanager
    async def served(self) -> AsyncIterator[ClientSession]:
        app = web.Application()
        app.router.add_get("/", self._serve)
        app.router.add_get("/other", self._serve_other)
        runner = web.AppRunner(app, shutdown_timeout=1.0, access_log=None)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        self.port = runner.addresses[0][1]
        async with at_work(self.fanout.run()):
            try:
                async with ClientSession(f"http://127.0.0.1:{self.port}") as client:
                    yield client
            finally:
                self.fanout.close()
                await runner.cleanup()


class Opened(NamedTuple):
    """A stream that was asked for: the status of the answer, and what comes after its head."""

    status: int
    rest: asyncio.StreamReader
    writer: asyncio.StreamWriter


async def first_of(port: int, path: str, *, by: str = "127.0.0.1") -> Opened:
    """Ask for a stream from an address; return when it has begun, or is refused."""
    rest, writer = await asyncio.open_connection("127.0.0.1", port, local_addr=(by, 0))
    writer.write(f"GET {path} HTTP/1.0\r\nHost: x\r\n\r\n".encode())
    head = await rest.readuntil(b"\r\n\r\n")
    return Opened(int(head.split()[1]), rest, writer)


async def event(answer: ClientResponse, *, with_pulse: bool = False) -> dict[str, str]:
    """Return the next event of a stream, without its pulses unless they are wanted."""
    async with asyncio.timeout(PATIENCE_S):
        while True:
            fields: dict[str, str] = {}
            while line := (await answer.content.readline()).decode().rstrip("\n"):
                name, _, value = line.partition(": ")
                fields[name] = f"{fields[name]}\n{value}" if name in fields else value
            if with_pulse or fields.get("event") != "pulse":
                return fields


async def test_a_reader_begins_with_a_snapshot() -> None:
    page = Page()
    async with page.served() as client, client.get("/") as answer:
        first = await event(answer)

    assert answer.headers["Content-Type"] == "text/event-stream; charset=utf-8"
    assert answer.headers["Cache-Control"] == "no-store"
    assert (first["event"], first["data"], first["id"]) == (
        "snapshot",
        "all\nof it",
        page.channel.last_id,
    )


async def test_changes_of_a_moment_go_out_as_one() -> None:
    page = Page()
    async with page.served() as client, client.get("/") as answer:
        await event(answer)
        page.fanout.take([changed("a")])
        page.fanout.take([changed("b"), changed("a")])
        told = await event(answer)

    assert (told["event"], told["data"]) == ("changes", "a,b")
    assert page.rendered == [["a", "b"]]


async def test_changes_are_rendered_once_for_all_readers(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("aggregator.shell.http.channel._SNAPSHOT_KEPT_S", PATIENCE_S)
    page = Page()
    async with page.served() as client:
        answers = [await client.get("/") for _ in range(50)]
        for answer in answers:
            await event(answer)
        page.fanout.take([changed("a")])
        told = [await event(answer) for answer in answers]
        for answer in answers:
            answer.close()

    assert {each["data"] for each in told} == {"a"}
    assert (page.rendered, page.snapshots) == ([["a"]], 1)


async def test_a_reader_that_comes_back_gets_what_it_missed() -> None:
    page = Page()
    async with page.served() as client:
        async with client.get("/") as answer:
            last_id = (await event(answer))["id"]
        for name in ("a", "b"):
            page.fanout.take([changed(name)])
            await until(lambda name=name: [name] in page.rendered)  # type: ignore[misc]
        async with client.get("/", headers={"Last-Event-ID": last_id}) as answer:
            told = [await event(answer), await event(answer)]

    assert [each["data"] for each in told] == ["a", "b"]
    assert page.snapshots == 1


@pytest.mark.parametrize(
    "last_id",
    ["", "x", "0badcafe-0", "-", "-1", "0badcafe-99999999999999999999", "💩", "x" * 5_000],
)
async def test_an_id_of_another_start_brings_a_snapshot(last_id: str) -> None:
    page = Page()
    async with page.served() as client:
        headers = {"Last-Event-ID": last_id}
        async with client.get("/", headers=headers) as answer:
            first = await event(answer)

    assert first["event"] == "snapshot"


@pytest.mark.parametrize("ahead", [1, 10**40])
async def test_an_id_of_the_future_brings_a_snapshot(ahead: int) -> None:
    page = Page()
    start = page.channel.last_id.partition("-")[0]

    assert page.channel.place_of(f"{start}-{ahead}") is None


async def test_what_the_ring_has_lost_is_a_snapshot(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(channel_module, "RING_EVENTS", 2)
    page = Page()
    async with page.served() as client, client.get("/") as answer:
        last_id = (await event(answer))["id"]
        for name in ("a", "b", "c"):
            page.fanout.take([changed(name)])
            await event(answer)
        async with client.get("/", headers={"Last-Event-ID": last_id}) as late:
            first = await event(late)

    assert first["event"] == "snapshot"


async def test_a_quiet_stream_pulses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PULSE_S", 0.01)
    page = Page()
    async with page.served() as client, client.get("/") as answer:
        await event(answer)
        pulses = [await event(answer, with_pulse=True) for _ in range(3)]

    assert {pulse["event"] for pulse in pulses} == {"pulse"}
    assert not any("id" in pulse for pulse in pulses)
    assert pulses[0]["data"].startswith('{"at":')


async def test_one_more_than_may_be_open_is_refused() -> None:
    page = Page(pages_max=2)
    async with page.served() as client:
        first, second = await client.get("/"), await client.get("/")
        third = await client.get("/")
        first.close()
        await until(lambda: page.fanout.readers == 1)
        fourth = await client.get("/")
        said = await third.text()
        for answer in (second, third, fourth):
            answer.close()

    assert (third.status, said) == (
        503,
        "2 pages are open, and no more may be: [web] max_pages",
    )
    assert fourth.status == 200


async def test_a_reader_that_takes_nothing_is_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "WRITE_LIMIT_S", 0.2)
    monkeypatch.setattr(module, "APART_S", 0.01)
    page = Page(padding=2_000_000)
    async with page.served() as client:
        _, writer = await asyncio.open_connection("127.0.0.1", page.port, limit=1)
        writer.write(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        async with client.get("/", read_bufsize=2**22) as answer:
            await event(answer)
            for at in range(12):
                page.fanout.take([changed(f"h{at}")])
                told = await event(answer)
            await until(lambda: page.fanout.cut == 1)
        writer.close()

    assert told["data"].strip() == "h11"


async def test_of_a_thousand_pages_as_many_as_may_be_are_served() -> None:
    grant_files(4_096)
    page = Page(pages_max=500)
    page.fanout.add(page.other)
    async with page.served() as client, asyncio.TaskGroup() as reading:
        opened = [
            reading.create_task(first_of(page.port, ("/", "/other")[number % 2]))
            for number in range(1_000)
        ]
        await until(lambda: all(task.done() for task in opened))
        streams = [task.result() for task in opened]
        served = [stream for stream in streams if stream.status == 200]
        counts = (len(page.channel.readers), len(page.other.readers))
        page.fanout.take([changed("a")])
        told = [await stream.rest.readuntil(b"data: a\n\n") for stream in served]
        async with client.get("/") as refused:
            line = await refused.text()
        for stream in streams:
            stream.writer.close()

    assert len(served) == len(told) == sum(counts) == 500
    assert all(counts)
    assert {stream.status for stream in streams} == {200, 503}
    assert line == "500 pages are open, and no more may be: [web] max_pages"
    assert page.rendered == [["a"], ["a"]]


async def test_client_with_most_streams_gives_its_newest_to_another() -> None:
    page = Page(pages_max=6)
    page.fanout.add(page.other)
    async with page.served():
        greedy = [
            await first_of(page.port, ("/", "/other")[at % 2], by="127.0.0.2") for at in range(6)
        ]
        modest = [await first_of(page.port, "/", by="127.0.0.3") for _ in range(5)]
        again = await first_of(page.port, "/", by="127.0.0.2")
        assert [each.status for each in modest] == [200, 200, 200, 503, 503]
        await until(lambda: page.fanout.cut == 3)
        page.fanout.take([changed("a")])
        told = [await each.rest.readuntil(b"data: a\n\n") for each in modest[:3]]
        for stream in (*greedy, *modest, again):
            stream.writer.close()

    assert (again.status, len(told)) == (503, 3)


async def test_stream_that_takes_nothing_gives_its_place_at_once() -> None:
    page = Page(pages_max=3, padding=8_000_000)
    async with page.served():
        greedy = [await first_of(page.port, "/", by="127.0.0.2") for _ in range(3)]
        page.fanout.take([changed("a")])
        await until(lambda: any(one.get_write_buffer_size() for one in page.transports))
        modest = await first_of(page.port, "/", by="127.0.0.3")
        readers = page.fanout.readers
        for stream in (*greedy, modest):
            stream.writer.close()

    assert (modest.status, readers) == (200, 3)


async def test_pages_that_never_read_hold_a_piece_each_at_most(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "WRITE_LIMIT_S", 0.5)
    page = Page(padding=8_000_000)
    async with page.served():
        streams = [
            await asyncio.open_connection("127.0.0.1", page.port, limit=1) for _ in range(20)
        ]
        for _, writer in streams:
            writer.write(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        await until(lambda: page.fanout.readers == 20)
        page.fanout.take([changed("a")])
        held = [0]

        def all_are_cut() -> bool:
            held.append(max(one.get_write_buffer_size() for one in page.transports))
            return page.fanout.cut == 20

        await until(all_are_cut)
        for _, writer in streams:
            writer.close()

    assert 0 < max(held) <= 256 * 1024
    assert page.rendered == [["a"]]


async def test_a_form_that_fails_cuts_its_readers_and_goes_on() -> None:
    page = Page()
    async with page.served() as client:
        async with client.get("/") as answer:
            last_id = (await event(answer))["id"]
            page.fails = True
            page.fanout.take([changed("a")])
            await until(lambda: page.fanout.cut == 1)
        page.fails = False
        async with client.get("/", headers={"Last-Event-ID": last_id}) as answer:
            first = await event(answer)
            page.fanout.take([changed("b")])
            second = await event(answer)

    assert (first["event"], second["data"]) == ("snapshot", "b")


async def test_the_end_of_the_server_ends_every_stream() -> None:
    page = Page()
    async with page.served() as client:
        answer = await client.get("/")
        await event(answer)
        page.fanout.close()
        rest = await answer.content.read()
        refused = await client.get("/")
        refused.close()

    assert (rest, refused.status) == (b"", 503)


def test_every_line_of_an_events_data_is_a_field() -> None:
    assert framed(Event("x", b"a\r\nb\rc\nid: 9"), "1-2") == (
        b"id: 1-2\nevent: x\ndata: a\ndata: b\ndata: c\ndata: id: 9\n\n"
    )
