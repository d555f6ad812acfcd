"""Vitals in a real Prometheus, beside node_exporter's of the same machine in the same Prometheus.

A short form of ``python -m bench vitals``: vitals each 2 s instead of 10, and all scrapes as much
closer together. What is a matter of milliseconds, as the kernel's ticks of 10 ms are, then weighs
five times as much.
"""

import re
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import psutil
import pytest
import yaml

from bench import vitals
from bench.kit.beside import PLAIN, Scene, scene, theirs, timed
from bench.kit.result import Row, Value
from tests.integration.real import until

pytestmark = [
    pytest.mark.real,
    pytest.mark.timed,
    pytest.mark.skipif(not psutil.LINUX, reason="node_exporter reads /proc here"),
]

EVERY_S = 2.0
MEASURED_S = 16.0
OFF_PCT = 2.0 * 10.0 / EVERY_S
"""As many milliseconds as 2 % of 10 s are."""
RATE_OFF_PCT = OFF_PCT / 5
"""The same, of the 12 s that `rate` looks back."""
CUT_SHORT = 143 / 180

THEIRS = theirs(EVERY_S)
RULES = Path(__file__).parent / "node_rules.yml"
NAME = re.compile(r"(?<![:\w])node_\w+")
RECORDED = re.compile(r"\w+:node_\w+:\w+")
COMPARISON = re.compile(r"(==|[<>]=?) (?=-?\d)")


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    """Ours and theirs, with the rules of each."""
    folder = tmp_path_factory.mktemp("beside")
    rules = folder / "their_rules.yml"
    text = RULES.read_text().replace('job="node"', f'job="{THEIRS}"')
    rules.write_text(re.sub(r"(- name: \w+)", r"\1 of node_exporter", text))
    with scene(folder, EVERY_S, rules=[RULES, rules]) as running:
        yield running


@cache
def rules() -> dict[str, str]:
    """Return the expressions of all rules by name."""
    groups = yaml.safe_load(RULES.read_text())["groups"]
    return {
        rule.get("record") or rule["alert"]: rule["expr"]
        for group in groups
        for rule in group["rules"]
    }


def asked(name: str) -> set[str]:
    """Return the metrics that a rule asks for, also by way of other rules."""
    expr = rules()[name]
    return set(NAME.findall(expr)).union(*map(asked, RECORDED.findall(expr)))


def names(both: Scene, job: str) -> set[str]:
    found = both.prometheus.now(f'count by (__name__) ({{__name__=~"node_.*",job="{job}"}})')
    return {labels["__name__"] for labels, _ in found}


def recorded(both: Scene, job: str) -> set[str]:
    found = both.prometheus.now(f'count by (__name__) ({{__name__=~".+:.+",job="{job}"}})')
    return {labels["__name__"] for labels, _ in found}


def answerable(both: Scene) -> set[str]:
    """Name the rules that ask for what this machine has."""
    here = names(both, PLAIN)
    return {name for name in rules() if asked(name) <= here}


def test_rules_ask_for_every_name_that_is_shared(both: Scene) -> None:
    wanted = set().union(*map(asked, rules()))

    shared = until("both are scraped", lambda: names(both, PLAIN) & names(both, THEIRS))

    assert sorted(shared - wanted) == []


def test_rules_find_on_vitals_what_they_find_on_node_exporter(both: Scene) -> None:
    """A rule that finds nothing asks for a name that this machine has not."""
    recording = {name for name in answerable(both) if ":" in name}

    until("each finds something", lambda: recording <= recorded(both, PLAIN), within_s=30.0)

    assert recorded(both, THEIRS) <= recorded(both, PLAIN)
    assert len(answerable(both)) > 0.8 * len(rules())


def test_alerts_can_be_decided(both: Scene) -> None:
    """Each comparison of an alert gives 0 or 1, where there is something to compare."""

    def decided() -> set[str]:
        as_bool = {name: COMPARISON.sub(r"\1 bool ", rules()[name]) for name in alerts}
        return {
            name
            for name, expr in as_bool.items()
            if any(labels["job"] == PLAIN for labels, _ in both.prometheus.now(expr))
        }

    alerts = {name for name in answerable(both) if ":" not in name}

    until("each can be decided", lambda: alerts <= decided(), within_s=30.0)

    assert len(alerts) > 10


