"""Measures the cost of an agent for its host: memory, CPU and bytes, beside four other agents.

The real agent speaks TLS to a real Mosquitto, behind which a real aggregator listens: the agent
receives and echoes ticks. A second agent also reads ten checks. Both have the packages of a venue
host, and no others. Each second, node_exporter and netdata are scraped, zabbix-agent2 is asked for
fourteen items, and collectd publishes to the same broker. All are measured from outside, over the
same window, each with its child processes. The share of memory (pss) is smaller than on a host of
its own, since this bench runs more Python than the agent. With ``--before COMMIT`` the agent of
that commit runs beside ours, and ours must not be heavier. To have all peers:
deploy/install-debian.sh prometheus-node-exporter zabbix-agent2 collectd-core libmosquitto1
netdata-core

Two agents of one code differ by a tenth, since each beats at its own moment, and what runs beside
it then is in its way. So with ``--before`` there are several of both, in turn, and their means are
compared.
"""

import argparse
import contextlib
import re
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from pathlib import Path

from bench.kit import members, processes, sides
from bench.kit.centres import Aggregator, aggregator, get
from bench.kit.machine import package_version
from bench.kit.mosquitto import Broker, Certificates, make_certificates, mosquitto
from bench.kit.peers import Surroundings, collectd, netdata, node_exporter, zabbix_agent2
from bench.kit.processes import BenchError, pause, running
from bench.kit.result import Goal, Result, Row, Value, progress, skipped
from bench.kit.sides import Side
from bench.kit.ten_checks import ten_checks
from bench.kit.venue_host import checkout, venue_host
from venuewatch.base.options import number

SUMMARY = "memory, CPU and bytes of the agent, beside node_exporter, zabbix-agent2 and others"
OURS, CHECKING = "ours", "ours, ten checks"
BEFORE, BESIDE = "ours, before", "ours, beside it"
BESIDE_EACH_OTHER = 6
"""How many agents there are of the commit before, and of ours beside them."""

GOALS = (
    Goal("rss_mib", 28.0),
    Goal("cpu_s_per_min", 0.075),
    Goal("cpu_against_node_exporter", 0.13),  # 0.075 where node_exporter takes 0.57
    Goal("payload_kb_per_min", 25.0),
    Goal("rss_mib", 34.0, CHECKING),
    Goal("cpu_s_per_min", 0.2, CHECKING),
)
NOT_HEAVIER = (
    Goal("rss_mib_over_before", 0.5, BESIDE),
    Goal("cpu_against_before", 1.05, BESIDE),
)
"""Goals against the agents of another commit."""

PEERS: dict[str, Callable[[Surroundings], AbstractContextManager[Side]]] = {
    "node_exporter": node_exporter,
    "zabbix-agent2": zabbix_agent2,
    "collectd": collectd,
    "netdata": netdata,
}
INTERVAL_S = 1.0
VITALS_EVERY_S = 10.0

