"""The alert rules, by promtool: each fires for its cause, for nothing else, and over a restart."""

import re
import runpy
from pathlib import Path
from typing import Any

import pytest
import yaml

from aggregator.core.incidents.alerts import ROWS
from tests.deploy.alert_cases import (
    CASES,
    HOST,
    SECOND,
    STEADY,
    TARGET,
    Case,
    blindness,
    check,
    problem,
)
from tests.deploy.promtool import RULES, WITH_PUSH, Line, firing, rule_of, run_promtool, story

OF_CENTRE = {"centre", "centre part"}
WATCHDOG = "VenuewatchWatchdog"
cases = pytest.mark.parametrize("case", CASES, ids=lambda case: case.alert)
files = pytest.mark.parametrize("file", [RULES, WITH_PUSH], ids=lambda file: file.stem)


@pytest.fixture(scope="module")
def maker() -> dict[str, Any]:
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(RULES.parent)
        return runpy.run_path(str(RULES.parent / "make_rules.py"))


def alerts(file: Path = RULES) -> list[str]:
    return re.findall(r"- alert: (\w+)", file.read_text(encoding="utf-8"))


def told_of(case: Case) -> dict[str, str]:
    """Return what the rules file says of an alert that is the same for every subject."""
    part = rule_of(case.alert, case.rules)
    told = dict(re.findall(r'(summary|runbook_url|dashboard_url): "?([^"\n]+)', part))
    for name, value in case.labels.items():
        told["dashboard_url"] = told["dashboard_url"].replace(f"{{{{ $labels.{name} }}}}", value)
    return told


def test_rules_files_are_up_to_date(maker: dict[str, Any]) -> None:
    for file, is_pushed in maker["FILES"].items():
        made = maker["text"](is_pushed=is_pushed)
        assert made == (RULES.parent / file).read_text(), "run: deploy/prometheus/make_rules.py"


def test_no_alert_comes_by_rule_and_by_push(maker: dict[str, Any]) -> None:
    by_push = {row.alert.name for (kind, _), row in ROWS.items() if kind not in OF_CENTRE}
    switch = {is_pushed: rule.name for is_pushed, rule in maker["SWITCH"].items()}

    without, with_push = set(alerts(RULES)), set(alerts(WITH_PUSH))

    assert without - with_push == by_push | {switch[False]}
    assert with_push - without == {switch[True]}


def test_runbooks_can_be_served_elsewhere(maker: dict[str, Any]) -> None:
    made = maker["text"]("https://wiki.example.org/venuewatch")

    urls = re.findall(r"runbook_url: (.+)", made)
    assert urls == [f"https://wiki.example.org/venuewatch/{name}" for name in alerts()]


@cases
def test_alert_leads_to_the_page_of_its_subject(case: Case) -> None:
    of = next((name for name in ("host", "venue") if name in case.labels), None)
    page = f"{of}s/{case.labels[of]}" if of else ""

    assert told_of(case)["dashboard_url"] == f"https://venuewatch.example.org/{page}"


def test_pages_can_be_served_elsewhere(maker: dict[str, Any]) -> None:
    made = maker["text"](pages="https://mon.example.org/watch")

    urls = re.findall(r"dashboard_url: (.+)", made)
    assert len(urls) == len(alerts())
    assert all(url.startswith("https://mon.example.org/watch/") for url in urls)


def test_every_alert_has_a_case_and_every_case_an_alert() -> None:
    for file in (RULES, WITH_PUSH):
        assert {case.alert for case in CASES if case.rules == file} <= set(alerts(file))
    assert {case.alert for case in CASES} == {*alerts(RULES), *alerts(WITH_PUSH)}


@files
def test_each_group_says_how_often_it_is_evaluated(file: Path) -> None:
    groups = yaml.safe_load(file.read_text(encoding="utf-8"))["groups"]

    assert [group["interval"] for group in groups] == ["5s", "30s", "30s"]


@files
def test_no_rule_looks_at_two_samples_only(file: Path) -> None:
    assert not re.search(r"\b(?:irate|idelta)\(", file.read_text(encoding="utf-8"))


