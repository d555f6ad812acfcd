"""Write ``docs/metrics.md`` from the code: ``python docs/make_metrics.py``."""

from collections.abc import Iterable
from pathlib import Path
from typing import TypeAlias

from prometheus_client.parser import text_string_to_metric_families

from aggregator.core.centre import Centre
from aggregator.core.fleet import Fleet
from aggregator.core.verdicts.causes import Cause
from aggregator.shell.exposition import OWN
from aggregator.shell.outlets.own_metrics import OwnMetrics
from venuewatch.base.wire.checks import CheckValues
from venuewatch.base.wire.readings import Family, Readings, families_of

TARGET = Path(__file__).parent / "metrics.md"

Row: TypeAlias = tuple[str, str, str, str]
"""Name, type, labels, meaning."""

_HEAD = """\
# Metrics

`docs/make_metrics.py` makes this page from the code. A test fails when the page is out of date.

`/metrics` has everything, `/metrics?venue=CODE` one venue, `/metrics/self` only the aggregator's
own metrics. Units are base units, counters end in `_total`, samples have no timestamps.

Every expected host has `venuewatch_host_up`, `_state`, `_heartbeats_missed_total` and
`_restarts_total` from the first scrape on, before its first beat and for as long as it is expected.
Measured series (`node_*`, `_info`, round trip, clock offset) stop at once when a host is no longer
up or late. So a frozen value is never shown.
"""

_STATES = """
`state` of a host: `unseen` (expected, no beat ever), `up`, `late` (a beat is over 1 s late),
`down`, `unreachable` (its venue is cut off), `away` (said farewell), `unknown` (the aggregator is
blind, or has just started).

## Causes

`cause` of a problem or an incident. Each question has a file in `aggregator/core/verdicts/`, with
its facts, its table and its evidence.
"""


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
            "[Decision 3](decisions/0003-memory-names.md) explains the names for memory.\n",
            _table(uname + vitals),
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


def _rows_of(families: Iterable[Family], prefix: str, labels: tuple[str, ...]) -> list[Row]:
    return [
        (f"{prefix}{family.name}", family.kind, ", ".join((*labels, *family.labels)), family.help)
        for family in families
    ]


def _self_rows() -> list[Row]:
    centre = Centre(Fleet())
    centre.decisions.hearing.round_trip_s = 0.0
    centre.intake.broker_dropped = 0
    exposition = OwnMetrics(centre, version="").render().decode()
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
