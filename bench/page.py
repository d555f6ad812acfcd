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
import tempfile
from pathlib import Path
from statistics import median
from typing import Final

from playwright.sync_api import Browser

from bench.kit import kuma, page_load
from bench.kit.chromium import chromium, painted, watched
from bench.kit.filling import aggregator_with_fleet
from bench.kit.processes import LOOPBACK, ROOT, BenchError, pause, wait_for
from bench.kit.result import Goal, Result, Row, progress
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
            rows.append(page_load.row(directory, browser, options))
        if "uptime-kuma" in wanted:
            rows.append(kuma.row(directory, browser, options.uptime_kuma))
    conditions = {
        "rounds": options.rounds,
        "pages": options.pages,
        "hosts_of_the_load": options.hosts,
        "changes_per_s": round(1 / page_load.CHANGE_EVERY_S),
        "seconds_of_changes": options.seconds,
        "seconds_of_the_cut": page_load.CUT_S,
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
    inventory = inventory_of(("STA", "wired", rounds + 1), ("AQU", "wired", 1))
    killed = [f"STA-{at}" for at in range(1, rounds + 1)]  # one that falls again ends later
    took: list[float] = []
    with (
        Mosquitto(folder) as broker,
        Aggregator(folder, broker.port, inventory=inventory) as centre,
        running_agents(folder, broker, centre, (*killed, f"STA-{rounds + 1}", "AQU-1")) as agents,
    ):
        for name in killed:
            with watched(browser, f"http://{LOOPBACK}:{centre.port}/") as page:
                began = clock.wall()
                agents[name].kill()
                took.append(page.wait_until_loud("STA") - began)
            progress(f"{name} is killed: on the screen after {took[-1]:.2f} s")
            agents[name].start()
            centre.wait_for(name, "up")
            if not wait_for(lambda: not page_load.open_incidents(centre.port)):
                raise BenchError("the incident of a killed agent does not end")
    return {
        "side": "kill",
        "kills": rounds,
        "kill_to_pixel_s_median": round(median(took), 2),
        "kill_to_pixel_s_max": round(max(took), 2),
    }