_WELL = {"ok", "flowing"}
_CHECK_STATE = re.compile(
    r'^venuewatch_check_state\{.*check="([^"]+)".*state="([^"]+)".*\} 1(?:\.0)?$', re.MULTILINE
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the bench's options."""
    parser.add_argument(
        "--seconds", type=number(up_to=1e6), default=120.0, help="measured (%(default)g)"
    )
    parser.add_argument(
        "--warm-up",
        type=number(up_to=1e6, may_be_least=True),
        default=15.0,
        metavar="SECONDS",
        help="before that (%(default)g)",
    )
    parser.add_argument(
        "--before", metavar="COMMIT", help="run agents of that commit beside ours, and compare"
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
        ours, centre, broker = stack.enter_context(_ours(directory, options.before))
        around = Surroundings(directory, INTERVAL_S, broker.port)
        peers, missing = _start_peers(stack, around)
        measured = ours | peers
        progress(f"warming up for {options.warm_up:g} s")
        pause(options.warm_up)
        progress(f"measuring for {options.seconds:g} s")
        before = {name: sides.used(side) for name, side in measured.items()}
        heard, busy_s = centre.beats(), processes.busy_s()
        pause(options.seconds)
        busy_s = processes.busy_s() - busy_s
        rows = [sides.row(name, side, before[name]) for name, side in measured.items()]
        rows = means(rows)
        _compare(rows)
        compare_with_before(rows)
        heard = centre.beats() - heard
        said = _said(centre, len(ours))
    conditions: dict[str, Value] = {
        "seconds": options.seconds,
        "warm_up_s": options.warm_up,
        "beat_interval_s": INTERVAL_S,
        "vitals_every_s": VITALS_EVERY_S,
        "check_every_s": 30.0,
        "peers_every_s": INTERVAL_S,
        "machine_busy_cores": round(busy_s / options.seconds, 2),
        "transport": "TLS with a client certificate",
        "beats_heard": heard,
        **said,
    }
    if options.before is None:
        return Result(rows + missing, conditions, GOALS)
    conditions |= {"before": options.before, "agents_of_each": BESIDE_EACH_OTHER}
    return Result(rows + missing, conditions, GOALS + NOT_HEAVIER)


def _compare(rows: Sequence[Row]) -> None:
    """Add to our rows what their CPU is against node_exporter's: machines are not equally fast."""
    costs = {row["side"]: row["cpu_s_per_min"] for row in rows}
    its = costs.get("node_exporter")
    for row in rows:
        cost = row["cpu_s_per_min"]
        is_ours = row["side"] in {OURS, CHECKING}
        if is_ours and isinstance(cost, float) and isinstance(its, float) and its > 0.0:
            row["cpu_against_node_exporter"] = round(cost / its, 3)


def means(rows: Sequence[Row]) -> list[Row]:
    """Return one row for each side: the mean of the rows of several agents of it."""
    by_side: dict[Value, list[Row]] = {}
    for row in rows:
        by_side.setdefault(str(row["side"]).partition(" #")[0], []).append(row)
    return [{**_mean(of), "side": side} for side, of in by_side.items()]


def _mean(of: Sequence[Row]) -> Row:
    """Return the means of the numbers of rows; where one has none there is none."""
    first = of[0]
    mean = dict(first)
    for name in first if len(of) > 1 else ():
        numbers = [value for row in of if isinstance(value := row[name], (int, float))]
        mean[name] = round(sum(numbers) / len(of), 4) if len(numbers) == len(of) else None
    return mean


def compare_with_before(rows: Sequence[Row]) -> None:
    """Add to the row of our agents what they take beyond, or against, those of another commit."""
    by_side = {row["side"]: row for row in rows}
    if BEFORE not in by_side:
        return
    ours, before = by_side[BESIDE], by_side[BEFORE]
    rss, rss_before = ours["rss_mib"], before["rss_mib"]
    cpu, cpu_before = ours["cpu_s_per_min"], before["cpu_s_per_min"]
    if isinstance(rss, float) and isinstance(rss_before, float):
        ours["rss_mib_over_before"] = round(rss - rss_before, 2)
    if isinstance(cpu, float) and isinstance(cpu_before, float) and cpu_before > 0.0:
        ours["cpu_against_before"] = round(cpu / cpu_before, 3)


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


def _said(centre: Aggregator, hosts: int) -> dict[str, Value]:
    """Return what the aggregator knows of our hosts at the end.

    Raises:
        BenchError: one of them is not up.
    """
    page = get(centre.web_port, "/metrics")[1].decode()
    up = centre.up()
    for index in range(hosts):
        if members.place(index)[1] not in up:
            raise BenchError(f"the aggregator receives nothing from {members.place(index)[1]}")
    states = dict(_CHECK_STATE.findall(page))
    unwell = {name: state for name, state in sorted(states.items()) if state not in _WELL}
    return {
        "checks_read": len(states),
        "checks_not_ok": ", ".join(f"{name}: {state}" for name, state in unwell.items()) or "none",
    }


@contextlib.contextmanager
def _ours(
    directory: Path, before: str | None
) -> Iterator[tuple[dict[str, Side], Aggregator, Broker]]:
    """Run both agents by the names of their sides, and the aggregator that hears them.

    With ``before``, run agents of that commit too, and as many more of ours beside them.
    """
    made = make_certificates(directory, members.place(0)[1])
    expected = directory / "inventory.toml"
    others = [] if before is None else in_turn()
    members.write_inventory(expected, 2 + len(others))
    host = venue_host(directory / "host")
    with (
        mosquitto(directory, tls=made) as broker,
        ten_checks(directory, made) as checks,
        _agent(host, 0, broker, made) as plain,
        _agent(host, 1, broker, made, checks=checks) as checking,
        contextlib.ExitStack() as stack,
    ):
        agents = {OURS: plain, CHECKING: checking}
        if before is not None:
            theirs = venue_host(directory / "host-before", checkout(before, directory / "before"))
            for index, side in enumerate(others, start=2):
                python = theirs if side == BEFORE else host
                agents[f"{side} #{index}"] = stack.enter_context(
                    _agent(python, index, broker, made)
                )
        centre = stack.enter_context(aggregator(directory, expected, broker.port))
        yield agents, centre, broker


def in_turn() -> list[str]:
    """Return the sides of the agents that are compared: neither is always the first of two."""
    order = [BEFORE, BESIDE, BESIDE, BEFORE]
    return [order[index % len(order)] for index in range(2 * BESIDE_EACH_OTHER)]


@contextlib.contextmanager
def _agent(
    host: Path, index: int, broker: Broker, made: Certificates, *, checks: str = ""
) -> Iterator[Side]:
    """Run the agent of host number ``index`` with Python ``host``; ``checks`` is more TOML.

    All hosts show one certificate: the broker asks only who issued it.
    """
    folder = made.authority.parent / f"agent-{index}"  # its spool lies beside its configuration
    folder.mkdir()
    settings = folder / "agent.toml"
    settings.write_text(_settings(index, broker, made) + checks, encoding="utf-8")
    command = [str(host), "-I", "-m", "agent", "--config", str(settings)]
    with running(command, log=folder / "agent.log") as process:
        yield Side(process.pid)


def _settings(index: int, broker: Broker, made: Certificates) -> str:
    venue, host = members.place(index)
    return (
        f'venue = "{venue}"\nhost = "{host}"\n'
        f'[broker]\naddress = "127.0.0.1"\nport = {broker.tls_port}\nca_file = "{made.authority}"\n'
        f'cert_file = "{made.client_chain}"\nkey_file = "{made.client_key}"\n'
        f"[heartbeat]\ninterval_s = {INTERVAL_S}\nvitals_every_s = {VITALS_EVERY_S}\n"
    )
