"""The real programs that the integration tests run: each a process, on free ports, in a folder.

No test waits for a fixed time: it asks until the answer is there, or fails with the question.
"""

import asyncio
import http.client
import json
import os
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import threading
from collections.abc import Callable, Coroutine, Iterator, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, contextmanager
from pathlib import Path
from typing import Any, Protocol, Self, TypeVar

from bench.kit.mosquitto import is_ready
from bench.kit.processes import LOOPBACK, free_port
from tests.kit.page import Page
from venuewatch.base import clock

T = TypeVar("T")
R = TypeVar("R")

READY_S = 15.0
START_S = 60.0
"""How long a server may take to start: on a busy machine that takes long, and is not tested."""

_POLL_S = 0.01


def inventory_of(*venues: tuple[str, str, int]) -> str:
    """Return the inventory of these venues: code, link, and how many hosts each has."""
    lines = []
    for code, link, hosts in venues:
        lines.append(f'[[venue]]\ncode = "{code}"\nlink = "{link}"\n')
        lines += [f'[[venue.host]]\nname = "{code}-{at}"\n' for at in range(1, hosts + 1)]
    return "".join(lines)


INVENTORY = inventory_of(("STA", "wired", 2), ("TAH", "satellite", 1))


def program(name: str) -> str:
    found = shutil.which(name, path=f"{os.environ['PATH']}:/usr/sbin:/sbin")
    assert found is not None, f"{name} is missing; `make servers` installs it"
    return found


def until(
    what: str, ask: Callable[[], T | None], *, within_s: float = READY_S, every_s: float = _POLL_S
) -> T:
    """Ask until the answer is true; fail after ``within_s`` s."""
    pause = threading.Event()
    end = clock.monotonic() + within_s
    while True:
        answer = ask()
        if answer:
            return answer
        assert clock.monotonic() < end, f"not within {within_s} s: {what}"
        pause.wait(every_s)


def pause(seconds: float) -> None:
    """Let time pass, where the length of a fault or a silence is what is tested."""
    threading.Event().wait(seconds)


class Place(Protocol):
    """A place where programs run."""

    def command(self, *words: str) -> Sequence[str]:
        """Return the command that runs ``words`` there."""

    def connect(self, address: str, port: int) -> socket.socket:
        """Return a TCP connection as a program there would make it. Raises OSError."""


class Here:
    """This machine, as it is."""

    def command(self, *words: str) -> Sequence[str]:
        return words

    def connect(self, address: str, port: int) -> socket.socket:
        return socket.create_connection((address, port), READY_S)


HERE = Here()


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


class Process:
    """A program that is ended with its test, and whose output is kept."""

    place: Place = HERE

    def __init__(self, folder: Path, name: str, *command: str) -> None:
        self.name = name
        self.log = folder / f"{name}.log"
        self._folder = folder
        self._command = command
        self._process: subprocess.Popen[bytes]

    def at(self, place: Place) -> Self:
        """Have it run there, from its next start on."""
        self.place = place
        return self

    def start(self) -> Self:
        command = self.place.command(*self._command)
        with self.log.open("ab") as output:
            self._process = subprocess.Popen(
                command, cwd=self._folder, stdout=output, stderr=output
            )
        return self

    def __enter__(self) -> Self:
        try:
            return self.start()
        except BaseException:  # it runs, and does not answer
            if self.is_running:
                self.kill()
            raise

    def __exit__(self, *_: object) -> None:
        if self._process.poll() is None:
            self.signal(signal.SIGCONT)
            self._process.terminate()
            try:
                self._process.wait(10)
            except subprocess.TimeoutExpired:
                self.kill()

    def signal(self, number: int) -> None:
        self._process.send_signal(number)

    def stop(self) -> int:
        """Ask it to end, and return its exit code."""
        self._process.terminate()
        return self._process.wait(10)

    @property
    def is_running(self) -> bool:
        return hasattr(self, "_process") and self._process.poll() is None

    @property
    def has_crashed(self) -> bool:
        """Whether it ended by itself, and not well."""
        ended = {None, 0, -signal.SIGTERM, -signal.SIGKILL}
        return hasattr(self, "_process") and self._process.poll() not in ended

    @property
    def pid(self) -> int:
        return self._process.pid

    def wait(self) -> int:
        """Return its exit code, once it has ended by itself."""
        return self._process.wait(15)

    def kill(self) -> None:
        self._process.kill()
        self._process.wait(10)

    def restart(self) -> None:
        self.stop()
        self.start()

    def said(self) -> str:
        return self.log.read_text(errors="replace")

    def events(self, name: str) -> list[dict[str, object]]:
        """Return the JSON log lines of one event."""
        whole, _, _ = self.said().rpartition("\n")  # the last line may be half written
        entries = [json.loads(line) for line in whole.splitlines() if line.startswith("{")]
        return [entry for entry in entries if entry["event"] == name]


