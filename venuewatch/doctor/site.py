"""Gathers what the checks of an installation share: its configuration, and the program that runs.

The doctor never connects under the name of an agent that runs: the broker would end that agent's
session, and its will would be an incident.

1. The agent's socket is asked. An agent that answers is taken at its word.
2. One that has the socket and does not answer runs all the same.
3. Without a socket, the table of processes is looked through: an older agent has none. One that
   systemd or a supervisor is about to start again counts as well.
4. Only where none of these finds one, the doctor tries a session itself, once.

In the centre an aggregator runs where its web port accepts a connection, or the table of processes
has it: it may listen elsewhere than its file says. The broker knows it by its certificate, so a
session of ours would end its own.
"""

import http.client
import os
import ssl
import threading
from collections.abc import Mapping
from functools import cached_property
from http import HTTPStatus
from pathlib import Path
from typing import Final, Literal, NamedTuple, TypeAlias

import msgspec

from agent import config
from agent.status import NoAnswerError, Status, asked, socket_beside
from venuewatch.base import clock
from venuewatch.base.config import Broker as Connection
from venuewatch.base.config import ConfigError, load, read_toml
from venuewatch.doctor import system
from venuewatch.doctor.processes import Program, process_of, supervisor_of
from venuewatch.doctor.system import User, user_of
from venuewatch.doctor.trial import HEARD_WITHIN_S, Trial, Who, tried

Place: TypeAlias = Literal["host", "centre"]

AGENT_UNIT: Final = "venuewatch-agent.service"
AGGREGATOR_UNIT: Final = "venuewatch-aggregator.service"
STATE: Final = Path("/var/lib/venuewatch-agent")
"""The agent's own folder, as its unit has it."""

_KNOCK_S: Final = 2.0
_READINESS: Final[Mapping[int, bool]] = {HTTPStatus.OK: True, HTTPStatus.SERVICE_UNAVAILABLE: False}
_ASK_EVERY_S: Final = 0.5


class Running(NamedTuple):
    """The program that runs here. ``how``: how that is known, "" where none runs.

    ``status``: what an agent says of itself, None where it says nothing. ``beside``: the agent of
    another host that has our socket and our spool's folder, in words. ``is_coming``: the program
    has just ended, and is started again. ``is_ready``: a running aggregator is subscribed, and its
    grace is over; None where it does not say.
    """

    how: str = ""
    status: Status | None = None
    beside: str = ""
    is_coming: bool = False
    is_ready: bool | None = None


