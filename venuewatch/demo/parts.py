"""Parts of the demo: its files, its broker, and the processes that it starts."""

import contextlib
import signal
import socket
from collections.abc import Iterator
from importlib.resources import as_file, files
from pathlib import Path
from typing import Self

import iotcore

from venuewatch.demo.tethered import Part, PartError

REAL_HOST = "TOC-ops-01"
REAL_VENUE = "TOC"

# rumqttd's own file format. Its keyword defaults listen on every interface and speak MQTT 3.
_BROKER = """\
id = 0
[router]
id = 0
max_connections = 10010
max_outgoing_packet_count = 200
max_segment_size = 10485760
max_segment_count = 10
[v5.1]
name = "demo"
listen = "127.0.0.1:{port}"
next_connection_delay_ms = 0
[v5.1.connections]
connection_timeout_ms = 5000
max_payload_size = 2097152
max_inflight_count = 100
"""

_AGENT = """\
venue = "{venue}"
host = "{host}"
role = "ops"

[broker]
port = {port}

[heartbeat]
vitals_every_s = 5

[probe]
networks = ["127.0.0.0/8", "::1/128"]
"""


def free_port(wanted: int = 0) -> int:
    """Return ``wanted`` if nothing on 127.0.0.1 has it, else a free port."""
    for port in (wanted, 0):
        with contextlib.suppress(OSError), socket.socket() as probe:
            probe.bind(("127.0.0.1", port))
            return int(probe.getsockname()[1])
    raise PartError("no free TCP port on 127.0.0.1")


def inventory_file() -> contextlib.AbstractContextManager[Path]:
    """Lend the path of the example inventory that ships with the package."""
    return as_file(files("venuewatch.demo") / "inventory.toml")


class Broker:
    """The embedded broker on 127.0.0.1:``port``; it can be stopped and started again."""

    def __init__(self, folder: Path, port: int) -> None:
        config = folder / "broker.toml"
        config.write_text(_BROKER.format(port=port), encoding="utf-8")
        self._embedded = iotcore.Broker(config_path=str(config))

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        """Start it, and wait until it listens.

        Raises:
            PartError: it does not start.
        """
        with _interrupts_blocked():
            try:
                self._embedded.start()
            except (OSError, RuntimeError) as error:
                raise PartError(f"the embedded broker: {error}") from None

    def stop(self) -> None:
        """Stop it; one that is stopped stays so."""
        self._embedded.stop()


def fleet(folder: Path, inventory: Path, port: int, *, has_results: bool = False) -> Part:
    """Start every host of the inventory but this machine; some may play a results day."""
    words = ["--inventory", str(inventory), "--port", str(port), "--without", REAL_HOST]
    if has_results:
        results = folder / "results"
        results.mkdir()
        words += ["--results", str(results), "--results-port", str(free_port())]
    return Part(folder, "fleet", *words)


def agent(folder: Path, port: int) -> Part:
    """Start the real agent for this machine."""
    config = folder / "agent.toml"
    config.write_text(_AGENT.format(venue=REAL_VENUE, host=REAL_HOST, port=port), encoding="utf-8")
    return Part(folder, "agent", "--config", str(config))


@contextlib.contextmanager
def _interrupts_blocked() -> Iterator[None]:
    """Let a child inherit deafness to Ctrl-C, so that it ends when we end it, and not before."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
