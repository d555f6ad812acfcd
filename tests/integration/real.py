"""The real programs that the integration tests run: each a process, on free ports, in a folder.

No test waits for a fixed time: it asks until the answer is there, or fails with the question.
"""

import asyncio
import os
import signal
import threading
from collections.abc import Coroutine, Iterator, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, contextmanager
from pathlib import Path
from typing import Any, TypeVar

from bench.kit.processes import free_port
from venuewatch.rehearsal.live import servers
from venuewatch.rehearsal.live.programs import (
    READY_S,
    START_S,
    Here,
    Place,
    Process,
    pause,
    program,
    until,
)
from venuewatch.rehearsal.live.servers import Agent

__all__ = [
    "READY_S",
    "START_S",
    "Agent",
    "Here",
    "Place",
    "Process",
    "pause",
    "program",
    "until",
]

T = TypeVar("T")
R = TypeVar("R")


def inventory_of(*venues: tuple[str, str, int]) -> str:
    """Return the inventory of these venues: code, link, and how many hosts each has."""
    lines = []
    for code, link, hosts in venues:
        lines.append(f'[[venue]]\ncode = "{code}"\nlink = "{link}"\n')
        lines += [f'[[venue.host]]\nname = "{code}-{at}"\n' for at in range(1, hosts + 1)]
    return "".join(lines)


INVENTORY = inventory_of(("STA", "wired", 2), ("TAH", "satellite", 1))


class Under(Here):
    """This machine, for a program under a limit: the words of another one that runs it.

    Modes of files apply to a program under ``MODES_APPLY``, whoever we are.
    """

    def __init__(self, *limit: str) -> None:
        self._limit = limit

    def command(self, *words: str) -> Sequence[str]:
        return *self._limit, *words


MODES_APPLY: tuple[str, ...] = ()
if os.geteuid() == 0:
    MODES_APPLY = ("setpriv", "--bounding-set=-dac_override,-dac_read_search")


class Mosquitto(servers.Mosquitto):
    """A broker of a test, on a free port where none is named."""

    def __init__(
        self,
        folder: Path,
        *,
        port: int = 0,
        address: str = servers.LOOPBACK,
        extra: Sequence[str] = (),
    ) -> None:
        super().__init__(folder, port=port or free_port(), address=address, extra=extra)


class Aggregator(servers.Aggregator):
    """The aggregator of a test, on a free port and with a small inventory where none is named."""

    def __init__(  # noqa: PLR0913 - each is one setting
        self,
        folder: Path,
        mqtt_port: int,
        *,
        inventory: str = INVENTORY,
        broker: str = "",
        web: str = "",
        web_port: int = 0,
        name: str = "aggregator",
    ) -> None:
        super().__init__(
            folder,
            mqtt_port,
            inventory=inventory,
            web_port=web_port or free_port(),
            broker=broker,
            web=web,
            name=name,
        )

    def is_caught_up(self, host: str, *, missing_before: float = 0.0) -> bool:
        """Tell whether nothing of what the agent of a host has read waits or is missing.

        What it could not read in time is missing, too, but it counts that. ``missing_before``: what
        may be missing of its earlier runs.
        """
        page = self.page()

        def value(name: str) -> float | None:
            return next((value for _, value in page.of(name, host=host)), None)

        missing = value("venuewatch_host_readings_missing")
        skipped = value("venuewatch_agent_readings_skipped_total") or 0.0
        is_through = value("venuewatch_agent_spool_records") == 0
        return is_through and missing is not None and missing <= missing_before + skipped


@contextmanager
def in_thread(serving: AbstractAsyncContextManager[T]) -> Iterator[T]:
    """Yield what ``serving`` yields on an event loop in a thread of its own."""
    with asyncio.Runner() as runner:
        loop = runner.get_loop()
        thread = threading.Thread(target=loop.run_forever)
        thread.start()

        def run(coroutine: Coroutine[Any, Any, R]) -> R:
            return asyncio.run_coroutine_threadsafe(coroutine, loop).result(READY_S)

        stack = AsyncExitStack()
        try:
            yield run(stack.enter_async_context(serving))
        finally:
            run(stack.aclose())
            loop.call_soon_threadsafe(loop.stop)
            thread.join(READY_S)


@contextmanager
def running_agents(
    folder: Path, broker: Mosquitto, aggregator: Aggregator, names: Sequence[str]
) -> Iterator[dict[str, Agent]]:
    """Yield an agent of each host, all up; none is left afterwards."""
    agents = {name: Agent(folder, broker.port, name) for name in names}
    try:
        for agent in agents.values():
            agent.start()
        for name in agents:
            aggregator.wait_for(name, "up")
        yield agents
    finally:
        for agent in agents.values():
            if agent.is_running:
                agent.signal(signal.SIGCONT)
                agent.kill()
