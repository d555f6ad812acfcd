"""Loads open pages with changes: how soon each page shows each, and which page misses one.

Hosts leave in order or return, ten a second. Then all venues but one are cut at once and healed,
then all. Meanwhile it is measured how late the aggregator's loop runs.
"""

import argparse
import contextlib
import http.client
import json
import re
import signal
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from playwright.sync_api import Browser

from aggregator.shell.http.page import squares
from bench.kit import members
from bench.kit.centres import get
from bench.kit.chromium import Watched, watched
from bench.kit.filling import served
from bench.kit.mosquitto import mosquitto
from bench.kit.processes import (
    LOOPBACK,
    Asked,
    BenchError,
    asking,
    busy_s,
    cpu_s,
    pause,
    peak_mib,
    python,
    wait_for,
)
from bench.kit.result import Row, progress
from bench.kit.sights import Change, Delays, Sight, Turn, delays_of, together
from venuewatch.base import clock

CHANGE_EVERY_S = 0.1
_AWAY_AT_ONCE = 300
CUT_S = 8.0
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


def row(directory: Path, browser: Browser, options: argparse.Namespace) -> Row:
    """Measure with ``options`` of so many pages, hosts and seconds.

    Raises:
        BenchError: the broker, the aggregator or the fleet does not start, or get well.
    """
    folder = directory / "load"
    folder.mkdir()
    into = folder / "seen.json"
    with contextlib.ExitStack() as stack:
        broker = stack.enter_context(mosquitto(folder, clients=options.hosts))
        members.write_inventory(folder / "inventory.toml", options.hosts)
        centre, port = stack.enter_context(served(folder, broker.port))
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
        changes, found = _change(load, options)
        found |= _cut_some(load, changes)
        found |= _cut_all(load)
        others.ask()
        return found | _compared(load, changes, json.loads(into.read_text(encoding="utf-8")))


def _change(load: Load, options: argparse.Namespace) -> tuple[list[Change | Turn], Row]:
    """Let hosts leave and return, ten a second; return the changes, and how the loop ran."""
    late = _late_beats(load.port)
    load.centre.ask("watch")
    load.fleet.ask()
    began, busy, used = clock.monotonic(), busy_s(), cpu_s(load.centre.pid)
    changes: list[Change | Turn] = []
    away: dict[str, int] = {}
    wanted = round(options.seconds / CHANGE_EVERY_S)
    group = min(_AWAY_AT_ONCE, options.hosts // 2, max(1, wanted // 2))
    for number in range(wanted):
        pause(max(0.0, began + number * CHANGE_EVERY_S - clock.monotonic()))
        turn, index = divmod(number, group)
        is_leaving = turn % 2 == 0
        venue = members.place(index)[0]
        away[venue] = away.get(venue, 0) + (1 if is_leaving else -1)
        changes.append(Change(venue, away[venue], is_leaving, clock.wall()))
        load.fleet.ask(f"{'leave' if is_leaving else 'return'} {index}")
    ended_s = clock.monotonic() - began
    pause(1.0)
    lag = load.centre.ask()
    found: Row = {
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
    return changes, found


def _cut_some(load: Load, changes: list[Change | Turn]) -> Row:
    """Cut all venues but one, and heal them; add to ``changes`` the incidents of it."""
    away = {change.venue: change.away for change in changes if isinstance(change, Change)}
    if any(away.values()):
        raise BenchError("choose --seconds so that every host that left has returned")
    load.centre.ask("watch")
    cut_at = clock.wall()
    load.fleet.ask(f"cut {members.place(members.VENUES - 1)[0]}")
    pause(CUT_S)
    healed_at = clock.wall()
    load.fleet.ask("heal")
    shown = _healed(load, "cut", cut_at, healed_at, "critical")
    known = _api(load.port, "incidents?limit=1000") or {"incidents": []}
    found = [one for one in known["incidents"] if one["opened_at"] >= cut_at and _is_of_cut(one)]
    for one in found:
        for venue in [one["venue"]] if one["venue"] else one["children"]:
            changes.append(Turn(venue, is_loud=True, at=one["opened_at"]))
            changes.append(Turn(venue, is_loud=False, at=one["closed_at"]))
    return {"incidents_of_the_cut": len(found), **shown}


def _is_of_cut(incident: Mapping[str, Any]) -> bool:
    """Tell whether an incident is of a venue, or of most venues at once."""
    return bool(incident["venue"]) or incident["cause"] == "centre_side_loss"


def _cut_all(load: Load) -> Row:
    """Cut all venues, and heal them: the aggregator hears nothing, and accuses no host."""
    load.centre.ask("watch")
    cut_at = clock.wall()
    load.fleet.signal(signal.SIGSTOP)
    pause(CUT_S)
    healed_at = clock.wall()
    load.fleet.signal(signal.SIGCONT)
    shown = _healed(load, "all_cut", cut_at, healed_at, "unknown")
    return {**shown, "centre_peak_mib": _mib(load.centre.pid)}


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
    is_open = open_incidents(load.port)
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


def open_incidents(port: int) -> list[int]:
    """Return the numbers of the open incidents, as the API has them."""
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
