"""Measures the cost of an agent for its host: memory, CPU and bytes, beside four other agents.

The real agent speaks TLS to a real Mosquitto, behind which a real aggregator listens: the agent
receives and echoes ticks. A second agent also reads ten checks. Each second, node_exporter and
netdata are scraped, zabbix-agent2 is asked for fourteen items, and collectd publishes to the same
broker. All are measured from outside, over the same window, each with its child processes. The
share of memory (pss) is smaller than on a host of its own, since this bench runs more Python than
the agent. To have all peers: deploy/install-debian.sh prometheus-node-exporter zabbix-agent2
collectd-core libmosquitto1 netdata-core
"""

import argparse
import contextlib
import re
import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path

from bench.kit import members, sides
from bench.kit.agents import INTERVAL_S, VITALS_EVERY_S, agent, make_certificates
from bench.kit.centres import Aggregator, aggregator, get
from bench.kit.machine import package_version
from bench.kit.mosquitto import Broker, mosquitto
from bench.kit.peers import Surroundings, collectd, netdata, node_exporter, zabbix_agent2
from bench.kit.processes import BenchError, pause
from bench.kit.result import Goal, Result, Row, Value, progress, skipped
from bench.kit.sides import Side
from bench.kit.ten_checks import ten_checks

SUMMARY = "memory, CPU and bytes of the agent, beside node_exporter, zabbix-agent2 and others"
CHECKING = "ours, ten checks"
GOALS = (
    Goal("rss_mib", 30.0),
    Goal("cpu_s_per_min", 0.08),
    Goal("payload_kb_per_min", 40.0),
    Goal("rss_mib", 34.0, CHECKING),
    Goal("cpu_s_per_min", 0.2, CHECKING),
)
PEERS: dict[str, Callable[[Surroundings], AbstractContextManager[Side]]] = {
    "node_exporter": node_exporter,
    "zabbix-agent2": zabbix_agent2,
    "collectd": collectd,
    "netdata": netdata,
}

_WELL = {"ok", "flowing"}
_CHECK_STATE = re.compile(
    r'^venuewatch_check_state\{.*check="([^"]+)".*state="([^"]+)".*\} 1(?:\.0)?$', re.MULTILINE
)
_HEARD = re.compile(
    r'^venuewatch_host_state\{.*host="([^"]+)",.*state="up".*\} 1(?:\.0)?$', re.MULTILINE
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the bench's options."""
    parser.add_argument("--seconds", type=float, default=120.0, help="measured (%(default)g)")
    parser.add_argument(
        "--warm-up", type=float, default=15.0, metavar="SECONDS", help="before that (%(default)g)"
    )


def run(options: argparse.Namespace) -> Result:
    """Measure.

    Raises:
        BenchError: the broker, an agent or the aggregator does not start, or a peer gives up.
    """
    if package_version("trustme") is None:
        raise BenchError("trustme is not installed, so there are no certificates for TLS")
    with contextlib.ExitStack() as stack:
        directory = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="bench-")))
        ours, centre, broker = stack.enter_context(_ours(directory))
        around = Surroundings(directory, INTERVAL_S, broker.port)
        peers, missing = _start_peers(stack, around)
        running = ours | peers
        progress(f"warming up for {options.warm_up:g} s")
        pause(options.warm_up)
        progress(f"measuring for {options.seconds:g} s")
        before = {name: sides.used(side) for name, side in running.items()}
        heard = centre.beats()
        pause(options.seconds)
        rows = [sides.row(name, side, before[name]) for name, side in running.items()]
        heard = centre.beats() - heard
        conditions = _conditions(options, heard, _said(centre))
    return Result(rows + missing, conditions, GOALS)


def _start_peers(
    stack: contextlib.ExitStack, around: Surroundings
) -> tuple[dict[str, Side], list[Row]]:
    """Start every peer that there is; return them, and a row for each that there is not."""
    there: dict[str, Side] = {}
    missing: list[Row] = []
    for name, peer in PEERS.items():
        try:
            there[name] = stack.enter_context(peer(around))
        except BenchError as error:
            missing.append(skipped(name, str(error)))
    return there, missing


def _conditions(
    options: argparse.Namespace, heard: int, said: dict[str, Value]
) -> dict[str, Value]:
    return {
        "seconds": options.seconds,
        "warm_up_s": options.warm_up,
        "beat_interval_s": INTERVAL_S,
        "vitals_every_s": VITALS_EVERY_S,
        "check_every_s": 30.0,
        "peers_every_s": INTERVAL_S,
        "transport": "TLS with a client certificate",
        "beats_heard": heard,
        **said,
    }


def _said(centre: Aggregator) -> dict[str, Value]:
    """Return what the aggregator knows of our hosts at the end.

    Raises:
        BenchError: one of them is not up.
    """
    page = get(centre.web_port, "/metrics")[1].decode()
    up = set(_HEARD.findall(page))
    for index in (0, 1):
        if members.place(index)[1] not in up:
            raise BenchError(f"the aggregator receives nothing from {members.place(index)[1]}")
    states = dict(_CHECK_STATE.findall(page))
    unwell = {name: state for name, state in sorted(states.items()) if state not in _WELL}
    return {
        "checks_read": len(states),
        "checks_not_ok": ", ".join(f"{name}: {state}" for name, state in unwell.items()) or "none",
    }


@contextlib.contextmanager
def _ours(directory: Path) -> Iterator[tuple[dict[str, Side], Aggregator, Broker]]:
    """Run both agents by the names of their sides, and the aggregator that hears them."""
    made = make_certificates(directory, members.place(0)[1])
    expected = directory / "inventory.toml"
    members.write_inventory(expected, 2)
    with (
        mosquitto(directory, tls=made) as broker,
        ten_checks(directory, made) as checks,
        agent(directory, 0, broker, made) as plain,
        agent(directory, 1, broker, made, checks=checks) as checking,
        aggregator(directory, expected, broker.port) as centre,
    ):
        yield {"ours": plain, CHECKING: checking}, centre, broker
