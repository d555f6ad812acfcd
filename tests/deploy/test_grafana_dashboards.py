"""The committed dashboards: made by the code, whole, and made of metrics that exist."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import promql_parser
import pytest
import yaml
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.cog.plugins import register_default_plugins
from grafana_foundation_sdk.models.dashboard import Dashboard

from aggregator.core.centre import Centre
from aggregator.core.fleet import Fleet
from aggregator.core.states import HostState, VenueState
from aggregator.shell.families import OWN
from aggregator.shell.outlets.open_incidents import OpenIncidents
from aggregator.shell.outlets.own_metrics import OwnMetrics
from aggregator.shell.walltime import WallTime
from deploy.grafana import states
from deploy.grafana.assembly import generate
from tests.deploy.grafana_files import (
    BUILT_IN,
    FILES,
    GRAFANA,
    VARIABLE,
    Question,
    annotation_questions,
    columns_of,
    label_questions,
    panel_questions,
    panels_of,
    read,
    variables_of,
)
from venuewatch.base.wire.checks import CheckValues, NetworkState, ResultsState
from venuewatch.base.wire.readings import Readings, families_of
from venuewatch.rehearsal.live.pages import Page

NAMES = ["host", "monitor", "network", "results", "venue", "wall"]
PROMETHEUS = {"up", "scrape_duration_seconds", "scrape_samples_scraped"}
RULES = GRAFANA.parent / "prometheus" / "rules.yml"
NOT_IN_THE_SDK = {"titleFormat", "textFormat", "tagKeys", "step"}
"""Fields of a Prometheus annotation that Grafana reads and the SDK's class does not have."""

SOME = {"page": "http://monitor", "host": "h", "venue": "v", "check": "c", "instance": "i"}
SOME |= {"job": "venuewatch", "node_job": "node", "datasource": "p"}
QUESTIONS = [*panel_questions(), *annotation_questions()]

every_file = pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
every_question = pytest.mark.parametrize(
    "question", QUESTIONS, ids=lambda it: f"{it.dashboard} {it.place}"
)


def names_in(expr: str) -> set[str]:
    """Return the names of the metrics that an expression selects."""
    names: set[str] = set()

    def note(node: object) -> None:
        selector = node.vector_selector if isinstance(node, promql_parser.MatrixSelector) else node
        if isinstance(selector, promql_parser.VectorSelector):
            assert selector.name is not None, f"selects no metric by name: {expr}"
            names.add(selector.name)

    promql_parser.walk(promql_parser.parse(expr), note)
    return names


@pytest.fixture(scope="module")
def exposed() -> set[str]:
    """Return every name that a scrape can have, and those of recording rules."""
    centre = Centre(Fleet())
    centre.decisions.hearing.round_trip_s = 0.0
    centre.intake.broker_dropped = 0
    own = OwnMetrics(centre, version="")
    own.add(OpenIncidents({}, WallTime(0.0, 0.0)))
    text = own.render().decode()
    checks = {f"venuewatch_{family.name}" for family in families_of(CheckValues)}
    vitals = {family.name for family in families_of(Readings)}
    listed = set(re.findall(r"^# TYPE (\S+)", text, re.MULTILINE)) | Page(text.encode()).names
    names = listed | set(OWN) | checks | vitals | PROMETHEUS
    names |= {f"{name}_bucket" for name, series in OWN.items() if series.kind == "histogram"}
    return names | set(re.findall(r"- record: (\S+)", RULES.read_text(encoding="utf-8")))


def test_committed_dashboards_are_up_to_date() -> None:
    made = generate()

    assert sorted(made) == NAMES
    committed = {path.stem: path.read_text(encoding="utf-8") for path in FILES}
    assert committed == made, "run: python -m deploy.grafana"


@every_file
def test_dashboard_reads_back_with_nothing_lost(path: Path) -> None:
    register_default_plugins()
    written = read(path)

    back = json.loads(json.dumps(Dashboard.from_json(written), cls=JSONEncoder))

    for annotation in written["annotations"]["list"]:
        assert set(annotation) >= NOT_IN_THE_SDK
        for field in NOT_IN_THE_SDK:
            del annotation[field]
    assert back == written


@every_question
def test_expression_parses_and_its_metrics_exist(question: Question, exposed: set[str]) -> None:
    names = names_in(question.filled(SOME))

    assert names - exposed == set()


def test_metrics_of_variables_exist(exposed: set[str]) -> None:
    asked = {selector.partition("{")[0] for _, _, selector, _ in label_questions()}

    assert asked - exposed == set()
    assert len(asked) > 5


def test_only_counts_are_zero_where_nothing_is() -> None:
    with_zero = [it for it in panel_questions() if "vector(" in it.expr]

    assert all(re.fullmatch(r"count\(.+\) or vector\(0\)", it.expr) for it in with_zero)
    assert with_zero


def test_counters_of_checks_are_looked_at_over_four_readings() -> None:
    counters = re.compile(r"(\w+)\(venuewatch_(?:check|results)_\w+_total\{.*?\}\[(.+?)\]")
    found = [(it, use) for it in QUESTIONS for use in counters.findall(it.expr)]

    for question, (function, span) in found:
        assert (function, span) in {("rate", "$__rate_interval"), ("increase", "10m")}
        assert question.interval == "1m", question  # then $__rate_interval is 4 min
    assert len(found) > 10