@files
def test_increase_of_a_counter_spans_four_readings(file: Path) -> None:
    functions = r"\b(?:rate|increase|delta|deriv|predict_linear)\("
    text = file.read_text(encoding="utf-8")

    spans = re.findall(rf"{functions}\s*[\w:]+(?:{{[^}}]*}})?\[(\d+)([mh])\]", text)

    assert len(spans) == len(re.findall(functions, text)) > 10
    assert all(int(count) * {"m": 60, "h": 3600}[unit] >= 4 * 30 for count, unit in spans)


@cases
def test_alert_of_a_host_names_neither_aggregator_nor_state(case: Case) -> None:
    assert "{{" not in told_of(case)["summary"]
    if "host" in case.labels:
        assert case.labels["instance"] == case.labels["host"]
        assert case.labels.keys().isdisjoint({"state", "job"})


@pytest.mark.real
@cases
def test_alert_fires_alone_no_sooner_with_its_words(tmp_path: Path, case: Case) -> None:
    test = story({**STEADY, **case.series}, case.every_s, case.after_s // case.every_s + 1)
    told = {
        "exp_labels": {**case.labels, "severity": case.severity},
        "exp_annotations": {**told_of(case), "description": case.description},
    }
    at = f"{case.after_s}s"
    test["alert_rule_test"] = [{"eval_time": at, "alertname": case.alert, "exp_alerts": [told]}]
    alone = [case.alert] if case.alert != WATCHDOG else []
    test["promql_expr_test"] = [firing(case.after_s, *alone)]
    if case.after_s:
        test["promql_expr_test"].append(firing(case.after_s - case.every_s))

    run_promtool(tmp_path, test, rules=case.rules)


@pytest.mark.real
@files
def test_nothing_fires_while_all_is_well(tmp_path: Path, file: Path) -> None:
    every_s, longest_s = 10, max(case.after_s for case in CASES)
    series = dict(STEADY)
    for case in sorted(CASES, key=lambda case: case.rules == file):  # those of this file win
        series |= case.well
    test = story(series, every_s, longest_s // every_s + 20)
    times = range(every_s, longest_s + 20 * every_s, 3 * every_s)

    quiet = [firing(at) for at in times]

    run_promtool(tmp_path, {**test, "promql_expr_test": quiet}, rules=file)


@pytest.mark.real
@cases
def test_failed_scrapes_and_a_restart_end_no_alert(tmp_path: Path, case: Case) -> None:
    fired = case.after_s // case.every_s
    looks = 20
    span = f'{{alertname="{case.alert}",alertstate="firing"}}[{looks * case.every_s}s]'
    asked = {
        "expr": f"count(count_over_time(ALERTS{span}) >= {looks})",
        "eval_time": f"{(fired + looks) * case.every_s}s",
        "exp_samples": [{"labels": "{}", "value": 1}],
    }
    tests = []
    for failed in (1, 3):
        gap = range(0) if case.is_of_aggregator else range(fired + 3, fired + 3 + failed)
        test = story({**STEADY, **case.series}, case.every_s, fired + looks + 1, gap)
        tests.append({**test, "promql_expr_test": [asked]})

    run_promtool(tmp_path, *tests, only=case.alert, rules=case.rules)


INCIDENTS = {
    "VenuewatchHostDown": problem("host", HOST, "silent"),
    "VenuewatchVenueUnreachable": problem("venue", 'venue="STA"', "venue_unreachable"),
    "VenuewatchResultsStopped": problem("check", f'{HOST},check="feed"', "results_frozen"),
    "VenuewatchCheckFailing": problem("check", f'{HOST},check="gate"', "check_failed"),
    "VenuewatchVenueCheckFailing": problem("check", 'venue="STA",check="gate"', "flapping"),
}
incidents = pytest.mark.parametrize("alert", INCIDENTS)


@pytest.mark.real
@pytest.mark.parametrize(
    ("alert", "up"), [*((alert, "0") for alert in INCIDENTS), ("VenuewatchHostDown", "stale")]
)
def test_incident_stays_while_the_aggregator_is_gone(tmp_path: Path, alert: str, up: str) -> None:
    test = story({**STEADY, **INCIDENTS[alert]}, 10, 100, range(10, 90))
    for one in test["input_series"]:
        if one["series"].startswith("up{"):
            one["values"] = one["values"].replace("0", up)

    asked = [firing(at, alert, "VenuewatchGone") for at in (200, 500, 890)]

    run_promtool(tmp_path, {**test, "promql_expr_test": asked})


OF_CHECKS = [case for case in CASES if case.alert == "VenuewatchCheckWarning"]


@pytest.mark.real
@pytest.mark.parametrize("read_s", [30, 60])
def test_failing_check_is_told_at_the_times_of_its_readings(tmp_path: Path, read_s: int) -> None:
    tests = []
    for case in OF_CHECKS:
        test = story(STEADY, 5, case.after_s // 5 + 20)
        test["input_series"] += [
            {"series": name, "values": read(read_s, case.after_s + 100)} for name in case.series
        ]
        times = range(case.after_s + 5, case.after_s + 90, 20)
        tests.append({**test, "promql_expr_test": [firing(at, case.alert) for at in times]})

    run_promtool(tmp_path, *tests)


@pytest.mark.real
def test_failed_scrape_ends_no_alert_of_a_check_whose_samples_have_times(tmp_path: Path) -> None:
    (name,) = check("disk", "warning")
    test = story(STEADY, 5, 120, range(73, 74))
    times = f"{'1 _x11 ' * 6}1 stale _x10 1 _x11 1 _x11 1"
    test["input_series"].append({"series": name, "values": times})
    asked = [firing(at, "VenuewatchCheckWarning") for at in range(300, 480, 5)]

    run_promtool(tmp_path, {**test, "promql_expr_test": asked})


def read(every_s: int, for_s: int) -> str:
    """Return a sample at each reading, as Prometheus keeps them with their times."""
    return f"1 _x{every_s // 5 - 1} " * (for_s // every_s + 1)


@pytest.mark.real
def test_failed_scrape_puts_off_no_word_of_blindness(tmp_path: Path) -> None:
    test = story({**STEADY, **blindness(TARGET, "broker_down", is_blind=True)}, 5, 10, range(3, 4))

    run_promtool(tmp_path, {**test, "promql_expr_test": [firing(30, "VenuewatchBlind")]})


@pytest.mark.real
@pytest.mark.parametrize(
    ("alert", "counter"),
    [
        ("VenuewatchReadingsLost", f"venuewatch_agent_dropped_total{{{HOST}}}"),
        (
            "VenuewatchResultsVersionsLost",
            f'venuewatch_results_version_gaps_total{{{TARGET},{HOST},check="probe",kind="feed"}}',
        ),
    ],
)
def test_loss_while_a_host_was_cut_off_is_told_when_it_is_back(
    tmp_path: Path, alert: str, counter: str
) -> None:
    test = story(STEADY, 30, 170)
    test["input_series"].append({"series": counter, "values": "7x20 stale _x99 57x60"})
    asked = [firing(at) for at in (600, 3_600, 5_000)]

    test["promql_expr_test"] = [*asked, firing(3_660, alert)]
    run_promtool(tmp_path, test, only=alert)


@pytest.mark.real
@incidents
def test_incident_ends_half_a_minute_after_its_problem(tmp_path: Path, alert: str) -> None:
    test = story(STEADY, 5, 40)
    (name,) = INCIDENTS[alert]
    test["input_series"].append({"series": name, "values": "1x10 stale"})
    asked = [firing(at, *names) for at, names in ((50, {alert}), (80, {alert}), (90, set()))]

    run_promtool(tmp_path, {**test, "promql_expr_test": asked})


@pytest.mark.real
@incidents
def test_two_aggregators_tell_one_alert_until_both_are_done(tmp_path: Path, alert: str) -> None:
    (name,) = INCIDENTS[alert]
    test = story({**STEADY, **of_second(STEADY)}, 5, 60)
    test["input_series"] += [
        {"series": name, "values": "1x10 stale"},
        {"series": name.replace(TARGET, SECOND), "values": "_x4 1x20 stale"},
    ]
    count = f'count(ALERTS{{alertname="{alert}",alertstate="firing"}})'
    asked = [
        {"expr": count, "eval_time": f"{at}s", "exp_samples": [{"labels": "{}", "value": 1}]}
        for at in (10, 40, 60, 90, 120)
    ]

    run_promtool(tmp_path, {**test, "promql_expr_test": [*asked, firing(180)]})


@pytest.mark.real
def test_a_target_that_is_no_longer_scraped_holds_no_alert(tmp_path: Path) -> None:
    alert = "VenuewatchHostDown"
    test = story({**of_second(STEADY)}, 5, 60)
    gone = {**STEADY, **INCIDENTS[alert]}
    test["input_series"] += [{"series": name, "values": "1x10 stale"} for name in gone]
    test["input_series"] = [
        one for one in test["input_series"] if "venuewatch_aggregator_" not in one["series"]
    ]

    run_promtool(tmp_path, {**test, "promql_expr_test": [firing(50, alert), firing(120)]})


@pytest.mark.real
@pytest.mark.parametrize("venues", [1, 39])
def test_lost_aggregator_is_one_alert_however_many_targets(tmp_path: Path, venues: int) -> None:
    series: dict[str, Line] = {f'up{{{TARGET},venue="V{at}"}}': (0.0, 0.0) for at in range(venues)}
    series |= {
        f'up{{job="node",instance="centre:8039",venue="V{at}"}}': (0.0, 0.0) for at in range(venues)
    }
    test = story({f"up{{{TARGET}}}": (0.0, 0.0), **series}, 5, 60)

    asked = [firing(at, "VenuewatchGone") for at in (30, 120, 240)]

    run_promtool(tmp_path, {**test, "promql_expr_test": asked})


@pytest.mark.real
def test_cause_that_gets_precise_makes_no_new_alert(tmp_path: Path) -> None:
    test = story(STEADY, 5, 20)
    for cause, values in (("silent", "1x4 stale"), ("host_down", "_x5 1x14")):
        (name,) = problem("host", HOST, cause)
        test["input_series"].append({"series": name, "values": values})
    span = 'ALERTS{alertname="VenuewatchHostDown",alertstate="firing"}[90s]'
    asked = {
        "expr": f"count_over_time({span}) >= 18",
        "eval_time": "95s",
        "exp_samples": [
            {
                "labels": '{alertname="VenuewatchHostDown",alertstate="firing",severity="critical"'
                f',{HOST},instance="STA-1",role="results"}}',
                "value": 19,
            }
        ],
    }

    run_promtool(tmp_path, {**test, "promql_expr_test": [asked]})


@pytest.mark.real
def test_host_without_info_is_told_without_a_role(tmp_path: Path) -> None:
    series = {name: line for name, line in STEADY.items() if "host_info" not in name}
    test = story({**series, **problem("host", HOST, "silent")}, 5, 10)
    labels = '{venue="STA",host="STA-1",instance="STA-1"}'
    expr = 'count by (venue, host, instance, role) (ALERTS{alertname="VenuewatchHostDown"})'
    asked = {"expr": expr, "eval_time": "30s", "exp_samples": [{"labels": labels, "value": 1}]}

    run_promtool(tmp_path, {**test, "promql_expr_test": [asked]})


@pytest.mark.real
def test_aggregators_with_other_roles_of_a_host_tell_one_alert(tmp_path: Path) -> None:
    other = {name.replace("results", "timing"): line for name, line in of_second(STEADY).items()}
    test = story({**STEADY, **other, **problem("host", HOST, "silent")}, 5, 10)

    run_promtool(tmp_path, {**test, "promql_expr_test": [firing(30, "VenuewatchHostDown")]})


def of_second(series: dict[str, Line] | Any) -> dict[str, Line]:
    """Return the same series, as another aggregator has them."""
    return {name.replace(TARGET, SECOND): line for name, line in series.items()}
