"""Measures the page in a real browser: how soon it is painted, and how soon it shows a change.

Small, big and wide fleets: the first contentful paint with nothing in the browser's cache, the size
of the HTML with gzip, and its elements. Agents of a real chain are killed, until the pixel.

Then the load: 200 open pages, one of them real, and 1,500 hosts that beat. Ten hosts a second leave
in order or return; then all venues but one are cut at once and healed, then all. Of each change it
is measured when each page shows it. At the end every page must show what the API says.

Uptime Kuma has as many monitors as the smallest fleet has hosts.
"""

import argparse
import contextlib
import gzip
import http.client
import json
import re
import signal
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from statistics import median
from typing import Any, Final, NamedTuple

from playwright.sync_api import Browser

from aggregator.shell.http.page import squares
from bench.kit import kuma, members
from bench.kit.centres import get
from bench.kit.chromium import Watched, chromium, painted, watched
from bench.kit.filling import aggregator_with_fleet
from bench.kit.mosquitto import Broker, mosquitto
from bench.kit.processes import (
    LOOPBACK,
    ROOT,
    Asked,
    BenchError,
    asking,
    busy_s,
    cpu_s,
    free_port,
    pause,
    peak_mib,
    python,
    wait_for,
)
from bench.kit.result import Goal, Result, Row, progress
from bench.kit.sights import Change, Delays, Sight, Turn, delays_of, together
from tests.integration.real import Aggregator, Mosquitto, inventory_of, running_agents
from venuewatch.base import clock
from venuewatch.base import options as kinds

SUMMARY = "The page: paint, size, and from an event to the pixel with 200 open pages"

FLEETS: Final = {"39x40": (1_560, 39), "15000": (15_000, 39), "400x40": (16_000, 400)}
"""Hosts and venues of each fleet that is painted."""

GOALS = (
    Goal("paint_ms_median", 400, "39x40"),
    Goal("html_gzip_kb", 15, "39x40"),
    Goal("elements", 1_500, "39x40"),
    Goal("paint_ms_median", 600, "15000"),
    Goal("html_gzip_kb", 40, "15000"),
    Goal("elements", 1_500, "15000"),
    Goal("paint_ms_median", 900, "400x40"),
    Goal("html_gzip_kb", 100, "400x40"),
    Goal("elements", 12_000, "400x40"),
    Goal("scripts_and_style_kb", 60, "39x40"),
    Goal("kill_to_pixel_s_max", 1.5, "kill"),
    Goal("event_to_pixel_s_p99", 1.0, "load"),
    Goal("event_to_stream_s_p99", 1.0, "load"),
    Goal("loop_lag_ms_p99", 20, "load"),
    Goal("cut_loop_lag_ms_p99", 20, "load"),
    Goal("all_cut_loop_lag_ms_p99", 20, "load"),
    Goal("beats_over_1_s_late", 0, "load"),
    Goal("changes_not_shown", 0, "load"),
    Goal("pages_that_differ", 0, "load"),
)

_SERIES = 40
_CHANGE_EVERY_S = 0.1
_AWAY_AT_ONCE = 300
_CUT_S = 8.0
_SETTLED_S = 60.0
_LATE = re.compile(
    rb'^venuewatch_venue_heartbeat_lateness_seconds_bucket\{[^}]*le="(1(?:\.0)?|\+Inf)"\} (\S+)$',
    re.MULTILINE,
)


class Load(NamedTuple):
    """The parts of the load: who is asked for what."""

    port: int
    centre: Asked
    fleet: Asked
    page: Watched


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the bench's options."""
    parser.add_argument(
        "--seconds",
        type=kinds.number(up_to=1e6),
        default=60.0,
        help="of ten changes a second (%(default)g)",
    )
    parser.add_argument(
        "--rounds",
        type=kinds.whole(1, 1_000),
        default=5,
        help="paints of each fleet, and kills of an agent (%(default)s)",
    )
    parser.add_argument(
        "--pages", type=kinds.whole(2, 10_000), default=200, help="open pages (%(default)s)"
    )
    parser.add_argument(
        "--hosts", type=kinds.whole(39, 20_000), default=1_500, help="of the load (%(default)s)"
    )
    parser.add_argument(
        "--uptime-kuma",
        type=Path,
        default=ROOT / "node_modules" / "uptime-kuma",
        metavar="FOLDER",
        help="where npm has installed it (%(default)s)",
    )
    parser.add_argument(
        "--only", choices=[*FLEETS, "kill", "load", "uptime-kuma"], help="measure only this"
    )


