"""Runs ``venuewatch demo``: the whole chain on this machine, with nothing else installed.

An embedded broker, the aggregator, a real agent for this machine, and small real MQTT clients
for the other hosts of 39 venues. Everything listens on 127.0.0.1 only, and ends with Ctrl-C.
"""

import argparse
import asyncio
import contextlib
import math
import random
import signal
import tempfile
from collections import deque
from collections.abc import AsyncIterator, Collection, Sequence
from pathlib import Path
from typing import NamedTuple

from rich.console import Console, Group
from rich.live import Live

from aggregator import config, inventory
from aggregator.app import Aggregator
from aggregator.core.fleet import Fleet
from aggregator.core.incidents.alerts import description_of
from aggregator.core.incidents.record import Incident
from aggregator.shell.signals import stop_on_signals
from aggregator.shell.walltime import WallTime
from venuewatch.base import clock, log, options
from venuewatch.base.config import in_words
from venuewatch.base.refusals import unknown
from venuewatch.demo import breaking, keys, parts, starvation, table
from venuewatch.demo.breaking import Breaker
from venuewatch.demo.results_day.guide import Guide
from venuewatch.demo.results_day.showing import Results, shown
from venuewatch.demo.scenes import SCENES
from venuewatch.demo.tethered import Part, PartError
from venuewatch.terminal import output

INTERRUPTED = 130
FAILED = 1
DEFAULT_PORT = 8039

_REFRESH_S = 0.25
_BREAK_AT_LATEST_S = 30.0
_NOTES_KEPT = 20
_NOTES_DRAWN = 2
_LONGEST_S = 86_400.0 * 365
_MOMENT_S = 5.0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's options."""
    parser.add_argument(
        "--port",
        type=options.port,
        default=DEFAULT_PORT,
        help="for HTTP; a free one if it is taken",
    )
    parser.add_argument(
        "--seconds",
        type=options.number(up_to=_LONGEST_S),
        help="end by itself after so long",
    )
    parser.add_argument(
        "--break",
        dest="broken",
        action="append",
        default=[],
        type=_scene,
        metavar="NAME",
        help="break something as soon as all hosts are up, to see what is said of it; may be "
        f"repeated: {', '.join(breaking.NAMES)}. Keys of the table do the same",
    )
    parser.add_argument(
        "--results",
        type=options.number(up_to=_LONGEST_S),
        nargs="?",
        const=_MOMENT_S,
        metavar="S",
        help="play a results day in fast motion, to the real check: say each moment, show it for "
        f"S seconds ({_MOMENT_S:g} if not said), and compare what is shown; ends by itself, with "
        "exit code 1 if anything was not as it should be",
    )


def _scene(text: str) -> str:
    if text in SCENES:
        return text
    raise argparse.ArgumentTypeError(unknown("scene", text, SCENES))


class _Running(NamedTuple):
    """What runs, for those who show it. ``notes``: what was done and found, the latest last."""

    aggregator: Aggregator
    fleet: Fleet
    wall: WallTime
    breaker: Breaker
    heading: Sequence[str]
    notes: deque[str]
    busy: starvation.Watch
    results: Results | None


def run(given: argparse.Namespace) -> int:
    """Run until interrupted; return the exit code."""
    console = output.rich_console()
    guide = None if given.results is None else Guide(given.results)
    try:
        number = asyncio.run(_run(console, given, guide))
    except BrokenPipeError:  # the reader has gone, and everything has ended
        return 0
    except (PartError, OSError) as error:
        console.print(f"[bold red]The demo ended:[/] {in_words(error)}", highlight=False)
        return FAILED
    console.print("Everything that the demo started has ended.")
    if guide is not None:
        _print(console, guide.summary())
    return exit_code(number, guide)


def exit_code(number: int | None, guide: Guide | None) -> int:
    """Return the exit code of a demo that a signal ended, or that ended by itself (None)."""
    if number == signal.SIGINT:
        return INTERRUPTED
    return FAILED if guide is not None and guide.missed else 0


async def _run(console: Console, given: argparse.Namespace, guide: Guide | None) -> int | None:
    """Run everything; return the number of the signal that ended it, None if none did.

    ``guide``: of the results day, if one is played.
    """
    stop = asyncio.Event()
    received = stop_on_signals(stop)
    events = _collect_events()
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="venuewatch-demo-")))
        path = stack.enter_context(parts.inventory_file())
        fleet = inventory.fleet_of(inventory.read(path))
        web_port, mqtt_port = parts.free_port(given.port), parts.free_port()
        heading = _heading(web_port, mqtt_port)
        _print(console, heading[0])
        console.print("starting the embedded broker ...", style="dim")
        broker = stack.enter_context(parts.Broker(folder, mqtt_port))
        settings = config.Config(
            inventory=str(path),
            # The embedded broker closes the connection of a client that asks for $SYS.
            broker=config.Broker(port=mqtt_port, sys_topics=False),
            web=config.Web(f"127.0.0.1:{web_port}"),
            journal=config.JournalConfig(str(folder / "journal.sqlite")),
        )
        aggregator = Aggregator(settings, fleet, rng=random.Random())
        serving = asyncio.create_task(aggregator.run(stop), name="aggregator")
        try:
            console.print(
                f"starting {len(fleet) - 1} small clients, which have no vitals, and a real agent: "
                f"this machine is {parts.REAL_HOST} ...",
                style="dim",
            )
            small = stack.enter_context(
                parts.fleet(folder, path, mqtt_port, has_results=guide is not None)
            )
            agent = stack.enter_context(parts.agent(folder, mqtt_port))
            running = _Running(
                aggregator,
                fleet,
                WallTime(clock.monotonic(), clock.wall()),
                Breaker(broker, small),
                heading,
                deque(maxlen=_NOTES_KEPT),
                starvation.Watch({"fleet": small.pid, parts.REAL_HOST: agent.pid}),
                None if guide is None else Results(guide, small),
            )
            watching = _watch((small, agent), serving, stop, given.seconds)
            playing = _play(running, given.broken, watching)
            if console.is_terminal:
                await _show_table(console, running, events, playing)
            else:
                await _print_progress(console, running, playing)
        finally:
            stop.set()
            await serving
    return received[0] if received else None


