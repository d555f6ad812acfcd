"""The shipped Prometheus files, with Prometheus' own checker and against their makers."""

import re
import runpy
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from aggregator.config import Config

FILES = Path(__file__).parents[2] / "deploy" / "prometheus"
SCRAPES = sorted(FILES.glob("prometheus*.yml"))
SINCE_2_48 = "track_timestamps_staleness"
JOBS = {"venuewatch": ("5s", "liveness"), "node": ("10s", "vitals")}

shipped = pytest.mark.parametrize("path", SCRAPES, ids=lambda path: path.stem)


def promtool(*words: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["promtool", *words], capture_output=True, text=True, check=False)


def jobs_of(path: Path) -> dict[str, dict[str, Any]]:
    jobs = yaml.safe_load(path.read_text())["scrape_configs"]
    return {job["job_name"]: job for job in jobs}


@pytest.mark.real
@shipped
def test_promtool_finds_nothing_wrong_with_the_files(path: Path, tmp_path: Path) -> None:
    lines = path.read_text().splitlines()
    known = [line for line in lines if not line.strip().startswith(SINCE_2_48)]
    (tmp_path / "prometheus.yml").write_text("\n".join(known))
    for rules in FILES.glob("rules*.yml"):
        (tmp_path / rules.name).write_text(rules.read_text())

    done = promtool("check", "config", "--lint=all", "--lint-fatal", tmp_path / "prometheus.yml")

    assert done.returncode == 0, done.stderr
    count = len(re.findall("- (?:alert|record): ", (FILES / "rules.yml").read_text()))
    assert f"SUCCESS: {count} rules found" in done.stdout
    assert (known != lines) is (path.stem == "prometheus-2.48")


@pytest.mark.real
@pytest.mark.parametrize("file", ["rules.yml", "rules-with-push.yml"])
def test_promtool_finds_nothing_wrong_with_the_rules(file: str) -> None:
    done = promtool("check", "rules", "--lint=all", "--lint-fatal", FILES / file)

    assert done.returncode == 0, done.stdout + done.stderr


@shipped
def test_each_file_has_the_two_jobs(path: Path) -> None:
    jobs = jobs_of(path)

    assert jobs.keys() == JOBS.keys()
    for name, (interval, collection) in JOBS.items():
        job = jobs[name]
        urls = [one["url"] for one in job.get("http_sd_configs", [])]
        collected = job.get("params", {}).get("collect")
        assert job["scrape_interval"] == interval
        assert job["honor_labels"] is True
        assert collected == [collection] or urls[0].endswith(f"/sd?collect={collection}")


@shipped
def test_rules_warn_at_half_of_each_files_limit(path: Path, maker: dict[str, Any]) -> None:
    limits = {name: job["sample_limit"] for name, job in jobs_of(path).items()}

    assert limits == maker["SAMPLE_LIMITS"]


def test_times_come_with_what_they_need() -> None:
    text = (FILES / "prometheus-2.48.yml").read_text()

    for job in jobs_of(FILES / "prometheus-2.48.yml").values():
        assert job["params"]["timestamps"] == ["1"]
        assert job["honor_timestamps"] is job[SINCE_2_48] is True
    assert yaml.safe_load(text)["storage"]["tsdb"] == {"out_of_order_time_window": "6h"}


def test_late_samples_are_written_as_the_shipped_jobs_scrape_them() -> None:
    text = (FILES / "prometheus-2.48.yml").read_text()
    jobs = jobs_of(FILES / "prometheus-2.48.yml")
    settings = Config()
    (target,) = jobs["venuewatch"]["static_configs"][0]["targets"]

    window = yaml.safe_load(text)["storage"]["tsdb"]["out_of_order_time_window"]

    assert window == f"{settings.remote_write.window_s / 3_600:g}h"
    assert settings.job_labels().vitals == {"job": "node"}
    assert settings.job_labels().checks == {"job": "venuewatch", "instance": target}
    assert all(jobs[job]["honor_labels"] is True for job in ("node", "venuewatch"))


def test_before_2_48_no_file_asks_for_times() -> None:
    asking = [path.stem for path in SCRAPES if "timestamps:" in path.read_text()]

    assert asking == ["prometheus-2.48"]


def test_operator_and_alloy_have_the_same_two_jobs(maker: dict[str, Any]) -> None:
    monitor = yaml.safe_load((FILES / "servicemonitor.yaml").read_text())
    alloy = (FILES / "config.alloy").read_text()

    told = {
        one["relabelings"][0]["replacement"]: (one["interval"], one["params"]["collect"][0])
        for one in monitor["spec"]["endpoints"]
    }
    scraped = re.findall(
        r'job_name += "(\w+)"\n +targets += discovery\.http\.(\w+)\.targets\n'
        r' +scrape_interval = "(\w+)"',
        alloy,
    )
    assert told == JOBS
    assert all(one["honorLabels"] for one in monitor["spec"]["endpoints"])
    assert {name: (interval, collect) for name, collect, interval in scraped} == JOBS
    assert alloy.count("honor_labels    = true") == 2
    limits = [int(limit) for limit in re.findall(r"sample_limit += (\d+)", alloy)]
    assert limits == [*maker["SAMPLE_LIMITS"].values()]
    assert monitor["spec"]["sampleLimit"] == max(limits)


def test_prometheus_renames_nothing() -> None:
    assert [path.stem for path in SCRAPES if "relabel" in path.read_text()] == []


@pytest.fixture
def maker(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    monkeypatch.syspath_prepend(FILES)
    return runpy.run_path(str(FILES / "other_alerts.py"))