class Site:
    """One installation: a venue host by its ``agent.toml``, or the centre.

    Attributes:
        place: which of the two.
        settings: the whole configuration.
        broker: the broker, and the credentials for it, as an agent has them.
        connections: every connection to brokers, with its credentials: an aggregator has two.
        wall: the time of this machine (unixtime) when the doctor came.
    """

    def __init__(self, path: Path, *, inventory: Path | None = None) -> None:
        """Read the configuration.

        Raises:
            ConfigError: it cannot be used.
        """
        content = read_toml(path)
        if isinstance(content.get("venue"), list):
            raise ConfigError(f"{path}: expected agent.toml or aggregator.toml, got an inventory")
        self.path = path
        self.wall = clock.wall()
        self.place: Place = "host" if {"venue", "host"} & content.keys() else "centre"
        self.spool = ""
        if self.place == "host":
            self.agent = config.read(path)
            self.settings: msgspec.Struct = self.agent
            self.broker = self.agent.broker
            self.connections: tuple[Connection, ...] = (self.broker,)
            self.spool = spool_of(path, self.agent)
            self.inventory = inventory
        else:
            from aggregator import config as of_centre  # noqa: PLC0415 - a host may not have it

            self.centre = of_centre.read(path)
            self.settings = self.centre
            self.broker = as_agents_have_it(self.centre.broker)
            self.connections = (self.broker, self.centre.broker.bulk_connection())
            self.inventory = inventory or Path(self.centre.inventory)

    @property
    def unit(self) -> str:
        """The systemd unit of the program."""
        return AGENT_UNIT if self.place == "host" else AGGREGATOR_UNIT

    @cached_property
    def user(self) -> User | None:
        """The user that the program has; None where it runs as whoever starts it."""
        return user_of(self.unit.removesuffix(".service"), self.path)

    @cached_property
    def said_of_unit(self) -> Mapping[str, str] | None:
        """The state of the unit, asked once; None where no systemd runs or answers."""
        return system.state_of(self.unit)

    @cached_property
    def running(self) -> Running:
        """The program that runs here, asked once."""
        found = self._agent() if self.place == "host" else self._aggregator()
        return found if found.how else self._coming()._replace(beside=found.beside)

    @cached_property
    def trial(self) -> Trial | None:
        """The outcome of a session of our own; None where a program runs, or over a websocket."""
        if self.running.how or self.broker.transport != "tcp":
            return None
        if self.place == "centre":
            return tried(self.broker, Who("venuewatch-doctor"))
        venue, host = self.agent.venue, self.agent.host
        return tried(self.broker, Who(host, venue=venue, host=host))

    def _agent(self) -> Running:
        try:
            status = _settled(socket_beside(self.spool))
        except NoAnswerError as error:
            return Running(f"an agent runs here, and can't be asked: {error}")
        beside = ""
        if status is not None and status.host == self.agent.host:
            return Running(f"asked the agent, process {status.pid}", status)
        if status is not None:
            beside = f"the agent of {status.host}, process {status.pid}"
        pid = process_of("agent", self.path)
        if pid is None:
            return Running(beside=beside)
        how = f"an agent without a socket to ask runs here, process {pid}"
        return Running(how, beside=beside)

    def _coming(self) -> Running:
        """Return the program if it has just ended, and is started again."""
        program: Program = "agent" if self.place == "host" else "aggregator"
        if (self.said_of_unit or {}).get("SubState") == system.STARTS_AGAIN:
            return Running(f"systemd starts the {program} again in a moment", is_coming=True)
        pid = supervisor_of(program, self.path)
        if pid is None:
            return Running()
        how = f"its supervisor, process {pid}, starts the {program} again in a moment"
        return Running(how, is_coming=True)

    def _aggregator(self) -> Running:
        pid, at = process_of("aggregator", self.path), self.centre.web.listen_address
        is_listening, is_ready = _answer_at(at)
        if pid is not None:
            return Running(f"the aggregator runs here, process {pid}", is_ready=is_ready)
        if is_listening:
            return Running(f"a program listens at {at}", is_ready=is_ready)
        return Running()


def _answer_at(listen_address: str) -> tuple[bool, bool | None]:
    """Tell whether a program listens at an address, and whether it is an aggregator that is ready.

    The second is None where it does not say so. It is this machine's own port: over TLS its
    certificate, which has another name, is not looked at.
    """
    host, _, port = listen_address.rpartition(":")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    at, is_listening = (_to_ask(host), int(port)), False
    for web in (
        http.client.HTTPConnection(*at, timeout=_KNOCK_S),
        http.client.HTTPSConnection(*at, timeout=_KNOCK_S, context=context),
    ):
        try:
            web.request("GET", "/-/ready")
            is_listening = True
            status = web.getresponse().status
        except (OSError, ValueError, http.client.HTTPException):
            is_listening |= web.sock is not None
            continue
        finally:
            web.close()
        if status in _READINESS:
            return True, _READINESS[status]
    return is_listening, None


def _settled(path: str) -> Status | None:
    """Return how the agent behind a socket stands; one that has just begun may hear the centre yet.

    Raises:
        NoAnswerError: it does not say.
    """
    by = clock.monotonic() + HEARD_WITHIN_S
    while True:
        status = asked(path)
        if status is None or status.is_settled or clock.monotonic() >= by:
            return status
        threading.Event().wait(_ASK_EVERY_S)


def spool_of(path: Path, settings: config.Config) -> str:
    """Return the folder of the spool of the agent that runs under systemd, or was started by hand.

    systemd tells the agent its folder, and not the operator's shell.
    """
    said = load(path, config.Config).spool.directory
    if said is None and "STATE_DIRECTORY" not in os.environ and STATE.is_dir():
        return str(STATE / "spool")
    return str(settings.spool.directory)


def as_agents_have_it(where: Connection) -> config.Broker:
    """Return a broker of the aggregator's configuration as one of an agent's."""
    names = Connection.__struct_fields__
    return config.Broker(**{name: getattr(where, name) for name in names})


def _to_ask(host: str) -> str:
    """Return where a server that listens at ``host`` is asked; "" is every interface."""
    own = {"": "127.0.0.1", "0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - nothing is bound
    return own.get(host.strip("[]"), host.strip("[]"))