async def _watch(
    children: Sequence[Part],
    serving: asyncio.Task[None],
    stop: asyncio.Event,
    seconds: float | None,
) -> AsyncIterator[None]:
    """Yield at every refresh until it is time to end.

    Raises:
        PartError: a part ended by itself.
    """
    end = math.inf if seconds is None else clock.monotonic() + seconds
    while not stop.is_set() and not serving.done() and clock.monotonic() < end:
        for child in children:
            child.check()
        yield
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_REFRESH_S):
                await stop.wait()


async def _play(
    running: _Running, broken: Sequence[str], watching: AsyncIterator[None]
) -> AsyncIterator[None]:
    """Yield at every refresh; break and play what is wanted once all are up.

    What starves is excused.
    """
    waiting, latest = list(dict.fromkeys(broken)), clock.monotonic() + _BREAK_AT_LATEST_S
    has_begun = False
    async for _ in watching:
        _excuse_starved(running)
        up, expected = table.up_and_expected(running.fleet)
        has_begun = has_begun or up == expected or clock.monotonic() > latest
        if waiting and has_begun:
            for name in waiting:
                running.notes.append(await running.breaker.begin(name))
            waiting = []
        if running.results is not None and has_begun:
            seen = shown(running.fleet, running.aggregator.open_incidents)
            running.notes.extend(running.results.advance(clock.monotonic(), seen))
            if running.results.guide.is_over:
                return
        yield


def _excuse_starved(running: _Running) -> None:
    """Give no verdict on hosts whose process gets no CPU, and say so."""
    now = clock.monotonic()
    for name in running.busy.look(now):
        others = (host.name for host in running.fleet if host.name != parts.REAL_HOST)
        hosts = others if name == "fleet" else (name,)
        running.aggregator.put_off(hosts, now + starvation.EXCUSED_S)


def _notes(running: _Running, most: int = _NOTES_KEPT) -> list[str]:
    """Return the latest notes, and which processes are starved."""
    return [*list(running.notes)[-most:], *map(_busy, running.busy.excused(clock.monotonic()))]


def _busy(name: str) -> str:
    return (
        f"This machine is busy: the program of {name} waits for a CPU. Its silence is not judged."
    )


async def _show_table(
    console: Console, running: _Running, events: deque[str], playing: AsyncIterator[None]
) -> None:
    with (
        keys.pressed() as pressed,
        Live(console=console, auto_refresh=False, vertical_overflow="crop") as live,
    ):
        async for _ in playing:
            for key in pressed() if pressed is not None else "":
                running.notes.extend(await running.breaker.press(key))
            around = table.Around(
                running.heading,
                _notes(running, _NOTES_DRAWN),
                _keys(running, is_known=pressed is not None),
                events,
            )
            screen = table.Screen(console.width, console.height)
            found = running.aggregator.open_incidents
            lines = table.view(running.fleet, found, running.wall, screen, around)
            live.update(Group(*lines), refresh=True)


def _keys(running: _Running, *, is_known: bool) -> list[tuple[str, bool]]:
    if not is_known:
        return []
    scenes = [(f"{key} {name}", name in running.breaker.on) for key, name in breaking.KEYS.items()]
    return [("Keys break and mend:", False), *scenes, (f"{breaking.MEND_ALL} mend all", False)]


async def _print_progress(
    console: Console, running: _Running, playing: AsyncIterator[None]
) -> None:
    """Print a line whenever the number of living hosts or an incident changes: for logs, pipes."""
    for line in running.heading[1:]:  # the first one is the first of all
        _print(console, line)
    said = -1
    told: dict[int, str] = {}
    noted: set[str] = set()
    async for _ in playing:
        up, expected = table.up_and_expected(running.fleet)
        if up != said:
            said = up
            _print(console, f"{up} of {expected} hosts up")
        for line in _notes(running):
            if line not in noted:
                _print(console, line)
                noted.add(line)
        for line in _news(running.aggregator.open_incidents, told):
            _print(console, line)


def _news(incidents: Collection[Incident], told: dict[int, str]) -> list[str]:
    """Return a line for each incident that is new, has another cause, or is over."""
    now = {
        incident.number: f"{incident.cause}: {description_of(incident)}" for incident in incidents
    }
    over = [f"over: {line}" for number, line in told.items() if number not in now]
    news = [line for number, line in now.items() if told.get(number) != line]
    told.clear()
    told.update(now)
    return [*over, *news]


def _print(console: Console, line: str) -> None:
    console.print(line, highlight=False, soft_wrap=True, markup=False)


def _heading(web_port: int, mqtt_port: int) -> list[str]:
    return [
        f"page     http://127.0.0.1:{web_port}/",
        f"metrics  http://127.0.0.1:{web_port}/metrics",
        f"broker   mqtt://127.0.0.1:{mqtt_port}",
        "Ctrl-C ends everything.",
    ]


def _collect_events() -> deque[str]:
    """Keep the last log lines for the screen, which standard error would tear."""
    lines: deque[str] = deque(maxlen=4)
    log.start(into=lines.append)
    return lines
