"""The shipped Alertmanager file, with Alertmanager's own checker, and what its inhibition needs."""

import contextlib
import http.client
import json
import re
import subprocess
import urllib.request
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from tests.deploy.alert_cases import CASES, of_check
from tests.deploy.promtool import rule_of
from tests.integration.monitoring import Alertmanager
from tests.integration.real import until

DEPLOY = Path(__file__).parents[2] / "deploy"
FILE = DEPLOY / "alertmanager" / "alertmanager.yml"
RULES = DEPLOY / "prometheus" / "rules.yml"


def amtool(*words: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["amtool", *words], capture_output=True, text=True, check=False)


def seconds(text: str, pattern: str) -> float:
    """Return the number of seconds that a pattern finds first; 0 where it finds nothing."""
    found = re.search(pattern, text)
    return float(found[1]) if found else 0.0


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
    evaluated_s = seconds(RULES.read_text(), r"interval: (\d+)s")
    hosts = {case.alert for case in CASES if "host" in case.labels}
    at_once = {alert for alert in hosts if " for: " not in rule_of(alert)}

    assert venue_s < seconds(rule_of("VenuewatchHostDown"), r" for: (\d+)s") + group_wait_s
    assert group_wait_s <= 2.0
    for alert in hosts - at_once:
        host_s = seconds(rule_of(alert), r" for: (\d+)") * (60 if "m\n" in rule_of(alert) else 1)
        assert venue_s + evaluated_s <= host_s, "one more evaluation, and the venue's is there"
    assert all("increase(" in rule_of(alert) for alert in at_once), "of what was before"


OF_A_HOST = {case.alert for case in CASES if "host" in case.labels}
HOLDING_BACK = {
    "VenuewatchVenueUnreachable": OF_A_HOST | {"VenuewatchVenueCheckFailing"},
    "VenuewatchVenueCheckFailing": {"VenuewatchCheckFailing"},
    "VenuewatchHostDown": OF_A_HOST - {"VenuewatchHostDown"},
    "VenuewatchResultsStopped": {"VenuewatchResultsDelayed"},
    "VenuewatchDiskFull": {"VenuewatchDiskFilling"},
    "VenuewatchCertificateNearlyExpired": {"VenuewatchCertificateExpiring"},
    "VenuewatchGone": {
        "VenuewatchAggregatorGone", "VenuewatchAggregatorBlind", "VenuewatchScrapesFail",
    },
}  # fmt: skip
"""Graver alerts, and which of all others each holds back: of its venue, host, check or disk."""


@pytest.mark.real
@pytest.mark.parametrize("graver", HOLDING_BACK)
def test_alert_that_a_graver_one_explains_is_held_back(tmp_path: Path, graver: str) -> None:
    others = HOLDING_BACK.keys() - {graver, *HOLDING_BACK[graver]}
    alerts = [
        {"alertname": case.alert, "severity": case.severity, **case.labels}
        for case in CASES
        if case.alert not in {*others, "VenuewatchBlind"}
    ]
    alerts.append({"alertname": "VenuewatchClockWrong", "severity": "warning", **ELSEWHERE})

    with Alertmanager(tmp_path, "http://127.0.0.1:9") as alertmanager:
        tell(alertmanager.port, alerts)

        until("they are held back", lambda: held_back(alertmanager.port) == HOLDING_BACK[graver])


@pytest.mark.real
def test_only_the_check_of_a_certificate_is_held_back_by_its_expiry(tmp_path: Path) -> None:
    checks = [{**of_check(kind), "check": kind} for kind in ("tls", "http")]
    soon = [{"alertname": "VenuewatchCertificateNearlyExpired", **check} for check in checks]
    failing = [{"alertname": "VenuewatchCheckFailing", **check, "kind": ""} for check in checks]

    with Alertmanager(tmp_path, "http://127.0.0.1:9") as alertmanager:
        tell(alertmanager.port, [*soon, *failing])

        until("it is held back", lambda: held_back(alertmanager.port, "check") == {"tls"})


ELSEWHERE = {"venue": "TAH", "host": "TAH-1", "instance": "TAH-1"}


def tell(port: int, alerts: Sequence[Mapping[str, str]]) -> None:
    body = json.dumps([{"labels": labels} for labels in alerts])
    headers = {"Content-Type": "application/json"}
    with contextlib.closing(http.client.HTTPConnection("127.0.0.1", port)) as connection:
        connection.request("POST", "/api/v2/alerts", body, headers)
        assert connection.getresponse().status == http.HTTPStatus.OK


def held_back(port: int, label: str = "alertname") -> set[str]:
    """Return a label of each alert that is held back; fail if one from elsewhere is among them."""
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/api/v2/alerts") as answer:
        found = [one for one in json.load(answer) if one["status"]["inhibitedBy"]]
    assert all(one["labels"].get("venue") != ELSEWHERE["venue"] for one in found)
    return {one["labels"][label] for one in found}


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