class Mosquitto(Process):
    """A broker with the settings that matter of the shipped one, and its sessions on disk."""

    def __init__(
        self, folder: Path, *, port: int = 0, address: str = LOOPBACK, extra: Sequence[str] = ()
    ) -> None:
        self.port = port or free_port()
        self.address = address
        self._has_tls = any(line.startswith("certfile") for line in extra)
        config = folder / "mosquitto.conf"
        lines = [
            "user root",
            "allow_anonymous true",
            "persistence true",
            f"persistence_location {folder}/",
            "max_queued_messages 200000",
            "max_inflight_messages 1000",
            "set_tcp_nodelay true",
            f"listener {self.port} {address}",
            *extra,
        ]
        config.write_text("\n".join(lines) + "\n")
        super().__init__(folder, "mosquitto", program("mosquitto"), "-c", str(config))

    def start(self) -> Self:
        super().start()
        until("mosquitto answers", lambda: is_ready(self._connect), within_s=START_S)
        return self

    def _connect(self) -> socket.socket:
        sock = self.place.connect(self.address, self.port)
        if not self._has_tls:
            return sock
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        return context.wrap_socket(sock)


class Aggregator(Process):
    """The real aggregator."""

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
        self.port = web_port or free_port()
        (folder / "inventory.toml").write_text(inventory)
        config = folder / "aggregator.toml"
        config.write_text(
            f'name = "{name}"\n[broker]\nport = {mqtt_port}\n{broker}\n'
            f'[web]\nlisten_address = "127.0.0.1:{self.port}"\n{web}\n'
        )
        arguments = ("-I", "-m", "aggregator", "--config", str(config), "--verbose")
        super().__init__(folder, name, sys.executable, *arguments)

    def start(self) -> Self:
        super().start()
        until("the aggregator answers", lambda: self.get("/-/healthy"), within_s=START_S)
        return self

    def get(self, path: str) -> str | None:
        """Return the page, or None where there is none or it is not well."""
        web = _Web(self.place, self.port)
        try:
            web.request("GET", path)
            answer = web.getresponse()
            text = answer.read().decode()
        except (OSError, http.client.HTTPException):
            return None
        finally:
            web.close()
        return text if answer.status == http.HTTPStatus.OK else None

    def page(self) -> Page:
        return Page((self.get("/metrics") or "").encode())

    def value(self, name: str, **labels: str) -> float | None:
        """Return one sample of /metrics, or None if it is not there."""
        return next((value for _, value in self.page().of(name, **labels)), None)

    def state(self, host: str) -> str | None:
        found = self.page().of("venuewatch_host_state", host=host)
        return next((labels["state"] for labels, _ in found), None)

    def wait_for(self, host: str, state: str, *, within_s: float = READY_S) -> None:
        until(f"{host} is {state}", lambda: self.state(host) == state, within_s=within_s)

    def is_ready(self) -> bool:
        return self.get("/-/ready") is not None

    def accused(self) -> list[dict[str, object]]:
        """Return every change to down or unreachable that it ever made."""
        changes = self.events("host_changed")
        return [change for change in changes if change["after"] in {"down", "unreachable"}]


class Agent(Process):
    """The real agent."""

    def __init__(
        self, folder: Path, mqtt_port: int, host: str, *, name: str = "", broker: str = ""
    ) -> None:
        name = name or f"agent-{host}"
        config = folder / f"{name}.toml"
        venue = host.partition("-")[0]
        config.write_text(
            f'venue = "{venue}"\nhost = "{host}"\n[broker]\nport = {mqtt_port}\n{broker}\n'
        )
        super().__init__(folder, name, sys.executable, "-I", "-m", "agent", "--config", str(config))


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


class _Web(http.client.HTTPConnection):
    """HTTP with a server on the loopback interface of a place."""

    def __init__(self, place: Place, port: int) -> None:
        super().__init__(LOOPBACK, port)
        self._place = place

    def connect(self) -> None:
        self.sock = self._place.connect(self.host, self.port)
