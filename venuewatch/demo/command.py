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
from collections.abc import AsyncIterator, Iterable, Sequence
from pathlib import Path

from rich.console import Console
from rich.live import Live

from aggregator import config, inventory
from aggregator.app import Aggregator
from aggregator.core.fleet import Fleet
from aggregator.shell.signals import stop_on_signals
from venuewatch.base import clock, log
from venuewatch.base.config import in_words
from venuewatch.demo import parts, table
from venuewatch.demo.tethered import Part, PartError

INTERRUPTED = 130
FAILED = 1
DEFAULT_PORT = 8039

_REFRESH_S = 0.5
_PORT_MAX = 65_535


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's options."""
    parser.add_argument(
        "--port", type=_port, default=DEFAULT_PORT, help="for HTTP; a free one if it is taken"
    )
    parser.add_argument("--seconds", type=float, help="end by itself after so long")


def _port(text: str) -> int:
    if text.isdecimal() and 0 <= int(text) <= _PORT_MAX:
        return int(text)
    raise argparse.ArgumentTypeError(f"expected a port from 0 to {_PORT_MAX}, got {text!r}")


def run(options: argparse.Namespace) -> int:
    """Run until interrupted; return the exit code."""
    console = Console()
    try:
        number = asyncio.run(_run(console, options.port, options.seconds))
    except (PartError, OSError) as error:
        console.print(f"[bold red]The demo ended:[/] {in_words(error)}", highlight=False)
        return FAILED
    console.print("Everything that the demo started has ended.")
    return INTERRUPTED if number == signal.SIGINT else 0


async def _run(console: Console, wanted_port: int, seconds: float | None) -> int | None:
    """Run everything; return the number of the signal that ended it, None if none did."""
    stop = asyncio.Event()
    received = stop_on_signals(stop)
    events = _collect_events()
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="venuewatch-demo-")))
        path = stack.enter_context(parts.inventory_file())
        fleet = inventory.fleet_of(inventory.read(path))
        web_port, mqtt_port = parts.free_port(wanted_port), parts.free_port()
        console.print("starting the embedded broker ...", style="dim")
        stack.enter_context(parts.broker(folder, mqtt_port))
        settings = config.Config(
            inventory=str(path),
            # The embedded broker closes the connection of a client that asks for $SYS.
            broker=config.Broker(port=mqtt_port, sys_topics=False),
            web=config.Web(f"127.0.0.1:{web_port}"),
            journal=config.JournalConfig(str(folder / "journal.sqlite")),
        )
        serving = asyncio.create_task(
            Aggregator(settings, fleet, rng=random.Random()).run(stop), name="aggregator"
        )
        try:
            console.print(
                f"starting {len(fleet) - 1} small clients and a real agent ...", style="dim"
            )
            children = (
                stack.enter_context(parts.fleet(folder, path, mqtt_port)),
                stack.enter_context(parts.agent(folder, mqtt_port)),
            )
            heading = _heading(web_port, mqtt_port)
            watching = _watch(children, serving, stop, seconds)
            if console.is_terminal:
                await _show_table(console, fleet, heading, events, watching)
            else:
                await _print_progress(console, fleet, heading, watching)
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


async def _show_table(
    console: Console,
    fleet: Fleet,
    heading: Sequence[str],
    events: Iterable[str],
    watching: AsyncIterator[None],
) -> None:
    with Live(console=console, auto_refresh=False, vertical_overflow="ellipsis") as live:
        async for _ in watching:
            view = table.view(fleet, console, heading=heading, events=events)
            live.update(view, refresh=True)


async def _print_progress(
    console: Console, fleet: Fleet, heading: Sequence[str], watching: AsyncIterator[None]
) -> None:
    """Print a line whenever the number of living hosts changes: for logs and pipes."""
    for line in heading:
        console.print(line, highlight=False, soft_wrap=True)
    said = -1
    async for _ in watching:
        up, expected = table.up_and_expected(fleet)
        if up != said:
            said = up
            console.print(f"{up} of {expected} hosts up", highlight=False)


def _heading(web_port: int, mqtt_port: int) -> list[str]:
    return [
        f"metrics  http://127.0.0.1:{web_port}/metrics   (curl it, or let Prometheus scrape it)",
        f"broker   mqtt://127.0.0.1:{mqtt_port}   (mosquitto_sub -V 5 -t 'venuewatch/#' -v)",
        f"this machine is {parts.REAL_HOST}, with a real agent; the others beat and have no vitals",
        "Ctrl-C ends everything.",
    ]


def _collect_events() -> deque[str]:
    """Keep the last log lines for the screen, which standard error would tear."""
    lines: deque[str] = deque(maxlen=4)
    log.start(into=lines.append)
    return lines
