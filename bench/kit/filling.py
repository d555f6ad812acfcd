"""Fills an aggregator with a fleet, through a broker: one connection speaks for every host, once.

Each host announces that it beats and sends vitals once a day. So it stays up, and its values stay
on the page, for as long as a bench runs.
"""

import contextlib
import http.client
import random
import re
import socket
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import mqtt5

from bench.kit.centres import get
from bench.kit.members import VENUES, place, write_inventory
from bench.kit.mosquitto import mosquitto
from bench.kit.processes import (
    LOOPBACK,
    Asked,
    BenchError,
    asking,
    free_port,
    python,
    wait_for,
)
from venuewatch.base import clock
from venuewatch.base.wire import topics
from venuewatch.base.wire.catalogue import Catalogue
from venuewatch.base.wire.messages import Beat, Birth, Echo, Vitals, decode_tick, encode
from venuewatch.base.wire.topics import Stream

LIVENESS = 12
"""Series of a host that are not its vitals, ``node_uname_info`` included."""

MODES = ("user", "nice", "system", "idle", "iowait", "irq", "softirq", "steal")

_AT_ONCE = 500  # hosts whose messages are on their way together
_ANSWER_S = 20.0
_EVERY_S = 86_400.0
_BOOT = "bench"
_VITALS = re.compile(
    rb'^venuewatch_aggregator_messages_total\{stream="vitals"\} (\S+)$', re.MULTILINE
)


def cpu_modes(count: int) -> list[list[str]]:
    """Return the labels ``cpu`` and ``mode`` of so many series."""
    return [[str(at // len(MODES)), MODES[at % len(MODES)]] for at in range(count)]


def numbers(rng: random.Random, count: int) -> list[float]:
    """Return so many numbers, as counters of seconds have them."""
    return [round(rng.random() * 1e5, 2) for _ in range(count)]


@contextlib.contextmanager
def aggregator_with_fleet(
    directory: Path, hosts: int, series: int, venues: int = VENUES
) -> Iterator[tuple[Asked, int]]:
    """Run the aggregator with a fleet that is up, behind a broker; yield it and its HTTP port.

    Raises:
        BenchError: it does not get there.
    """
    folder = directory / f"{hosts}x{series}"
    folder.mkdir()
    write_inventory(folder / "inventory.toml", hosts, venues)
    with mosquitto(folder) as broker, served(folder, broker.port) as (child, port):
        places = [place(index, venues) for index in range(hosts)]
        fill(broker.port, places, series, lambda: _vitals(port))
        if not wait_for(lambda: _page(port, "/-/ready") != b""):
            raise BenchError("the aggregator does not get ready")
        yield child, port


@contextlib.contextmanager
def served(
    folder: Path, broker_port: int, *, is_collected: bool = True
) -> Iterator[tuple[Asked, int]]:
    """Run an aggregator that can be asked how it does; yield it, and its port of HTTP.

    ``folder`` has its ``inventory.toml``. ``is_collected``: as its own loop does.

    Raises:
        BenchError: it does not start.
    """
    port, settings = free_port(), folder / "aggregator.toml"
    settings.write_text(
        f"[broker]\nport = {broker_port}\n[web]\nlisten_address = '{LOOPBACK}:{port}'\n",
        encoding="utf-8",
    )
    collector = [] if is_collected else ["--pythons-collector"]
    command = python("bench.kit.serving", "ours", "--config", str(settings), *collector)
    with asking(command, log=folder / "ours.log") as child:
        child.read_answer()
        if not wait_for(lambda: _page(port, "/-/healthy") != b""):
            raise BenchError("the aggregator does not answer")
        yield child, port


def _page(port: int, path: str) -> bytes:
    """Return a page, empty if there is none."""
    try:
        status, page = get(port, path)
    except OSError:
        return b""
    return page if status == http.client.OK else b""


def _vitals(port: int) -> int:
    found = _VITALS.search(_page(port, "/metrics/self"))
    return int(float(found[1])) if found else 0


def fill(
    port: int, places: Sequence[tuple[str, str]], series: int, taken: Callable[[], int]
) -> None:
    """Say births, beats and vitals of these hosts, each with so many series on the page.

    ``taken`` tells how many vitals the aggregator has taken.

    Raises:
        BenchError: the broker does not answer, or not all of it arrives.
    """
    catalogue = Catalogue([("node_cpu_seconds_total", cpu_modes(series - LIVENESS))])
    hosts = len(places)
    rng = random.Random(hosts)
    try:
        with socket.create_connection((LOOPBACK, port), timeout=_ANSWER_S) as sock:
            sock.sendall(mqtt5.ConnectPacket("bench-filling", clean_start=True).write())
            sock.sendall(mqtt5.SubscribePacket(1, [mqtt5.TopicFilter(topics.TICKS)]).write())
            tick = _next_tick(sock)
            for first in range(0, hosts, _AT_ONCE):
                last = min(hosts, first + _AT_ONCE)
                for index in range(first, last):
                    values: list[float | None] = [*numbers(rng, series - LIVENESS)]
                    sock.sendall(_said_by(index, places[index], tick, catalogue, values))
                if not wait_for(lambda last=last: taken() >= last):  # type: ignore[misc]
                    raise BenchError(f"the aggregator has {taken()} of {last} vitals")
    except OSError as error:
        raise BenchError(f"the broker does not answer: {error}") from None


def _said_by(
    index: int,
    where: tuple[str, str],
    tick: int,
    catalogue: Catalogue,
    values: list[float | None],
) -> bytes:
    """Return the packets of all that one host says."""
    venue, host = where
    wall_ms, mono_ms = int(clock.wall() * 1000), int(clock.monotonic() * 1000)
    birth = Birth(
        boot=_BOOT,
        session=1,
        wall_ms=wall_ms,
        interval_s=_EVERY_S,
        vitals_every_s=_EVERY_S,
        agent_version="0.2.0",
        role="server",
        address=f"192.0.2.{index % 250}",
        sysname="Linux",
        nodename=host,
        domainname="(none)",
        release="6.12.41+deb13-amd64",
        version="#1 SMP PREEMPT_DYNAMIC Debian 6.12.41-1 (2025-08-12)",
        machine="x86_64",
        own_ticks=True,
    )
    said = {
        Stream.BIRTH: birth,
        Stream.BEAT: Beat(_BOOT, 1, 1, mono_ms, wall_ms, Echo(tick, index % 50)),
        Stream.CATALOGUE: catalogue,
        Stream.VITALS: Vitals(_BOOT, 1, 1, wall_ms, catalogue=catalogue.key, values=values),
    }
    return b"".join(
        mqtt5.PublishPacket(topics.topic(venue, host, stream), encode(content)).write()
        for stream, content in said.items()
    )


def _next_tick(sock: socket.socket) -> int:
    """Return the number of the next tick; hosts echo it, so that their round trip is known.

    Raises:
        OSError: none comes.
    """
    heard = b""
    while True:
        more = sock.recv(65_536)
        if not more:
            raise ConnectionResetError("it closed the connection")
        heard += more
        rest = memoryview(heard)
        try:
            while rest:
                packet, size = mqtt5.read(rest)
                rest = rest[size:]
                if isinstance(packet, mqtt5.PublishPacket):
                    return decode_tick(packet.payload or b"").number
        except IndexError:  # half a packet
            continue