def run(options: argparse.Namespace) -> Result:
    """Measure.

    Raises:
        BenchError: the browser, the broker or the aggregator does not start.
    """
    wanted = {options.only} if options.only else {*FLEETS, "kill", "load", "uptime-kuma"}
    rows: list[Row] = []
    with (
        tempfile.TemporaryDirectory(prefix="bench-") as folder,
        chromium() as browser,
    ):
        directory = Path(folder)
        rows += [
            _paint_row(name, directory, browser, options.rounds)
            for name in FLEETS
            if name in wanted
        ]
        if "kill" in wanted:
            rows.append(_kill_row(directory, browser, options.rounds))
        if "load" in wanted:
            rows.append(_load_row(directory, browser, options))
        if "uptime-kuma" in wanted:
            rows.append(kuma.row(directory, browser, options.uptime_kuma))
    conditions = {
        "rounds": options.rounds,
        "pages": options.pages,
        "hosts_of_the_load": options.hosts,
        "changes_per_s": round(1 / _CHANGE_EVERY_S),
        "seconds_of_changes": options.seconds,
        "seconds_of_the_cut": _CUT_S,
    }
    return Result(rows, conditions, GOALS)


def _paint_row(name: str, directory: Path, browser: Browser, rounds: int) -> Row:
    hosts, venues = FLEETS[name]
    with aggregator_with_fleet(directory, hosts, _SERIES, venues) as (_, port):
        address = f"http://{LOOPBACK}:{port}/"
        painted(browser, address)  # the templates are compiled by then
        found = []
        for _ in range(rounds):
            pause(1.0)  # a page is kept for half a second
            found.append(painted(browser, address))
        connection = http.client.HTTPConnection(LOOPBACK, port)
        with contextlib.closing(connection):
            connection.request("GET", "/", headers={"Accept-Encoding": "gzip"})
            sent = connection.getresponse().read()
    code_kb = round(max(paint.code_kb for paint in found), 1)
    row: Row = {
        "side": name,
        "hosts": hosts,
        "venues": venues,
        "paint_ms_median": round(median(paint.paint_ms for paint in found)),
        "paint_ms_max": round(max(paint.paint_ms for paint in found)),
        "html_gzip_kb": round(len(sent) / 1e3, 1),
        "html_kb": round(len(gzip.decompress(sent)) / 1e3, 1),
        "elements": max(paint.elements for paint in found),
        "scripts_and_style_kb": code_kb,
    }
    progress(f"{name}: painted after {row['paint_ms_median']} ms")
    return row


def _kill_row(directory: Path, browser: Browser, rounds: int) -> Row:
    """Return how soon a killed agent is on the screen, and its page well again."""
    folder = directory / "kill"
    folder.mkdir()
    inventory = inventory_of(("STA", "wired", 2), ("AQU", "wired", 1))
    took: list[float] = []
    with (
        Mosquitto(folder) as broker,
        Aggregator(folder, broker.port, inventory=inventory) as centre,
        running_agents(folder, broker, centre, ("STA-1", "STA-2", "AQU-1")) as agents,
    ):
        for number in range(rounds):
            with watched(browser, f"http://{LOOPBACK}:{centre.port}/") as page:
                began = clock.wall()
                agents["STA-1"].kill()
                took.append(page.wait_until_loud("STA") - began)
            progress(f"kill {number + 1}: on the screen after {took[-1]:.2f} s")
            agents["STA-1"].start()
            centre.wait_for("STA-1", "up")
            if not wait_for(lambda: not _open_incidents(centre.port)):
                raise BenchError("the incident of a killed agent does not end")
    return {
        "side": "kill",
        "kills": rounds,
        "kill_to_pixel_s_median": round(median(took), 2),
        "kill_to_pixel_s_max": round(max(took), 2),
    }


def _load_row(directory: Path, browser: Browser, options: argparse.Namespace) -> Row:
    folder = directory / "load"
    folder.mkdir()
    into = folder / "seen.json"
    with contextlib.ExitStack() as stack:
        broker = stack.enter_context(mosquitto(folder, clients=options.hosts))
        centre, port = stack.enter_context(_centre(folder, broker, options.hosts))
        command = python(
            "bench.kit.fleet", "--port", str(broker.port), "--hosts", str(options.hosts)
        )
        fleet = stack.enter_context(asking(command, log=folder / "fleet.log"))
        fleet.read_answer()
        if not wait_for(lambda: _is_well(port), at_most_s=_SETTLED_S):
            raise BenchError("the fleet does not get well")
        page = stack.enter_context(watched(browser, f"http://{LOOPBACK}:{port}/"))
        command = python("bench.kit.open_pages", "--port", str(port), "--into", str(into))
        command += ["--pages", str(options.pages - 1)]
        others = stack.enter_context(asking(command, log=folder / "pages.log"))
        others.read_answer()
        progress(f"{options.pages} pages are open")
        load = Load(port, centre, fleet, page)
        changes, row = _change(load, options)
        row |= _cut_some(load, changes)
        row |= _cut_all(load)
        others.ask()
        return row | _compared(load, changes, json.loads(into.read_text(encoding="utf-8")))


