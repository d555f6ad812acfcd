"""Write the rules beside this file: ``python deploy/prometheus/make_rules.py``.

``--runbooks URL`` sets where the pages of ``docs/runbooks/`` are served, ``--pages URL`` where
people reach the aggregator's page (``[web] external_url``). The alerts of incidents
come from the aggregator's own table, the others from ``other_alerts.py`` and
``credential_alerts.py``. ``rules.yml`` has all; ``rules-with-push.yml`` has not those that an
aggregator pushes to Alertmanager itself.
"""

import argparse
import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from credential_alerts import CREDENTIALS
from other_alerts import (
    FAST,
    PROBLEM_OF_CENTRE,
    READINGS_LOST,
    SLOW,
    SWITCH,
    UP,
    VERSION_GAPS,
    Rule,
    with_unwell_host,
)
from venue_records import BY_VENUE, Record

from aggregator.core.incidents.alerts import LABELS, ROWS, Alert, Kind

FOLDER = Path(__file__).parent
FILES = {"rules.yml": False, "rules-with-push.yml": True}
"""Each file, and whether the aggregator pushes the alerts of incidents itself."""

RUNBOOKS = "https://venuewatch.example.org/runbooks"
"""The base of ``runbook_url``: say here, or with ``--runbooks``, where you serve the pages."""

PAGES = "https://venuewatch.example.org"
"""The base of ``dashboard_url``: say here, or with ``--pages``, where people reach the page."""

_HEAD = """\
# make_rules.py makes this file from the table in aggregator/core/incidents/alerts.py and from
# other_alerts.py. A test fails when it is out of date. README.md says what the severities mean.
#
# max by (venue, host) merges two aggregators: an alert fires when either says so, and ends when
# both say that it is over. "or … unless … and" keeps an alert of an incident while no aggregator
# that knows its venue can be scraped: nobody looks, so nothing is over.

groups:
"""
_HEAD_WITH_PUSH = """\
# make_rules.py makes this file as it makes rules.yml. A test fails when it is out of date.
#
# Load it instead of rules.yml where the aggregator pushes the alerts of incidents to Alertmanager
# itself ([alertmanager] in aggregator.toml): nobody is to be told by both. That no venue is watched
# can not be pushed, and stays here.

groups:
"""


class Links(NamedTuple):
    """Where pages are served: those of ``docs/runbooks/``, and the aggregator's own."""

    runbooks: str
    pages: str


_PROBLEMS: dict[Kind, str] = {
    "centre": "venuewatch_aggregator_problem",
    "centre part": "venuewatch_aggregator_part_problem",
    "bridge": "venuewatch_venue_problem",
    "venue": "venuewatch_venue_problem",
    "venue link": "venuewatch_venue_problem",
    "feed": "venuewatch_check_problem",
    "source": "venuewatch_check_problem",
    "check": "venuewatch_check_problem",
    "venue check": "venuewatch_check_problem",
}
_OF_CENTRE = frozenset({"centre", "centre part"})
_HOST_PROBLEM = "venuewatch_host_problem"
_ONLY: dict[Kind, str] = {"check": 'host!="",', "venue check": 'host="",'}
"""What tells the series of two kinds apart that have the same metric and causes."""

_KEEP = "30s"  # a restart of the aggregator, and a failed scrape, are over before that
_FOR_HOST = "5s"  # one more look: a venue that is cut off is known by then, and its hosts wait


UNWELL_HOST = Record(
    "venuewatch:unwell_host:max",
    """\
max by (venue, host) (
    last_over_time({__name__=~"venuewatch_(host|check)_problem",host!=""}[1m])
  or
    venuewatch_check_state{state=~"critical|warning|unknown"}
  or
    last_over_time(venuewatch_check_state{state=~"critical|warning|unknown"}[1m])
)""",
)
UNWELL_HOST_INFO = Record(
    "venuewatch:unwell_host_info:max",
    """\
label_replace(
    topk by (venue, host) (1, max by (venue, host, role) (
      last_over_time(venuewatch_host_info[1m]) and on (venue, host) venuewatch:unwell_host:max
    ))
  or on (venue, host)
    venuewatch:unwell_host:max,
  "instance", "$1", "host", "(.+)"
)""",
)
"""For the rules that are evaluated each 5 s: of few hosts, so that joins with it cost nothing."""

