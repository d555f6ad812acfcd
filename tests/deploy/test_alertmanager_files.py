"""The shipped Alertmanager file, with Alertmanager's own checker, and what its inhibition needs."""

import re
import subprocess
from pathlib import Path

import pytest

DEPLOY = Path(__file__).parents[2] / "deploy"
FILE = DEPLOY / "alertmanager" / "alertmanager.yml"
RULES = DEPLOY / "prometheus" / "rules.yml"
SCRAPES = DEPLOY / "prometheus" / "prometheus.yml"


def amtool(*words: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["amtool", *words], capture_output=True, text=True, check=False)


def seconds(text: str, pattern: str) -> float:
    """Return the number of seconds that a pattern finds first; 0 where it finds nothing."""
    found = re.search(pattern, text)
    return float(found[1]) if found else 0.0


def rule_of(alert: str) -> str:
    return RULES.read_text().partition(f"- alert: {alert}\n")[2].partition("- alert:")[0]


@pytest.mark.real
def test_amtool_finds_nothing_wrong_with_the_file() -> None:
    done = amtool("check-config", FILE)

    assert done.returncode == 0, done.stderr
    assert "SUCCESS" in done.stdout


@pytest.mark.real
@pytest.mark.parametrize(
    ("labels", "receiver"),
    [
        ("alertname=VenuewatchHostDown severity=critical", "on-duty"),
        ("alertname=VenuewatchClockWrong severity=warning", "team"),
        ("alertname=VenuewatchHostUnseen severity=info", "nobody"),
        ("alertname=VenuewatchWatchdog severity=none", "dead-mans-switch"),
        ("alertname=Watchdog severity=none", "nobody"),
        ("alertname=SomebodyElses severity=page", "team"),
    ],
)
def test_each_severity_goes_to_its_receiver(labels: str, receiver: str) -> None:
    words = ("--config.file", str(FILE), *labels.split(), "venue=STA")

    done = amtool("config", "routes", "test", *words)

    assert done.stdout.split() == [receiver]


def test_every_severity_of_a_rule_has_a_route() -> None:
    severities = set(re.findall(r"severity: (\w+)", RULES.read_text()))
    routed = FILE.read_text()

    assert severities == {"critical", "warning", "info", "none"}
    assert all(severity in routed for severity in severities)


def test_venue_is_told_before_any_host_behind_it() -> None:
    group_wait_s = seconds(FILE.read_text(), r"group_wait: (\d+)s")
    venue_s = seconds(rule_of("VenuewatchVenueUnreachable"), r" for: (\d+)s")
    host_s = seconds(rule_of("VenuewatchHostDown"), r" for: (\d+)s")
    evaluated_s = seconds(SCRAPES.read_text(), r"evaluation_interval: (\d+)s")

    assert venue_s < host_s + group_wait_s
    assert venue_s + evaluated_s <= host_s, "one more evaluation, and the venue's alert is there"
    assert group_wait_s <= 2.0


def test_every_alert_that_is_named_exists() -> None:
    known = set(re.findall(r"- alert: (\w+)", RULES.read_text()))
    named = set(re.findall(r'alertname!?="(\w+)"', FILE.read_text()))
    patterns = re.findall(r'alertname=~"([^"]+)"', FILE.read_text())

    assert named <= known
    for pattern in patterns:
        words = re.search(r"\((.+)\)", pattern)
        assert words is not None
        matched = {name for name in known if re.fullmatch(pattern, name)}
        assert len(matched) == words[1].count("|") + 1, pattern