@contextlib.contextmanager
def _centre(folder: Path, broker: Broker, hosts: int) -> Iterator[tuple[Asked, int]]:
    """Run the aggregator, and yield it with its port."""
    members.write_inventory(folder / "inventory.toml", hosts)
    port, settings = free_port(), folder / "aggregator.toml"
    settings.write_text(
        f"[broker]\nport = {broker.port}\n[web]\nlisten_address = '{LOOPBACK}:{port}'\n",
        encoding="utf-8",
    )
    command = python("bench.kit.serving", "ours", "--config", str(settings))
    with asking(command, log=folder / "ours.log") as child:
        child.read_answer()
        if not wait_for(lambda: _api(port, "centre") is not None):
            raise BenchError("the aggregator does not answer")
        yield child, port


def _change(load: Load, options: argparse.Namespace) -> tuple[list[Change | Turn], Row]:
    """Let hosts leave and return, ten a second; return the changes, and how the loop ran."""
    late = _late_beats(load.port)
    load.centre.ask("watch")
    load.fleet.ask()
    began, busy, used = clock.monotonic(), busy_s(), cpu_s(load.centre.pid)
    changes: list[Change | Turn] = []
    away: dict[str, int] = {}
    wanted = round(options.seconds / _CHANGE_EVERY_S)
    group = min(_AWAY_AT_ONCE, options.hosts // 2, max(1, wanted // 2))
    for number in range(wanted):
        pause(max(0.0, began + number * _CHANGE_EVERY_S - clock.monotonic()))
        turn, index = divmod(number, group)
        is_leaving = turn % 2 == 0
        venue = members.place(index)[0]
        away[venue] = away.get(venue, 0) + (1 if is_leaving else -1)
        changes.append(Change(venue, away[venue], is_leaving, clock.wall()))
        load.fleet.ask(f"{'leave' if is_leaving else 'return'} {index}")
    ended_s = clock.monotonic() - began
    pause(1.0)
    lag = load.centre.ask()
    row: Row = {
        "side": "load",
        "pages": options.pages,
        "changes": len(changes),
        "changes_per_s": round(len(changes) / ended_s, 1),
        "loop_lag_ms_p99": round(lag["p99_lag_s"] * 1e3, 1),
        "loop_lag_ms_max": round(lag["worst_lag_s"] * 1e3, 1),
        "beats_over_1_s_late": _late_beats(load.port) - late,
        "fleet_lag_s_max": round(load.fleet.ask()["worst_lag_s"], 3),
        "centre_cores": round((cpu_s(load.centre.pid) - used) / ended_s, 2),
        "all_cores": round((busy_s() - busy) / ended_s, 2),
    }
    return changes, row


def _cut_some(load: Load, changes: list[Change | Turn]) -> Row:
    """Cut all venues but one, and heal them; add to ``changes`` the incidents of it."""
    away = {change.venue: change.away for change in changes if isinstance(change, Change)}
    if any(away.values()):
        raise BenchError("choose --seconds so that every host that left has returned")
    load.centre.ask("watch")
    cut_at = clock.wall()
    load.fleet.ask(f"cut {members.place(members.VENUES - 1)[0]}")
    pause(_CUT_S)
    healed_at = clock.wall()
    load.fleet.ask("heal")
    row = _healed(load, "cut", cut_at, healed_at, "critical")
    known = _api(load.port, "incidents?limit=1000") or {"incidents": []}
    found = [one for one in known["incidents"] if one["venue"] and one["opened_at"] >= cut_at]
    for one in found:
        changes.append(Turn(one["venue"], is_loud=True, at=one["opened_at"]))
        changes.append(Turn(one["venue"], is_loud=False, at=one["closed_at"]))
    return {"incidents_of_the_cut": len(found), **row}


def _cut_all(load: Load) -> Row:
    """Cut all venues, and heal them: the aggregator hears nothing, and accuses no host."""
    load.centre.ask("watch")
    cut_at = clock.wall()
    load.fleet.signal(signal.SIGSTOP)
    pause(_CUT_S)
    healed_at = clock.wall()
    load.fleet.signal(signal.SIGCONT)
    row = _healed(load, "all_cut", cut_at, healed_at, "unknown")
    return {**row, "centre_peak_mib": _mib(load.centre.pid)}


def _healed(load: Load, what: str, cut_at: float, healed_at: float, level: str) -> Row:
    """Wait until all are well; return how soon the page showed each venue cut, and well again."""
    if not wait_for(lambda: _is_well(load.port), at_most_s=_SETTLED_S):
        raise BenchError("the fleet does not get well after a cut")
    pause(2.0)
    lag = load.centre.ask()
    sights = load.page.sights()
    return {
        f"{what}_to_pixel_s_max": _last(sights, cut_at, healed_at, level),
        f"{what}_healed_to_pixel_s_max": _last(sights, healed_at, clock.wall(), "ok"),
        f"{what}_loop_lag_ms_p99": round(lag["p99_lag_s"] * 1e3, 1),
        f"{what}_loop_lag_ms_max": round(lag["worst_lag_s"] * 1e3, 1),
    }


def _mib(pid: int) -> float | None:
    peak = peak_mib(pid)
    return None if peak is None else round(peak, 1)


def _last(sights: Sequence[Sight], start: float, end: float, level: str) -> float | None:
    """Return how long after ``start`` the last venue was as loud as that on the screen."""
    first: dict[str, float] = {}
    for sight in sights:
        if start <= sight.at <= end and sight.text.startswith(level):
            first.setdefault(sight.venue, sight.at)
    return round(max(first.values()) - start, 2) if first else None


def _compared(load: Load, changes: Sequence[Change | Turn], seen: dict[str, Any]) -> Row:
    """Return how soon all pages showed the changes, and how many show another state now."""
    real = delays_of(changes, load.page.sights())
    streams = together(
        [delays_of(changes, [Sight(*each) for each in sights]) for sights in seen["sights"]]
    )
    is_open = _open_incidents(load.port)
    expected = _shown_by_api(load.port)
    differ = sum(
        shown != expected or known != is_open
        for shown, known in zip(seen["shown"], seen["open"], strict=True)
    )
    differ += load.page.shown() != expected or load.page.title.startswith("(") is not bool(is_open)
    return {
        "event_to_pixel_s_median": _rounded(real, 0.5),
        "event_to_pixel_s_p99": _rounded(real, 0.99),
        "event_to_pixel_s_max": _rounded(real, 1.0),
        "event_to_stream_s_median": _rounded(streams, 0.5),
        "event_to_stream_s_p99": _rounded(streams, 0.99),
        "event_to_stream_s_max": _rounded(streams, 1.0),
        "changes_not_shown": real.missed + streams.missed,
        "pages_that_differ": differ,
    }


def _rounded(found: Delays, share: float) -> float | None:
    value = found.at(share)
    return None if value is None else round(value, 3)


def _shown_by_api(port: int) -> dict[str, str]:
    """Return what a page has to show of each venue."""
    known = _api(port, "venues") or {"venues": []}
    return {
        venue["venue"]: f"{venue['severity'] or 'ok'}: {squares.in_words(venue['states'])}"
        for venue in known["venues"]
    }


def _open_incidents(port: int) -> list[int]:
    known = _api(port, "incidents?open=1&limit=1000") or {"incidents": []}
    return sorted(one["number"] for one in known["incidents"])


def _is_well(port: int) -> bool:
    """Tell whether every host is up, and no incident open."""
    centre = _api(port, "centre")
    return (
        centre is not None
        and centre["state"] == "hears"
        and set(centre["hosts"]) == {"up"}
        and not any(centre["open"].values())
    )


def _late_beats(port: int) -> int:
    """Return how many beats came more than a second after they were due."""
    counts = {b"+Inf": 0, b"1": 0, b"1.0": 0}
    for bound, count in _LATE.findall(get(port, "/metrics?collect=liveness")[1]):
        counts[bound] += int(float(count))
    return counts[b"+Inf"] - counts[b"1"] - counts[b"1.0"]


def _api(port: int, path: str) -> dict[str, Any] | None:
    """Return what the API answers; None if it does not."""
    try:
        status, body = get(port, f"/api/v1/{path}")
    except OSError:
        return None
    return dict(json.loads(body)) if status == http.client.OK else None
