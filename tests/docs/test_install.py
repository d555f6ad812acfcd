"""Tests of the installation guide: one name for the broker's file, and packages that there are."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGES = [
    ROOT / "README.md",
    *sorted((ROOT / "docs").glob("*.md")),
    *sorted((ROOT / "deploy").rglob("*.md")),
    ROOT / "mosquitto" / "README.md",
]
NAME = "/etc/mosquitto/conf.d/00-venuewatch.conf"


def test_every_page_installs_the_brokers_file_under_one_name() -> None:
    installed = [
        line.split()[-1]
        for page in PAGES
        for line in page.read_text(encoding="utf-8").splitlines()
        if re.search(r"\binstall\b.* mosquitto/venuewatch\.conf ", line)
    ]

    assert len(installed) >= 2
    assert set(installed) == {NAME}


def test_no_page_takes_the_package_from_an_index() -> None:
    asked = [
        line
        for page in PAGES
        for line in page.read_text(encoding="utf-8").splitlines()
        if re.search(r"pip install\b.*(?<![/\w])venuewatch(?!-)", line) and "--no-deps" not in line
    ]

    assert asked == []
