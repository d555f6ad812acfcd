"""What an agent costs its host: memory, CPU and bytes, beside a scraped node_exporter.

The real agent speaks TLS to a real Mosquitto behind which a real aggregator listens, so ticks
are heard and echoed. node_exporter is scraped each second over one kept-alive connection. Both
are measured from outside, over the same window. The share of memory (pss) is smaller than on a
host of its own, since this bench runs more Python than the agent.
"""

import argparse
import contextlib
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from bench.kit import inventory
from bench.kit.centres import Aggregator, aggregator
from bench.kit.machine import package_version
from bench.kit.mosquitto import Broker, Certificates, mosquitto
from bench.kit.node_exporter import node_exporter
from bench.kit.payload import Payload, payload
from bench.kit.processes import BenchError, cpu_s, memory, python, running, threads
from bench.kit.result import Goal, Result, Row, progress, skipped
from bench.kit.waiting import pause
from venuewatch import clock

SUMMARY = "memory, CPU and bytes of the agent, beside node_exporter"
GOALS = (Goal("rss_mib", 30.0), Goal("cpu_s_per_min", 0.08), Goal("payload_kb_per_min", 40.0))

_INTERVAL_S = 1.0
_VITALS_EVERY_S = 10.0
_MIB = 1024 * 1024


class Used(NamedTuple):
    """What a process has used until a moment (monotonic s)."""

    at: float
    cpu_s: float
    payload: Payload | None


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Say what can be chosen."""
    parser.add_argument("--seconds", type=float, default=120.0, help="measured (%(default)g)")
    parser.add_argument(
        "--warm-up", type=float, default=15.0, metavar="SECONDS", help="before that (%(default)g)"
    )


def run(options: argparse.Namespace) -> Result:
    """Measure.

    Raises:
        BenchError: the broker, the agent or the aggregator does not start.
    """
    if package_version("trustme") is None:
        raise BenchError("trustme is not installed, so there are no certificates for TLS")
    with contextlib.ExitStack() as stack:
        directory = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="bench-")))
        pid, centre = stack.enter_context(_agent(directory))
        sides = {"ours": pid}
        rows: list[Row] = []
        try:
            peer = stack.enter_context(node_exporter(directory, every_s=_INTERVAL_S))
            sides["node_exporter"] = peer.pid
        except BenchError as error:
            rows.append(skipped("node_exporter", str(error)))
        progress(f"warming up for {options.warm_up:g} s")
        pause(options.warm_up)
        progress(f"measuring for {options.seconds:g} s")
        before = {side: _used(pid) for side, pid in sides.items()}
        heard = centre.beats()
        pause(options.seconds)
        rows = [_row(side, pid, before[side]) for side, pid in sides.items()] + rows
        heard = centre.beats() - heard
        if not heard:
            raise BenchError("the aggregator heard no beat of the agent")
    return Result(rows, _conditions(options, heard), GOALS)


def _conditions(options: argparse.Namespace, heard: int) -> dict[str, str | int | float | None]:
    return {
        "seconds": options.seconds,
        "warm_up_s": options.warm_up,
        "beat_interval_s": _INTERVAL_S,
        "vitals_every_s": _VITALS_EVERY_S,
        "scrape_interval_s": _INTERVAL_S,
        "transport": "TLS with a client certificate",
        "beats_heard": heard,
    }


@contextlib.contextmanager
def _agent(directory: Path) -> Iterator[tuple[int, Aggregator]]:
    """Run the real agent; yield its process id, and the real aggregator that hears it."""
    from bench.kit import certificates  # noqa: PLC0415 - trustme may be missing

    venue, host = inventory.place(0)
    made = certificates.make(directory, host)
    expected = directory / "inventory.toml"
    inventory.write(expected, 1)
    with mosquitto(directory, tls=made) as broker:
        settings = directory / "agent.toml"
        settings.write_text(_settings(venue, host, broker, made), encoding="utf-8")
        command = python("agent", "--config", str(settings), isolated=True)
        with (
            running(command, log=directory / "agent.log") as process,
            aggregator(directory, expected, broker.port) as centre,
        ):
            yield process.pid, centre


def _settings(venue: str, host: str, broker: Broker, made: Certificates) -> str:
    return (
        f'venue = "{venue}"\nhost = "{host}"\n'
        f'[broker]\naddress = "127.0.0.1"\nport = {broker.tls_port}\nca_file = "{made.authority}"\n'
        f'cert_file = "{made.client_chain}"\nkey_file = "{made.client_key}"\n'
        f"[heartbeat]\ninterval_s = {_INTERVAL_S}\nvitals_every_s = {_VITALS_EVERY_S}\n"
    )


def _used(pid: int) -> Used:
    return Used(clock.monotonic(), cpu_s(pid), payload(pid))


def _row(side: str, pid: int, before: Used) -> Row:
    """Return what one side has used since ``before``, by the minute."""
    after, held = _used(pid), memory(pid)
    minutes = (after.at - before.at) / 60
    row: Row = {
        "side": side,
        "rss_mib": round(held.rss / _MIB, 2),
        "pss_mib": None if held.pss is None else round(held.pss / _MIB, 2),
        "cpu_s_per_min": round((after.cpu_s - before.cpu_s) / minutes, 4),
        "payload_kb_per_min": None,
        "sent_kb_per_min": None,
        "received_kb_per_min": None,
        "threads": threads(pid),
    }
    if before.payload is not None and after.payload is not None:
        sent = (after.payload.sent - before.payload.sent) / 1000 / minutes
        received = (after.payload.received - before.payload.received) / 1000 / minutes
        row["payload_kb_per_min"] = round(sent + received, 2)
        row["sent_kb_per_min"] = round(sent, 2)
        row["received_kb_per_min"] = round(received, 2)
    return row
