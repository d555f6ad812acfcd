"""Runs real agents that each watch one results feed, and measures what its messages cost them.

Mosquitto and the aggregator are real, too: what an agent made of its feed is asked of the
aggregator. An agent without messages is beside each that gets some, and its CPU is taken off.
"""

import contextlib
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import psutil

from bench.kit import members, processes
from bench.kit.centres import Aggregator, aggregator, get
from bench.kit.documents import Document, Source, into, push_to
from bench.kit.mosquitto import mosquitto
from bench.kit.processes import BenchError, free_port, pause, running, wait_for
from bench.kit.result import Row, progress
from bench.kit.scraping import evenly
from bench.kit.venue_host import venue_host

FILES, PUSHES = "files", "pushes"

_MIB = 1024 * 1024
_LOOK_EVERY_S = 1.0
_SETTLE_S = 30.0
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

    @property
    def side(self) -> str:
        """The name of its row."""
        return f"{self.way}, {self.name}"


class _Running(NamedTuple):
    """The agent of a feed, and what it sends."""

    flow: Flow
    host: str
    pid: int
    source: Source | None


class _Spent(NamedTuple):
    """CPU (s) and memory (MiB) of an agent."""

    cpu_s: float
    rss_mib: float


def measured(
    directory: Path, flows: Sequence[Flow], *, seconds: float, reading_every_s: float
) -> list[Row]:
    """Have all messages sent for ``seconds``, and heard; return a row for each feed.

    Raises:
        BenchError: a program is not installed or does not start, or a sender gives up.
    """
    expected = directory / "inventory.toml"
    members.write_inventory(expected, len(flows))
    python = venue_host(directory / "host")
    with contextlib.ExitStack() as stack:
        broker = stack.enter_context(mosquitto(directory))
        agents = [
            stack.enter_context(
                _agent(directory, python, broker.port, at, flow, reading_every_s=reading_every_s)
            )
            for at, flow in enumerate(flows)
        ]
        centre = stack.enter_context(aggregator(directory, expected, broker.port))
        hosts = {each.host for each in agents}
        patience_s = 2 * reading_every_s + _SETTLE_S
        progress("waiting until each feed was read once")
        if not wait_for(lambda: hosts <= _heard(centre).keys(), at_most_s=patience_s):
            raise BenchError("not every feed was read in time")
        before = [_begin(each) for each in agents]
        looks = _play(centre, agents, seconds)
        wait_for(lambda: not _unheard(centre, agents), at_most_s=patience_s)
        left = _unheard(centre, agents)
        looks.update(_STATE.findall(_page(centre)))
        after = [_Spent(processes.cpu_s(each.pid), _rss_mib(each.pid)) for each in agents]
        peaks = [processes.peak_mib(each.pid) for each in agents]
    idle_s = {
        each.flow.way: end.cpu_s - begin.cpu_s
        for each, begin, end in zip(agents, before, after, strict=True)
        if each.source is None
    }
    rows: list[Row] = []
    for each, begin, end, peak in zip(agents, before, after, peaks, strict=True):
        row: Row = {"side": each.flow.side, "rss_mib": round(end.rss_mib, 2)}
        if each.source is not None:
            over_s = end.cpu_s - begin.cpu_s - idle_s[each.flow.way]
            seen = {state: count for (host, state), count in looks.items() if host == each.host}
            row |= {
                "messages": each.source.sent,
                "unheard": left.get(each.host, 0),
                "looks_not_flowing": sum(seen.values()) - seen.get("flowing", 0),
                "cpu_over_idle_s_per_min": round(over_s / (seconds / 60), 4),
                "us_a_message": round(over_s / max(1, each.source.sent) * 1e6, 1),
                "peak_over_idle_mib": None if peak is None else round(peak - begin.rss_mib, 2),
            }
        rows.append(row)
    return rows


def _begin(each: _Running) -> _Spent:
    processes.forget_peak(each.pid)
    return _Spent(processes.cpu_s(each.pid), _rss_mib(each.pid))


def _play(
    centre: Aggregator, agents: Sequence[_Running], seconds: float
) -> Counter[tuple[str, str]]:
    """Have the messages sent; return how often each host's feed was seen in each state.

    A feed counts from the first look on that finds a message of it.
    """
    looks: Counter[tuple[str, str]] = Counter()
    with contextlib.ExitStack() as sending:
        for each in agents:
            if each.source is not None:
                talk = evenly(each.source.say, each.flow.every_s, what=each.flow.side)
                sending.enter_context(talk)
        progress(f"sending for {seconds:g} s")
        looked = 0.0
        while looked < seconds:
            pause(min(_LOOK_EVERY_S, seconds - looked))
            looked += _LOOK_EVERY_S
            page = _page(centre)
            begun = {host for host, count in _HEARD.findall(page) if float(count)}
            looks.update(found for found in _STATE.findall(page) if found[0] in begun)
    return looks


def _unheard(centre: Aggregator, agents: Sequence[_Running]) -> dict[str, int]:
    """Return how many messages each host has not heard, where it has not heard all."""
    heard = _heard(centre)
    left = {each.host: each.source.sent - heard[each.host] for each in agents if each.source}
    return {host: count for host, count in left.items() if count}


def _heard(centre: Aggregator) -> dict[str, int]:
    return {host: int(float(count)) for host, count in _HEARD.findall(_page(centre))}


def _page(centre: Aggregator) -> str:
    return get(centre.web_port, "/metrics")[1].decode()


def _rss_mib(pid: int) -> float:
    return float(psutil.Process(pid).memory_info().rss / _MIB)


@contextlib.contextmanager
def _agent(
    directory: Path, python: Path, broker: int, at: int, flow: Flow, *, reading_every_s: float
) -> Iterator[_Running]:
    venue, host = members.place(at)
    folder = directory / f"agent-{at}"  # its spool lies beside its configuration
    messages = folder / "messages"
    messages.mkdir(parents=True)
    port = free_port()
    way = f'folder = "{messages}"' if flow.way == FILES else f"listen_port = {port}"
    settings = folder / "agent.toml"
    settings.write_text(
        f'venue = "{venue}"\nhost = "{host}"\n[broker]\nport = {broker}\n'
        f'[[check]]\nkind = "feed"\nname = "results"\nzone = "UTC"\n{way}\n'
        f"every_s = {reading_every_s:g}\n",
        encoding="utf-8",
    )
    deliver = into(messages) if flow.way == FILES else push_to(port)
    source = None if flow.document is None else Source(flow.document, deliver)
    command = [str(python), "-I", "-m", "agent", "--config", str(settings)]
    with running(command, log=folder / "agent.log") as process:
        yield _Running(flow, host, process.pid, source)