HOST_INFO = Record(
    "venuewatch:host_info:max",
    """\
label_replace(
    topk by (venue, host) (1, max by (venue, host, role) (
      last_over_time(venuewatch_host_info[2m])
    ))
  or on (venue, host)
    max by (venue, host) (last_over_time(venuewatch_host_up[2m]) >= bool 0),
  "instance", "$1", "host", "(.+)"
)""",
)
FILESYSTEM = Record(
    "venuewatch:filesystem_avail:ratio",
    """\
node_filesystem_avail_bytes / node_filesystem_size_bytes < 0.25
unless
  node_filesystem_readonly == 1""",
)
"""Of filesystems that are getting full only, so that a forecast looks at few series."""

REACHABLE = Record(
    "venuewatch:venue_reachable:max",
    """\
  max by (venue) (venuewatch_venue_state{state=~"ok|degraded"})
and
  max by (venue) (venuewatch_venue_state{state=~"ok|degraded|unreachable"}) == 1""",
)
"""While any aggregator can tell, 1 or 0: moment by moment, so that one that is away weighs not."""

AVAILABILITY = Record(
    "venuewatch:venue_availability:ratio_1d",
    "avg_over_time(venuewatch:venue_reachable:max[1d])",
)


def incident_rules(*, is_pushed: bool) -> Iterator[Rule]:
    """Yield the rules of incidents; of the centre's alone if all others are pushed."""
    alerts: dict[Alert, Kind] = {
        row.alert: kind for (kind, _), row in ROWS.items() if kind in _OF_CENTRE or not is_pushed
    }
    for alert, kind in alerts.items():
        causes = {cause: row.sentence for (_, cause), row in ROWS.items() if row.alert is alert}
        metric = _PROBLEMS.get(kind, _HOST_PROBLEM)
        if kind == "centre":
            expr = f"min(max by (job, instance) ({PROBLEM_OF_CENTRE})) == 1"
            told_by = _by_cause(metric, (), causes)
            yield Rule(alert.name, alert.severity, alert.summary, told_by, expr, _KEEP, _KEEP)
            continue
        if kind == "centre part":
            told = f'last_over_time({metric}{{cause=~"{"|".join(causes)}"}}[20s])'
            expr = f"max by (job, instance) ({told}) == 1"
            told_by = _by_cause(metric, (), causes)
            yield Rule(alert.name, alert.severity, alert.summary, told_by, expr, "", _KEEP)
            continue
        labels = ", ".join(LABELS[kind])
        only = _ONLY.get(kind, "")
        told = f'max by ({labels}) ({metric}{{{only}cause=~"{"|".join(causes)}"}})'
        if "host" in LABELS[kind]:
            told = with_unwell_host(told)
            labels += ", instance, role"
        expr = f"{told}\nor\n{_held(alert.name, labels)}"
        for_ = "" if kind == "venue" else _FOR_HOST
        told_by = _by_cause(metric, LABELS[kind], causes, only)
        yield Rule(alert.name, alert.severity, alert.summary, told_by, expr, for_, _KEEP)


def _held(name: str, labels: str) -> str:
    """Return the alerts of that name whose venue can not be scraped now."""
    return (
        f'  max by ({labels}) (ALERTS{{alertname="{name}", alertstate="firing"}})\n'
        "  unless on (venue) venuewatch_venue_up\n"
        f"  and on () ({UP} == 0 or absent({UP}))"
    )


