"""Worlds for the dashboards: one for each cause, one with every vital and check, served over HTTP.

Each world is an aggregator's page of its own, which moves on with every scrape.
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, get_args
from urllib.parse import parse_qs, urlsplit

from aggregator.core.outputs import Connected
from aggregator.core.verdicts.causes import Cause
from aggregator.shell.exposition import COLLECTIONS, render
from aggregator.shell.outlets.open_incidents import OpenIncidents
from aggregator.shell.outlets.own_metrics import OwnMetrics
from aggregator.shell.walltime import WallTime
from tests.kit.machine import WALL, Message
from tests.kit.story import Story
from tests.kit.worlds import WORLDS
from venuewatch.base import clock
from venuewatch.base.wire import topics
from venuewatch.base.wire.checks import CheckState, CheckValues, NetworkState, ResultsState
from venuewatch.base.wire.readings import Readings, families_of

WHOLE = "whole"
"""The world with every vital and every kind of check."""

VENUE, HOSTS = "GAM", ("gam-1", "gam-2", "gam-3")
KINDS = ("ping", "tcp", "dns", "http", "tls", "interface", "gateway", "ntp", "uplinks")
FALL_AFTER = 4  # scrapes, so that Prometheus sees the counters rise
STEP_S = 1.0


class World:
    """A story, told by one aggregator; ``happen`` is what befalls it after some scrapes."""

    def __init__(self, story: Story, happen: Callable[[Story], None]) -> None:
        self._story = story
        ahead_s = clock.wall() - WALL
        story.wall_step_s = ahead_s
        for machine in story.machines.values():
            machine.clock_ahead_s = ahead_s
        story.bring_up()
        self._happen = happen
        self._scrapes = 0
        self._own = OwnMetrics(story.centre, version="1.2.3")
        wall = WallTime(0.0, clock.wall())
        self._own.add(OpenIncidents(story.centre.decisions.store.open, wall))
        self._own.take([Connected(story.now, "live")])
        self._own.note_lag(0.01, story.now)
        self._lock = threading.Lock()

    def page(self, collections: tuple[str, ...]) -> bytes:
        """Let a second pass, and return the page."""
        story = self._story
        with self._lock:
            self._scrapes += 1
            if self._scrapes == FALL_AFTER:
                self._happen(story)
            story.run(STEP_S)
            self._own.take(story.said())
            venues = story.centre.fleet.venues.values()
            own = self._own.render() if "liveness" in collections else b""
            return own + render(venues, story.now, collections)


def fill(story: Story) -> None:
    """Let each host of the whole world report every vital and all checks, in every state."""
    seq = int(story.now * 8)
    story.deliver(Message(topics.BROKER_DROPPED, str(seq).encode()))
    readings = Readings(**values_of(Readings, story.now))
    results: tuple[CheckState, ...] = get_args(ResultsState)
    network: tuple[CheckState, ...] = get_args(NetworkState)
    values = CheckValues(**values_of(CheckValues, story.now))
    for machine in story.machines.values():
        if machine.is_mute:
            continue
        said = [machine.vitals(story.now, seq, readings)]
        states = [(f"{state}-feed", "feed", state) for state in results]
        states += [(kind, kind, network[at % 4]) for at, kind in enumerate(KINDS)]
        for at, (check, kind, state) in enumerate(states):
            told: dict[str, Any] = {"check": check, "kind": kind, "values": values}
            said.append(machine.check(story.now, 100 * seq + at, state, **told))
        story.deliver(*said)


def values_of(struct: type[Any], now: float) -> dict[str, Any]:
    """Return a value for each family; a counter rises with ``now``."""
    return {family.name: _rows(family.name, family.labels, now) for family in families_of(struct)}


def _rows(name: str, labels: tuple[str, ...], now: float) -> Any:
    number = (
        now if name.endswith("_total") or name.startswith(("node_netstat", "node_vmstat")) else 1.0
    )
    if name == "node_cpu_seconds_total":
        return [("0", mode, number) for mode in ("idle", "user", "system", "iowait")]
    return [(*(f"{label}-1" for label in labels), number)] if labels else number


class WholeStory(Story):
    """The whole world, which reports again every second."""

    def __init__(self) -> None:
        super().__init__({VENUE: HOSTS})

    def run(self, seconds: float) -> None:
        super().run(seconds)
        fill(self)


def worlds() -> dict[str, World]:
    """Return the worlds by name: the whole one, and one for each cause."""
    limits_s = dict.fromkeys(Cause, 5.0) | {Cause.LEFT_WHILE_REQUIRED: 900.0}  # else it changes
    by_cause = {
        str(cause): World(Story(away_limit_s=limits_s[cause]), WORLDS[cause]) for cause in Cause
    }
    return {WHOLE: World(WholeStory(), lambda story: story.kill(HOSTS[-1]))} | by_cause


@contextmanager
def served() -> Iterator[tuple[int, list[str]]]:
    """Serve each world at ``/NAME``; yield the port and the names."""
    known = worlds()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            address = urlsplit(self.path)
            collections = tuple(parse_qs(address.query).get("collect", COLLECTIONS))
            body = known[address.path.strip("/")].page(collections)
            self.send_response(200)
            self.send_header("Content-Type", "text/plain; version=0.0.4")
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Log nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield server.server_address[1], list(known)
        finally:
            server.shutdown()
            thread.join()
