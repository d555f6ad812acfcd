"""Rules as promtool tests them: stories of series, and the questions that are put to them."""

import json
import re
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

RULES = Path(__file__).parents[2] / "deploy" / "prometheus" / "rules.yml"
WITH_PUSH = RULES.with_name("rules-with-push.yml")

Line = tuple[float, float]
"""A series' first value, and what it gains a step."""


def rule_of(alert: str, file: Path = RULES) -> str:
    """Return an alert's rule as it stands in the file."""
    text = file.read_text(encoding="utf-8")
    return re.split(r"\n +- (?:alert|name): ", text.partition(f"- alert: {alert}\n")[2])[0]


def values_of(line: Line, steps: int, gap: range = range(0)) -> str:
    """Return a series' values as promtool takes them, stale at the steps of ``gap``."""
    begin, gain = line
    return " ".join(
        "stale" if step in gap else f"{begin + gain * step:.12g}" for step in range(steps)
    )


def story(
    series: Mapping[str, Line], every_s: int, steps: int, gap: range = range(0)
) -> dict[str, Any]:
    """Return a test for promtool without its questions; scrapes fail at the steps of ``gap``."""
    told = []
    for name, line in series.items():
        values = values_of(line, steps, gap)
        if name.startswith("up{"):  # a failed scrape is a sample of this one
            values = values.replace("stale", "0")
        told.append({"series": name, "values": values})
    return {"interval": f"{every_s}s", "input_series": told}


def run_promtool(
    folder: Path, *tests: Mapping[str, Any], only: str = "", rules: Path = RULES
) -> None:
    """Have promtool run tests of one interval; fail with what it says.

    ``only``: the one alert that is evaluated, with the recording rules; all if not given.
    """
    content = yaml.safe_load(rules.read_text())
    for group in content["groups"]:
        group["rules"] = [one for one in group["rules"] if one.get("alert", only) == only]
    (folder / "rules.yml").write_text(json.dumps(content))  # JSON is YAML
    unit = {
        "rule_files": [str(folder / "rules.yml") if only else str(rules)],
        "evaluation_interval": tests[0]["interval"],
        "tests": tests,
    }
    (folder / "unit.yml").write_text(json.dumps(unit))
    done = subprocess.run(
        ["promtool", "test", "rules", folder / "unit.yml"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def firing(at_s: int, *names: str) -> dict[str, Any]:
    """Return the question which alerts fire at ``at_s``, and that these must, each once."""
    expected = [{"labels": f'{{alertname="{name}"}}', "value": 1} for name in sorted(names)]
    query = 'count by (alertname) (ALERTS{alertstate="firing",alertname!="VenuewatchWatchdog"})'
    return {"expr": query, "eval_time": f"{at_s}s", "exp_samples": expected}