def test_no_rule_fails(both: Scene) -> None:
    def evaluated() -> list[dict[str, Any]] | None:
        found = both.prometheus.rules()
        return None if any(rule["health"] == "unknown" for rule in found) else found

    found = until("all are evaluated", evaluated, within_s=30.0)

    assert {rule["name"]: rule["lastError"] for rule in found if "lastError" in rule} == {}
    assert len(found) == 2 * len(rules())


@pytest.fixture(scope="module")
def span(both: Scene) -> tuple[float, float]:
    """Let some steps pass for which every range is full; return from when till when."""
    start = vitals.await_history(both)
    end = start + MEASURED_S
    vitals.await_scrapes(both, end)
    return start, end


@pytest.fixture(scope="module")
def rates(both: Scene, span: tuple[float, float]) -> dict[str, Row]:
    return {str(row["side"]): row for row in vitals.rates(both, *span)}


@pytest.mark.parametrize("interval_s", [1.0, 2.0, 3.0, 6.0])
def test_irate_is_true_at_any_scrape_interval(rates: dict[str, Row], interval_s: float) -> None:
    row = rates[f"ours, {timed(interval_s)}"]

    assert row["irate_empty"] == 0
    assert as_number(row["irate_off_pct"]) <= OFF_PCT


@pytest.mark.parametrize("interval_s", [1.0, 2.0, 3.0, 6.0])
def test_rate_is_true_where_no_reading_is_skipped(rates: dict[str, Row], interval_s: float) -> None:
    row = rates[f"ours, {timed(interval_s)}"]

    assert row["rate_empty"] == 0
    assert as_number(row["rate_off_pct"]) <= RATE_OFF_PCT


def test_without_times_rates_are_true_at_the_vitals_interval(rates: dict[str, Row]) -> None:
    row = rates["ours, no times"]

    assert row["irate_empty"] == row["rate_empty"] == 0
    assert as_number(row["irate_off_pct"]) <= OFF_PCT
    assert as_number(row["rate_off_pct"]) <= RATE_OFF_PCT


def test_two_aggregators_store_a_reading_once(both: Scene, span: tuple[float, float]) -> None:
    """Their clocks differ by up to 50 ms, now more and now less."""
    row = vitals.stored(both, *span)

    assert as_number(row["series"]) > 100
    assert as_number(row["readings"]) == pytest.approx(MEASURED_S / EVERY_S, abs=1)
    assert row["not_as_from_one"] == row["refused"] == 0


def test_prometheus_cuts_rates_of_uneven_samples_short(tmp_path: Path) -> None:
    """What is read each 10 s and scraped each 15 s comes 10 and 20 s apart, by turns.

    That is why a rate over a minute of it is a fifth low, though each sample is right.
    """
    (tmp_path / "none.yml").write_text("groups: []\n")
    read = [10 * (int(at / 10)) for at in range(15, 300, 15)]
    values = " ".join(str(at) if at in read else "_" for at in range(0, 290, 10))
    expected = [("irate(read[2m])", 1.0), ("rate(read[1m])", CUT_SHORT)]
    unit = {
        "rule_files": ["none.yml"],
        "evaluation_interval": "1s",
        "tests": [
            {
                "interval": "10s",
                "input_series": [{"series": "read", "values": values}],
                "promql_expr_test": [
                    {
                        "expr": expr,
                        "eval_time": "4m41s",
                        "exp_samples": [{"labels": "{}", "value": value}],
                    }
                    for expr, value in expected
                ],
            }
        ],
    }
    (tmp_path / "unit.yml").write_text(yaml.safe_dump(unit))

    done = subprocess.run(
        ["promtool", "test", "rules", tmp_path / "unit.yml"],
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stdout + done.stderr


def as_number(value: Value) -> float:
    assert isinstance(value, int | float)
    return value
