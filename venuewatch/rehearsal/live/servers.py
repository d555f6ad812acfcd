"""The servers of a live rehearsal, and its agents: each writes its configuration, and runs."""

import http.client
import socket
import ssl
import sys
from collections.abc import Callable, Mapping, Sequence
from http import HTTPStatus
from pathlib import Path
from typing import Final, Self

import msgspec

from venuewatch.base.in_toml import in_toml
from venuewatch.rehearsal.live.pages import IncidentsPage, Page
from venuewatch.rehearsal.live.programs import READY_S, START_S, Place, Process, program, until
from venuewatch.rehearsal.scenario import Value
from venuewatch.rehearsal.stage.machine import StageError

LOOPBACK: Final = "127.0.0.1"

_CONNECT: Final = b"\x10\x10\x00\x04MQTT\x04\x02\x00\x00\x00\x04wait"  # MQTT 3.1.1, 3.1
_CONNACK: Final = b"\x20"  # accepted or not; MQTT 3.1.1, 3.2
_ANSWER_S: Final = 1.0


def in_lines(settings: Mapping[str, Value]) -> str:
    """Return settings as lines of a table of TOML."""
    return "".join(f"{name} = {in_toml(value)}\n" for name, value in settings.items())


def is_ready(connect: Callable[[], socket.socket]) -> bool:
    """Tell whether a broker answers; it opens its listeners some time before it answers any."""
    try:
        with connect() as sock:
            sock.settimeout(_ANSWER_S)
            sock.sendall(_CONNECT)
            return sock.recv(1) == _CONNACK
    except OSError:
        return False


class Mosquitto(Process):
    """A broker with the settings that matter of the shipped one, and its sessions on disk."""

    def __init__(
        self, folder: Path, *, port: int, address: str = LOOPBACK, extra: Sequence[str] = ()
    ) -> None:
        self.port = port
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
        """Start it, and wait until it answers. Raises StageError."""
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
    """The real aggregator; ``inventory``, ``broker`` and ``web`` are TOML."""

    def __init__(  # noqa: PLR0913 - each is one setting
        self,
        folder: Path,
        mqtt_port: int,
        *,
        inventory: str,
        web_port: int,
        broker: str = "",
        web: str = "",
        name: str = "aggregator",
    ) -> None:
        self.port = web_port
        (folder / "inventory.toml").write_text(inventory)
        config = folder / "aggregator.toml"
        config.write_text(
            f'name = "{name}"\n[broker]\nport = {mqtt_port}\n{broker}\n'
            f'[web]\nlisten_address = "{LOOPBACK}:{self.port}"\n{web}\n'
        )
        arguments = ("-I", "-m", "aggregator", "--config", str(config), "--verbose")
        super().__init__(folder, name, sys.executable, *arguments)

    def start(self) -> Self:
        """Start it, and wait until it answers. Raises StageError."""
        super().start()
        until("the aggregator answers", lambda: self.get("/-/healthy"), within_s=START_S)
        return self

    def get(self, path: str) -> str | None:
        """Return the page, or None where there is none or it is not well."""
        web = self.web(READY_S)
        try:
            web.request("GET", path)
            answer = web.getresponse()
            text = answer.read().decode()
        except (OSError, http.client.HTTPException):
            return None
        finally:
            web.close()
        return text if answer.status == HTTPStatus.OK else None

    def web(self, timeout_s: float) -> http.client.HTTPConnection:
        """Return a connection with it, which gives up after so long (s) without a byte."""
        return Web(self.place, self.port, timeout_s)

    def page(self) -> Page:
        """Return its metrics; none where it does not answer."""
        return Page((self.get("/metrics") or "").encode())

    def value(self, name: str, **labels: str) -> float | None:
        """Return one sample of its metrics, or None if it is not there."""
        return next((value for _, value in self.page().of(name, **labels)), None)

    def state(self, host: str) -> str | None:
        """Return the state of a host, or None where it knows none."""
        found = self.page().of("venuewatch_host_state", host=host)
        return next((labels["state"] for labels, _ in found), None)

    def hosts_up(self) -> int:
        """Return how many hosts are up."""
        lines = (self.get("/metrics") or "").splitlines()
        return sum(
            line.startswith("venuewatch_host_state{") and 'state="up"' in line for line in lines
        )

    def incidents(self) -> IncidentsPage:
        """Return the incidents that it tells now. Raises StageError."""
        text = self.get("/api/v1/incidents")
        if text is None:
            raise StageError("the aggregator tells no incidents")
        return msgspec.json.decode(text, type=IncidentsPage)

    def wait_for(self, host: str, state: str, *, within_s: float = READY_S) -> None:
        """Wait until a host is in this state. Raises StageError."""
        until(f"{host} is {state}", lambda: self.state(host) == state, within_s=within_s)

    def is_ready(self) -> bool:
        """Tell whether it watches by all that it needs."""
        return self.get("/-/ready") is not None

    def accused(self) -> list[dict[str, object]]:
        """Return every change to down or unreachable that it ever made."""
        changes = self.events("host_changed")
        return [change for change in changes if change["after"] in {"down", "unreachable"}]


class Agent(Process):
    """The real agent of a host; ``broker`` is TOML, from its table of that name on."""

    def __init__(
        self,
        folder: Path,
        mqtt_port: int,
        host: str,
        *,
        name: str = "",
        venue: str = "",
        broker: str = "",
    ) -> None:
        name = name or f"agent-{host}"
        config = folder / f"{name}.toml"
        venue = venue or host.partition("-")[0]
        config.write_text(
            f'venue = "{venue}"\nhost = "{host}"\n[broker]\nport = {mqtt_port}\n{broker}\n'
        )
        super().__init__(folder, name, sys.executable, "-I", "-m", "agent", "--config", str(config))


class Web(http.client.HTTPConnection):
    """HTTP with a server on the loopback interface of a place."""

    def __init__(self, place: Place, port: int, timeout_s: float) -> None:
        super().__init__(LOOPBACK, port, timeout=timeout_s)
        self._place = place

    def connect(self) -> None:
        """Connect from its place. Raises OSError."""
        self.sock = self._place.connect(self.host, self.port)
        self.sock.settimeout(self.timeout)
