"""Golden page: what the whole /metrics of a scripted fleet is made of."""

import re
from typing import NamedTuple

from aggregator.config import Web
from aggregator.shell.http.fanout import Fanout
from aggregator.shell.http.open_pages import OpenPages
from aggregator.shell.http.port_metrics import PortMetrics
from aggregator.shell.http.server import HttpServer
from aggregator.shell.outlets.alertmanager.outlet import AlertmanagerMetrics
from aggregator.shell.outlets.journal import JournalMetrics, JournalState
from aggregator.shell.outlets.open_incidents import OpenIncidents
from aggregator.shell.outlets.own_metrics import OwnMetrics
from aggregator.shell.walltime import WallTime
from tests.kit.machine import WALL
from tests.kit.scripted_fleet import HOSTILE, NOW, ScriptedFleet
from venuewatch.base.wire.checks import CheckValues

_PROCESS = re.compile(rb"(# (HELP|TYPE) )?process_.*\n")
_PYTHON = re.compile(rb'pythonversion="[^"]*"')

PLUGIN = CheckValues(
    check_exit_code=0.0,
    check_performance=[("load", 0.25), (HOSTILE, 1.5)],
    check_performance_seconds=[("time", 0.007)],
)
FEED = CheckValues(
    results_messages_total=1_234.0,
    results_last_message_timestamp_seconds=WALL + 5.5,
    results_data_age_seconds=14.5,
    results_refused_total=[("key", 3.0), ("oversized", 0.0)],
)


class _Queue(NamedTuple):
    place: str = "192.0.2.9:9093"
    sent: int = 5
    dropped: int = 1
    pending: int = 2


def fleet() -> ScriptedFleet:
    """Return the scripted fleet with a venue that is cut off, and a results feed that is frozen."""
    fleet = ScriptedFleet("cut-1", "cut-2")
    up = fleet.machines["up"]
    fleet.deliver(
        up.check(NOW, 30, "ok", check="raid", kind="exec", values=PLUGIN),
        up.check(NOW, 31, "frozen", check="odf", kind="feed", values=FEED),
    )
    return fleet


def own_metrics(fleet: ScriptedFleet) -> OwnMetrics:
    """Return what its aggregator says of itself."""
    metrics = OwnMetrics(fleet.centre, version="1.2.3")
    metrics.take(fleet.said())
    metrics.note_reload(WALL, is_success=True)
    metrics.add(OpenIncidents(fleet.centre.decisions.store.open, WallTime(0.0, WALL)))
    metrics.add(OpenPages(Fanout(lambda: 500)))
    server = HttpServer()
    server.apply(Web(max_connections=100))
    metrics.add(PortMetrics(server))
    metrics.add(JournalMetrics(JournalState, fleet.centre.intake))
    metrics.add(AlertmanagerMetrics([_Queue()]))
    return metrics


def steady(page: bytes) -> bytes:
    """Return a page without what each process, and each Python, says otherwise."""
    return _PYTHON.sub(b'pythonversion="3"', _PROCESS.sub(b"", page))