def _by_cause(metric: str, labels: tuple[str, ...], causes: dict[str, str], only: str = "") -> str:
    """Return a template that tells the sentence of each cause that a subject has now."""
    sentences = {
        cause: sentence.format(**{name: f"{{{{ $labels.{name} }}}}" for name in labels})
        for cause, sentence in causes.items()
    }
    if len(sentences) == 1:
        return next(iter(sentences.values()))
    matchers = only + "".join(f"{name}=%q," for name in labels) + f'cause=~"{"|".join(causes)}"'
    values = "".join(f" $labels.{name}" for name in labels)
    question = f"max by (cause) ({metric}{{{matchers}}}) == 1"
    lines = [
        f'{{{{ range $at, $one := printf `{question}`{values} | query | sortByLabel "cause" -}}}}',
        "{{ if $at }} {{ end -}}",
    ]
    word = "{{ if"
    for cause, sentence in sentences.items():
        lines.append(f'{word} eq $one.Labels.cause "{cause}" -}}}}\n{sentence}')
        word = "{{- else if"
    subject = " in ".join(f"{{{{ $labels.{name} }}}}" for name in reversed(labels))
    nothing = f"The aggregator does not tell a cause{subject and f' of {subject}'} at present."
    return "\n".join([*lines, "{{- end -}}", "{{ else -}}", nothing, "{{- end }}"])


def text(runbooks: str = RUNBOOKS, pages: str = PAGES, *, is_pushed: bool = False) -> str:
    """Return a whole file.

    ``runbooks``: the base of each alert's ``runbook_url``, ``pages``: of its ``dashboard_url``.
    ``is_pushed``: whether the aggregator pushes the alerts of incidents itself.
    """
    links = Links(runbooks, pages)
    fast = [*incident_rules(is_pushed=is_pushed), *FAST]
    parts = [_HEAD_WITH_PUSH if is_pushed else _HEAD]
    slow = [SWITCH[is_pushed], *SLOW, *CREDENTIALS]
    records = [UNWELL_HOST, UNWELL_HOST_INFO, REACHABLE]
    parts += _group("venuewatch", "5s", records, fast, links)
    records = [HOST_INFO, FILESYSTEM, AVAILABILITY, READINGS_LOST, VERSION_GAPS]
    parts += _group("venuewatch-slow", "30s", records, slow, links)
    parts += _group("venuewatch-venues", "30s", BY_VENUE, [], links)
    return "".join(parts)


def _group(
    name: str, interval: str, records: Iterable[Record], rules: Iterable[Rule], links: Links
) -> Iterator[str]:
    yield f"  - name: {name}\n    interval: {interval}\n"
    yield "    rules:\n"
    for record in records:
        yield f"      - record: {record.record}\n"
        yield f"        expr: |-\n{_indented(record.expr.lstrip())}"
    for rule in rules:
        yield f"      - alert: {rule.name}\n"
        yield f"        expr: |-\n{_indented(rule.expr.lstrip())}"
        if rule.for_:
            yield f"        for: {rule.for_}\n"
        if rule.keep:
            yield f"        keep_firing_for: {rule.keep}\n"
        yield f"        labels: {{severity: {rule.severity}}}\n"
        yield "        annotations:\n"
        yield f"          summary: {json.dumps(rule.summary, ensure_ascii=False)}\n"
        yield f"          description: |-\n{_indented(rule.description, 12)}"
        yield f"          runbook_url: {links.runbooks}/{rule.name}\n"
        yield f"          dashboard_url: {links.pages}{_page_of(rule)}\n"


def _page_of(rule: Rule) -> str:
    """Return the page of what an alert is about: its incident stands there, with the evidence."""
    for label in ("host", "venue"):
        value = f"{{{{ $labels.{label} }}}}"
        if value in rule.description:
            return f"/{label}s/{value}"
    return "/"


def _indented(lines: str, by: int = 10) -> str:
    return "".join(f"{' ' * by}{line}\n" for line in lines.splitlines())


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Write the rules of deploy/prometheus/.")
    parser.add_argument("--runbooks", default=RUNBOOKS, help="where docs/runbooks/ is served")
    parser.add_argument("--pages", default=PAGES, help="[web] external_url of the aggregator")
    chosen = parser.parse_args()
    bases = (chosen.runbooks.rstrip("/"), chosen.pages.rstrip("/"))
    for file, is_pushed in FILES.items():
        made = text(*bases, is_pushed=is_pushed)
        (FOLDER / file).write_text(made, encoding="utf-8")
