"""Runs real agents that each watch one results feed, and measures what its messages cost them.

Mosquitto and the aggregator are real, too: what an agent made of its feed is asked of the
aggregator. An agent without messages is beside each that gets some, and its CPU is taken off. So is
the plainest reader that Python has (``plain_feed``), which gets as many of the same messages.
"""

import contextlib
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import psutil

from bench.kit import members, processes
from bench.kit.centres import Aggregator, aggregator, get
from bench.kit.documents import Document, Source, into, pushing_to
from bench.kit.mosquitto import mosquitto
from bench.kit.processes import (
    Asked,
    BenchError,
    asking,
    free_port,
    pause,
    python,
    running,
    wait_for,
)
from bench.kit.result import Row, progress
from bench.kit.scraping import evenly
from bench.kit.venue_host import venue_host
from venuewatch.base import clock

FILES, PUSHES = "files", "pushes"
OURS, PLAIN = "ours", "plain"

_MIB = 1024 * 1024
_LOOK_EVERY_S = 1.0
_SETTLE_S = 60.0
_HEARD = re.compile(
    r'^venuewatch_results_messages_total\{[^}]*host="([^"]+)"[^}]*\} (\S+)', re.MULTILINE
)
_STATE = re.compile(
    r'^venuewatch_results_state\{[^}]*host="([^"]+)"[^}]*state="([^"]+)"[^}]*\} 1(?:\.0)?$',
    re.MULTILINE,
)


class Flow(NamedTuple):
    """A feed: its way (files or pushes) and its document, one each ``every_s``.

    ``name`` is that of the document, ``idle`` where there is none.
    """

    way: str
    name: str = "idle"
    document: Document | None = None
    every_s: float = 0.0


class _Party(NamedTuple):
    """A program that is measured, and who talks to it; ``host`` is that of an agent."""

    side: str
    flow: Flow
    pid: int
    source: Source | None = None
    host: str = ""
    child: Asked | None = None

    def heard(self, of_hosts: Mapping[str, int]) -> int:
        """Return how many messages it has read."""
        return of_hosts[self.host] if self.child is None else int(self.child.ask()["heard"])


class _Spent(NamedTuple):
    """CPU (s) and memory (MiB) of a program; ``peak_mib`` is the most over ``rss_mib`` since."""

    cpu_s: float
    rss_mib: float
    peak_mib: float | None = None


class _Place(NamedTuple):
    """A directory for one feed, how it comes, and how often (s) its reader looks."""

    directory: Path
    flow: Flow
    reading_every_s: float

    def new(self, who: str) -> tuple[Path, int]:
        """Return an empty folder for messages, and a free port."""
        folder = self.directory / who / "messages"
        folder.mkdir(parents=True)
        return folder, free_port()

    def side(self, who: str) -> str:
        """Return the name of a row."""
        return f"{who}, {self.flow.way}, {self.flow.name}"

    @contextlib.contextmanager
    def source(self, folder: Path, port: int) -> Iterator[Source | None]:
        """Yield who talks to a reader."""
        if self.flow.document is None:
            yield None
        elif self.flow.way == FILES:
            yield Source(self.flow.document, into(folder))
        else:
            with pushing_to(port) as deliver:
                yield Source(self.flow.document, deliver)


def measured(
    directory: Path, flows: Sequence[Flow], *, seconds: float, reading_every_s: float
) -> list[Row]:
    """Have all messages sent for ``seconds``, and heard; return a row for each feed.

    Raises:
        BenchError: a program is not installed or does not start, or a sender gives up.
    """
    expected = directory / "inventory.toml"
    members.write_inventory(expected, len(flows))
    python_of_host = venue_host(directory / "host")
    with contextlib.ExitStack() as stack:
        broker = stack.enter_context(mosquitto(directory))
        parties: list[_Party] = []
        for at, flow in enumerate(flows):
            place = _Place(directory / str(at), flow, reading_every_s)
            parties.append(stack.enter_context(_agent(place, at, python_of_host, broker.port)))
            if flow.document is not None:
                parties.append(stack.enter_context(_plain(place)))
        centre = stack.enter_context(aggregator(directory, expected, broker.port))
        hosts = {each.host for each in parties if each.host}
        patience_s = 2 * reading_every_s + _SETTLE_S
        progress("waiting until each feed was read once")
        if not wait_for(lambda: hosts <= _heard(centre).keys(), at_most_s=patience_s):
            raise BenchError("not every feed was read in time")
        before = [_begin(each) for each in parties]
        looks = _play(centre, parties, seconds)
        wait_for(lambda: not any(_unheard(centre, parties)), at_most_s=patience_s)
        unheard = _unheard(centre, parties)
        looks.update(_STATE.findall(_page(centre)))
        spent = [_spent(each, begin) for each, begin in zip(parties, before, strict=True)]
    idle_s = {
        each.flow.way: its.cpu_s
        for each, its in zip(parties, spent, strict=True)
        if each.source is None
    }
    rows: list[Row] = []
    for each, its, left in zip(parties, spent, unheard, strict=True):
        row: Row = {"side": each.side, "rss_mib": round(its.rss_mib, 2)}
        if each.source is not None:
            over_s = its.cpu_s - (idle_s[each.flow.way] if each.host else 0.0)
            row |= {
                "messages": each.source.sent,
                "unheard": left,
                "cpu_over_idle_s_per_min": round(over_s / (seconds / 60), 4),
                "us_a_message": round(over_s / max(1, each.source.sent) * 1e6, 1),
                "peak_over_idle_mib": None if its.peak_mib is None else round(its.peak_mib, 2),
            }
            if each.host:
                row["looks_not_flowing"] = _not_flowing(looks, each.host)
        rows.append(row)
    return rows


