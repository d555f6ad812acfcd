"""Tests of the bench of the page: which delays it counts, and a very short run of each part."""

import json
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import pytest
from playwright.sync_api import Browser

from bench import __main__ as command
from bench import page
from bench.kit import kuma, page_load
from bench.kit.machine import program
from bench.kit.sights import Change, Sight, Turn, delays_of, tiles_of, together

needs_browser = pytest.mark.skipif(
    program("chromium") is None or program("mosquitto") is None,
    reason="chromium or mosquitto is not installed",
)
LEFT = Change("V00", 1, is_leaving=True, at=10.0)
SECOND_LEFT = Change("V00", 2, is_leaving=True, at=10.1)
RETURNED = Change("V00", 1, is_leaving=False, at=20.0)


def row_of(tmp_path: Path, side: str, *arguments: str) -> dict[str, Any]:
    output = tmp_path / "out.json"
    assert command.main(["page", "--only", side, *arguments, "--output", str(output)]) == 0
    (row,) = json.loads(output.read_text(encoding="utf-8"))["rows"]
    return dict(row)


def test_a_sight_with_later_changes_shows_earlier_ones() -> None:
    sights = [Sight("V00", "ok: 2 away, 37 up", 10.25), Sight("V00", "ok: 1 away, 38 up", 20.5)]

    found = delays_of([LEFT, SECOND_LEFT, RETURNED], sights)

    assert found.delays_s == pytest.approx([0.15, 0.25, 0.5])
    assert found.missed == 0


def test_what_a_page_never_shows_is_missed() -> None:
    earlier = Sight("V00", "ok: 1 away, 38 up", 9.0)
    elsewhere = Sight("V01", "ok: 1 away, 38 up", 11.0)

    assert delays_of([LEFT], [earlier, elsewhere]).missed == 1


def test_an_incident_is_shown_by_a_loud_tile_and_its_end_by_another() -> None:
    turns = [Turn("V00", is_loud=True, at=1.0), Turn("V00", is_loud=False, at=5.0)]
    sights = [Sight("V00", "critical: 39 unreachable", 1.5), Sight("V00", "ok: 39 up", 5.25)]

    assert delays_of(turns, sights).delays_s == [0.25, 0.5]


def test_percentiles_are_of_all_pages_together() -> None:
    pages = [delays_of([LEFT], [Sight("V00", "ok: 1 away", at)]) for at in (10.5, 11.0)]

    found = together(pages)

    assert (found.at(0.0), found.at(0.99), found.at(1.0)) == (0.5, 1.0, 1.0)
    assert together([]).at(0.5) is None


def test_tiles_are_read_from_fragments() -> None:
    html = (
        b'<li id="v-V00" class="t l-critical" data-severity="critical">\n<svg class="sq" '
        b'role="img" aria-label="Hosts: 39 unreachable"></svg></li>\n<li id="v-V01" class="t l-ok">'
        b'<svg aria-label="Hosts: 38 up"></svg></li>'
    )

    assert tiles_of(html) == [("V00", "critical: 39 unreachable"), ("V01", "ok: 38 up")]


@needs_browser
@pytest.mark.real
@pytest.mark.long
def test_a_fleet_is_painted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(page, "FLEETS", {"39x40": (78, 39)})

    row = row_of(tmp_path, "39x40", "--rounds", "1")

    assert row["paint_ms_median"] > 0
    assert 0 < row["html_gzip_kb"] < row["html_kb"]
    assert row["elements"] > 39
    assert 0 < row["scripts_and_style_kb"] <= 60


@needs_browser
@pytest.mark.real
@pytest.mark.timed
@pytest.mark.long
def test_no_page_misses_a_change_or_a_cut(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(page_load, "CUT_S", 5.0)

    row = row_of(tmp_path, "load", "--seconds", "2", "--pages", "5", "--hosts", "78")

    assert (row["changes"], row["changes_not_shown"], row["pages_that_differ"]) == (20, 0, 0)
    assert row["incidents_of_the_cut"] == 1  # most venues at one moment are one loss
    assert row["event_to_pixel_s_p99"] <= 5.0


def test_uptime_kuma_is_skipped_where_it_is_not(tmp_path: Path) -> None:
    row = kuma.row(tmp_path, Mock(spec=Browser), tmp_path)

    assert "npm install uptime-kuma" in str(row["skipped"])
