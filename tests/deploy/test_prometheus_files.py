"""The shipped Prometheus files, with Prometheus' own checker."""

import json
import subprocess
from pathlib import Path

import pytest

FILES = Path(__file__).parents[2] / "deploy" / "prometheus"


def promtool(*words: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["promtool", *words], capture_output=True, text=True, check=False)


@pytest.mark.real
def test_promtool_finds_nothing_wrong_with_the_files() -> None:
    options = ("--lint=all", "--lint-fatal")

    done = promtool("check", "config", *options, FILES / "prometheus.yml")

    assert done.returncode == 0, done.stderr
    assert "4 rules found" in done.stdout


def test_prometheus_renames_nothing() -> None:
    assert "relabel" not in (FILES / "prometheus.yml").read_text()


HEALTHY = {
    'up{job="venuewatch"}': "1x20",
    "venuewatch_aggregator_broker_connected": "1x20",
    'venuewatch_host_state{venue="STA",host="STA-1",state="up"}': "1x20",
}
DOWN = 'venuewatch_host_state{venue="STA",host="STA-1",state="down"}'
UNREACHABLE = 'venuewatch_venue_state{venue="STA",state="unreachable"}'
LOST_HOST = 'venuewatch_host_state{venue="STA",host="STA-1",state="unreachable"}'


@pytest.mark.real
@pytest.mark.parametrize(
    ("series", "at", "firing"),
    [
        ({}, "60s", []),
        ({DOWN: "_x3 1x16"}, "20s", ["VenueHostDown"]),
        ({UNREACHABLE: "1x20", LOST_HOST: "1x20"}, "5s", ["VenueUnreachable"]),
        ({"venuewatch_aggregator_broker_connected": "0x20"}, "25s", []),
        ({"venuewatch_aggregator_broker_connected": "0x20"}, "35s", ["VenuewatchBlind"]),
        ({'up{job="venuewatch"}': "0x20"}, "35s", ["VenuewatchGone"]),
        ({'up{job="venuewatch"}': "_x20"}, "35s", ["VenuewatchGone"]),
    ],
)
def test_an_alert_fires_for_its_cause_and_for_nothing_else(
    tmp_path: Path, series: dict[str, str], at: str, firing: list[str]
) -> None:
    told = [{"series": name, "values": values} for name, values in (HEALTHY | series).items()]
    asked = {"expr": 'group by (alertname) (ALERTS{alertstate="firing"})', "eval_time": at}
    expected = [{"labels": f'{{alertname="{name}"}}', "value": 1} for name in firing]
    unit = {
        "rule_files": [str(FILES / "rules.yml")],
        "evaluation_interval": "5s",
        "tests": [
            {
                "interval": "5s",
                "input_series": told,
                "promql_expr_test": [asked | {"exp_samples": expected}],
            }
        ],
    }
    (tmp_path / "unit.yml").write_text(json.dumps(unit))  # JSON is YAML

    done = promtool("test", "rules", tmp_path / "unit.yml")

    assert done.returncode == 0, done.stdout + done.stderr