def _not_flowing(looks: Counter[tuple[str, str]], of: str) -> int:
    return sum(count for (host, state), count in looks.items() if host == of and state != "flowing")


def _begin(each: _Party) -> _Spent:
    processes.forget_peak(each.pid)
    return _Spent(processes.cpu_s(each.pid), _rss_mib(each.pid))


def _spent(each: _Party, begin: _Spent) -> _Spent:
    cpu_s, peak_mib = processes.cpu_s(each.pid) - begin.cpu_s, processes.peak_mib(each.pid)
    over_mib = None if peak_mib is None else peak_mib - begin.rss_mib
    return _Spent(cpu_s, _rss_mib(each.pid), over_mib)


def _play(
    centre: Aggregator, parties: Sequence[_Party], seconds: float
) -> Counter[tuple[str, str]]:
    """Have the messages sent; return how often each host's feed was seen in each state.

    A feed counts from the first look on that finds a message of it.
    """
    looks: Counter[tuple[str, str]] = Counter()
    with contextlib.ExitStack() as sending:
        for each in parties:
            if each.source is not None:
                talk = evenly(each.source.say, each.flow.every_s, what=each.side)
                sending.enter_context(talk)
        progress(f"sending for {seconds:g} s")
        end = clock.monotonic() + seconds
        while (left_s := end - clock.monotonic()) > 0.0:
            pause(min(_LOOK_EVERY_S, left_s))
            page = _page(centre)
            begun = {host for host, count in _HEARD.findall(page) if float(count)}
            looks.update(found for found in _STATE.findall(page) if found[0] in begun)
    return looks


def _unheard(centre: Aggregator, parties: Sequence[_Party]) -> list[int]:
    """Return how many messages each party has not read yet."""
    heard = _heard(centre)
    return [each.source.sent - each.heard(heard) if each.source else 0 for each in parties]


def _heard(centre: Aggregator) -> dict[str, int]:
    return {host: int(float(count)) for host, count in _HEARD.findall(_page(centre))}


def _page(centre: Aggregator) -> str:
    return get(centre.web_port, "/metrics")[1].decode()


def _rss_mib(pid: int) -> float:
    return float(psutil.Process(pid).memory_info().rss / _MIB)


@contextlib.contextmanager
def _agent(place: _Place, at: int, python_of_host: Path, broker: int) -> Iterator[_Party]:
    venue, host = members.place(at)
    folder, port = place.new(OURS)
    way = f'folder = "{folder}"' if place.flow.way == FILES else f"listen_port = {port}"
    settings = folder.with_name("agent.toml")  # its spool lies beside it
    settings.write_text(
        f'venue = "{venue}"\nhost = "{host}"\n[broker]\nport = {broker}\n'
        f'[[check]]\nkind = "feed"\nname = "results"\nzone = "UTC"\n{way}\n'
        f"every_s = {place.reading_every_s:g}\n",
        encoding="utf-8",
    )
    command = [str(python_of_host), "-I", "-m", "agent", "--config", str(settings)]
    log = settings.with_suffix(".log")
    with running(command, log=log) as process, place.source(folder, port) as source:
        yield _Party(place.side(OURS), place.flow, process.pid, source, host=host)


@contextlib.contextmanager
def _plain(place: _Place) -> Iterator[_Party]:
    folder, port = place.new(PLAIN)
    files = (FILES, str(folder), f"{place.reading_every_s:g}")
    asked = files if place.flow.way == FILES else (PUSHES, str(port))
    command = python("bench.kit.plain_feed", *asked)
    log = folder.with_name("plain.log")
    with asking(command, log=log) as child, place.source(folder, port) as source:
        child.ask()  # it listens when it answers
        yield _Party(place.side(PLAIN), place.flow, child.pid, source, child=child)
