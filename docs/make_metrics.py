"""Write ``docs/metrics.md`` from the code: ``python docs/make_metrics.py``."""

from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple, TypeAlias

from prometheus_client.parser import text_string_to_metric_families

from aggregator.config import Broker, Bulk
from aggregator.core.centre import Centre
from aggregator.core.fleet import Fleet
from aggregator.core.incidents.record import Incident, Subject
from aggregator.core.verdicts.causes import Cause
from aggregator.shell.certificate_metrics import CertificateMetrics
from aggregator.shell.families import OWN
from aggregator.shell.http.fanout import Fanout
from aggregator.shell.http.open_pages import OpenPages
from aggregator.shell.http.port_metrics import PortMetrics
from aggregator.shell.http.server import HttpServer
from aggregator.shell.mqtt.bulk import Discards
from aggregator.shell.mqtt.metrics import ConnectionMetrics
from aggregator.shell.mqtt.refusals import Refusals
from aggregator.shell.outlets.alertmanager.outlet import AlertmanagerMetrics
from aggregator.shell.outlets.journal import JournalMetrics, JournalState
from aggregator.shell.outlets.open_incidents import OpenIncidents
from aggregator.shell.outlets.own_metrics import OwnMetrics
from aggregator.shell.outlets.remote_write.backfill import Backfill
from aggregator.shell.outlets.remote_write.outlet import RemoteWriteMetrics
from aggregator.shell.system_metrics import SystemMetrics
from aggregator.shell.walltime import WallTime
from venuewatch.base.wire.checks import CheckValues
from venuewatch.base.wire.readings import Family, Readings, families_of

TARGET = Path(__file__).parent / "metrics.md"

Row: TypeAlias = tuple[str, str, str, str]
"""Name, type, labels, meaning."""

_HEAD = """\
# Metrics

`docs/make_metrics.py` makes this page from the code. A test fails when the page is out of date.

`/metrics` has everything, `/metrics?venue=CODE` one venue (also several: `?venue=A&venue=B`),
`/metrics/self` only the aggregator's own metrics. Units are base units, counters end in `_total`,
samples have no timestamps, unless `[web] timestamps` is set ([http.md](http.md)).

Every expected host has `venuewatch_host_info`, `_up`, `_state`, `_heartbeats_missed_total` and
`_restarts_total` from the first scrape on, before its first beat and for as long as it is expected.
Measured series (`node_*`, `venuewatch_agent_*`, checks, round trip, clock offset) stop at once when
a host is no longer up or late. So a frozen value is never shown.

Vitals come each 10 s: scrape them as often, or `irate` is wrong
([deploy/prometheus](../deploy/prometheus/README.md)). Counters of checks come each `every_s` (30 s
by default): use `rate` or `increase` over at least four times that on them, never `irate`.

`?collect=vitals` gives `node_*` and `venuewatch_agent_*` except `venuewatch_agent_info`.
`?collect=liveness` gives everything else; the aggregator's own metrics are in it, too, where no
`venue` is asked for.
"""

_STATES = """
`state` of a host: `unseen` (expected, no beat ever), `up`, `late` (a beat is over 1 s late),
`down`, `unreachable` (its venue is cut off), `away` (said farewell), `unknown` (the aggregator is
blind, or has just started).

## Causes

`cause` of a problem or an incident. Each question has a file in `aggregator/core/verdicts/`, with
its facts, its table and its evidence.
"""


_VITALS = """\
Names, types and units are those of node_exporter on the host's operating system, so its dashboards
and alert rules work as they are ([decision 3](decisions/0003-node-exporters-names.md)). A host has
the families that its kernel and its hardware have. `collector` has node_exporter's names of
collectors, too; `agent` is ours.

Three values differ from node_exporter's on purpose: a filesystem that is mounted at several places
has one row, at its root or else at its shortest path; a filesystem that no disk holds (tmpfs) has
none; an interface whose speed is unknown has no speed, where node_exporter says -125000.
"""

_LACKING = """\
cpu_guest_seconds_total softnet_*
    A series for each CPU, for which no common rule asks.
disk_info disk_filesystem_info dmi_info exporter_build_info network_info os_* selinux_* time_zone_*
time_clocksource_*
    A fact, and no measurement: it does not change while a host runs.
network_address_* network_carrier* network_device_* network_dormant network_flags network_iface_*
network_name_* network_net_* network_protocol_* network_transmit_queue_length
    A file for each value of each interface.
network_receive_nohandler_total
    Not in /proc/net/dev.
arp_* nf_conntrack_stat_* udp_queues
    A long table to read, for few numbers.
entropy_*
    Constant since Linux 5.18.
textfile_*
    Checks of kind `exec` run scripts.
cooling_* cpu_frequency_* cpu_scaling_* power_supply_* rapl_* schedstat_* thermal_* hwmon_*
    No common rule asks for them; of hwmon, vitals have the temperatures.
bcache_* btrfs_* edac_* fibrechannel_* infiniband_* ipvs_* nfs_* nfsd_* nvme_info
tapestats_* xfs_* zfs_*
    For hardware and filesystems that few hosts have; a check of kind `exec` watches them.
"""
"""Names without ``node_`` that node_exporter has by default and vitals lack; below them, why."""