@every_file
def test_panel_says_what_it_shows_and_lies_apart(path: Path) -> None:
    dashboard = read(path)
    taken: set[tuple[int, int]] = set()

    for panel in dashboard["panels"]:
        at = panel["gridPos"]
        cells = {
            (x, y)
            for x in range(at["x"], at["x"] + at["w"])
            for y in range(at["y"], at["y"] + at["h"])
        }
        assert not cells & taken
        assert at["x"] + at["w"] <= 24
        taken |= cells
    for panel in panels_of(dashboard):
        assert panel["title"]
        assert re.fullmatch(r"[A-Z].{10,}\.", panel["description"])
        assert panel["fieldConfig"]["defaults"]["unit"]
        assert panel["datasource"]["uid"] == "${datasource}"
    ids = [panel["id"] for panel in dashboard["panels"]]
    assert len(set(ids)) == len(ids)


@every_file
def test_lines_and_timelines_name_their_series(path: Path) -> None:
    drawn = [
        target
        for panel in panels_of(read(path))
        if panel["type"] in {"timeseries", "state-timeline"}
        for target in panel["targets"]
    ]

    assert all(target.get("legendFormat") for target in drawn)


@every_file
def test_every_variable_that_is_used_is_defined(path: Path) -> None:
    dashboard = read(path)
    defined = set(variables_of(dashboard)) | set(BUILT_IN)
    used = set(VARIABLE.findall(json.dumps(dashboard["panels"])))
    used |= set(VARIABLE.findall(json.dumps(dashboard["annotations"])))

    assert {name for name in used if not name.startswith("__")} - defined == set()
    assert {"datasource", "job", "node_job", "page"} <= defined


def links(value: Any) -> Iterator[str]:
    """Yield the address of each link of a panel."""
    if isinstance(value, dict):
        if isinstance(value.get("url"), str):
            yield value["url"]
        for part in value.values():
            yield from links(part)
    elif isinstance(value, list):
        for part in value:
            yield from links(part)


@every_file
def test_links_lead_to_dashboards_or_to_the_page(path: Path) -> None:
    known = {read(file)["uid"]: variables_of(read(file)) for file in FILES}

    for url in links(read(path)["panels"]):
        inside = re.match(r"/d/([\w-]+)\?(.*)", url)
        if inside is None:
            assert re.match(r"\$\{page\}/(venues|hosts|incidents)/\$\{", url), url
        else:
            chosen = set(re.findall(r"var-(\w+)=", inside[2]))
            assert chosen <= set(known[inside[1]])


@every_file
def test_links_of_a_table_use_its_own_columns(path: Path) -> None:
    for panel in panels_of(read(path)):
        used = set(re.findall(r"__data\.fields\.(\w+)", json.dumps(panel)))

        assert used <= set(columns_of(panel)), panel["title"]


def test_wall_leads_to_venues_hosts_and_incidents() -> None:
    urls = " ".join(links(read(GRAFANA / "generated" / "wall.json")["panels"]))

    for where in ("/d/venuewatch-venue?", "/d/venuewatch-host?", "/venues/$", "/hosts/$"):
        assert where in urls
    assert "${page}/incidents/${__data.fields.incident}" in urls


def test_every_state_has_a_number_and_a_colour() -> None:
    assert set(states.HOST) == {state.value for state in HostState}
    assert set(states.VENUE) == {state.value for state in VenueState}
    known = {state for each in (NetworkState, ResultsState) for state in get_args(each)}
    assert set(states.CHECK) == known


def test_a_worse_state_has_a_higher_number() -> None:
    assert states.numbers({"bad": "red", "good": "green"}) == {"good": 0, "bad": 1}
    assert states.worst("m", 'a="b"', "x", {"bad": "red", "good": "green"}) == (
        'max by (x) (\n  1 * (m{a="b",state="bad"} == 1)\n  or\n'
        '  0 * (m{a="b",state="good"} == 1)\n)'
    )


def test_links_lead_to_the_external_url_that_is_given() -> None:
    made = generate("https://monitor.example.org")

    for text in made.values():
        variable = variables_of(json.loads(text))["page"]
        assert variable["query"] == "https://monitor.example.org"


def test_provisioning_fits_the_readme_and_the_scrape_configuration() -> None:
    provisioning = GRAFANA / "provisioning"
    (provider,) = yaml.safe_load((provisioning / "dashboards" / "venuewatch.yml").read_text())[
        "providers"
    ]
    (source,) = yaml.safe_load((provisioning / "datasources" / "venuewatch.yml").read_text())[
        "datasources"
    ]
    config = yaml.safe_load((GRAFANA.parent / "prometheus" / "prometheus.yml").read_text())

    assert provider["options"]["path"] in (GRAFANA / "README.md").read_text(encoding="utf-8")
    usual = config["global"]["scrape_interval"]
    intervals = [job.get("scrape_interval", usual) for job in config["scrape_configs"]]
    slowest_s = max(int(interval.removesuffix("s")) for interval in intervals)
    assert int(source["jsonData"]["timeInterval"].removesuffix("s")) >= slowest_s
