"""The shipped Prometheus files, with Prometheus' own checker."""

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
    assert "SUCCESS: 36 rules found" in done.stdout


def test_prometheus_renames_nothing() -> None:
    assert "relabel" not in (FILES / "prometheus.yml").read_text()