def text() -> str:
    """Return the whole page."""
    own = [(name, series.kind, series.labels, series.help) for name, series in OWN.items()]
    vitals = _rows_of(families_of(Readings), "", ("venue", "host", "instance"))
    checks = _rows_of(families_of(CheckValues), "venuewatch_", ("venue", "host", "check", "kind"))
    mine = [row for row in own if row[0].startswith("venuewatch_")]
    uname = [row for row in own if row[0].startswith("node_")]
    return "\n".join(
        [
            _HEAD,
            "## Venues and hosts\n",
            _table(mine),
            _STATES,
            _causes(),
            "\n## Vitals, under node_exporter's names and units\n",
            _VITALS,
            _table(uname + vitals),
            "\n### What node_exporter has by default and vitals lack\n",
            _lacking_table(),
            "\n## What checks measure\n",
            "The label `kind` is a kind of check of [checks.md](checks.md).\n",
            _table(checks),
            "\n## The aggregator itself\n",
            _table(_self_rows()),
            "",
        ]
    )


def _causes() -> str:
    rows = [f"| `{cause}` | {cause.meaning} |" for cause in Cause]
    return "\n".join(["| cause | meaning |", "|---|---|", *rows])


def lacking() -> dict[str, str]:
    """Return why vitals lack what node_exporter has by default, by patterns of names."""
    reasons: dict[str, str] = {}
    names: list[str] = []
    for line in _LACKING.splitlines():
        if line.startswith(" "):
            reasons |= dict.fromkeys(names, line.strip())
            names = []
        else:
            names += [f"node_{name}" for name in line.split()]
    return reasons


def _lacking_table() -> str:
    by_reason: dict[str, list[str]] = {}
    for name, why in lacking().items():
        by_reason.setdefault(why, []).append(f"`{name}`")
    rows = [f"| {', '.join(names)} | {why} |" for why, names in by_reason.items()]
    return "\n".join(["| names | why |", "|---|---|", *rows])


def _rows_of(families: Iterable[Family], prefix: str, labels: tuple[str, ...]) -> list[Row]:
    return [
        (f"{prefix}{family.name}", family.kind, ", ".join((*labels, *family.labels)), family.help)
        for family in families
    ]


class _Queue(NamedTuple):
    """A queue of one Alertmanager, as its metrics are read."""

    place: str = ""
    sent: int = 0
    dropped: int = 0
    pending: int = 0


def _certified() -> Broker:
    """Return a broker that knows the aggregator by certificates."""
    bulk = Bulk(cert_file="bulk.pem", key_file="bulk.key")
    return Broker(cert_file="live.pem", key_file="live.key", bulk=bulk, crl_file="crl.pem")


def _self_rows() -> list[Row]:
    centre = Centre(Fleet())
    centre.decisions.hearing.round_trip_s = 0.0
    centre.intake.broker_dropped = 0
    metrics = OwnMetrics(centre, version="")
    metrics.note_exercise("")
    subject = Subject("centre")
    one = Incident(1, subject, Cause.BROKER_DOWN, 0.0)
    metrics.add(OpenIncidents({subject: one}, WallTime(0.0, 0.0)))
    metrics.add(OpenPages(Fanout(lambda: 0)))
    metrics.add(PortMetrics(HttpServer()))
    bulk = centre.decisions.connections.bulk
    bulk.opened(0.0)
    bulk.live_heard(0.0)
    bulk.sent(1, 0.0)
    bulk.came_back(1, 0.0)
    metrics.add(ConnectionMetrics(centre, Discards(), Refusals()))
    metrics.add(SystemMetrics())
    metrics.add(CertificateMetrics(_certified()))
    metrics.add(JournalMetrics(JournalState, centre.intake))
    metrics.add(AlertmanagerMetrics([_Queue()]))
    metrics.add(RemoteWriteMetrics(Backfill(window_s=0.0)))
    exposition = metrics.render().decode()
    rows = []
    for family in text_string_to_metric_families(exposition):
        name = f"{family.name}_total" if family.type == "counter" else family.name
        labels = sorted({label for sample in family.samples for label in sample.labels} - {"le"})
        rows.append((name, family.type, ", ".join(labels), family.documentation))
    return sorted(rows)


def _table(rows: list[Row]) -> str:
    lines = ["| name | type | labels | meaning |", "|---|---|---|---|"]
    lines += [f"| `{name}` | {kind} | {labels} | {text} |" for name, kind, labels, text in rows]
    return "\n".join(lines)


if __name__ == "__main__":
    TARGET.write_text(text(), encoding="utf-8")
