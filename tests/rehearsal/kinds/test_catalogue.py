"""The kinds that are there: how many, what they expect, and why some can't be played."""

import re
from pathlib import Path

import pytest

from venuewatch.rehearsal.kinds.load import read_kinds, read_policies

ROOT = Path(__file__).parents[3]
KINDS = read_kinds()
PLAYABLE = {name: kind for name, kind in KINDS.items() if kind.is_playable}
PAGE = (ROOT / "docs" / "rehearsal" / "catalogue.md").read_text(encoding="utf-8")


def test_enough_kinds_can_be_played_in_each_mode() -> None:
    simulated = [name for name, kind in PLAYABLE.items() if "simulated" in kind.modes]
    live = [name for name, kind in PLAYABLE.items() if "live" in kind.modes]

    assert len(KINDS) == 112
    assert len(PLAYABLE) >= 80
    assert len(simulated) >= 75
    assert len(live) >= 55


def test_32_kinds_expect_no_alarm() -> None:
    quiet = [name for name, kind in KINDS.items() if kind.file.nothing]

    assert len(quiet) == 32
    assert not any(KINDS[name].file.expected for name in quiet)


def test_every_policy_is_tested_by_a_kind_that_can_be_played() -> None:
    assert {kind.file.policy for kind in PLAYABLE.values()} == set(read_policies())


@pytest.mark.parametrize("name", [name for name, it in KINDS.items() if len(it.modes) < 2])
def test_kind_that_lacks_a_mode_has_its_reason_in_the_catalogue(name: str) -> None:
    file = KINDS[name].file

    for reason in filter(None, (file.not_live, file.not_simulated)):
        assert re.search(rf"^\| `{name}` \| \w+ \| {re.escape(reason)} \|$", PAGE, re.MULTILINE)


@pytest.mark.parametrize("name", [name for name in KINDS if name not in PLAYABLE])
def test_kind_that_waits_has_its_reason_in_the_catalogue(name: str) -> None:
    assert f"| `{name}` | waits | it waits for {KINDS[name].file.waits_for} |" in PAGE


def test_metrics_that_have_to_grow_exist() -> None:
    metrics = (ROOT / "docs" / "metrics.md").read_text(encoding="utf-8")

    counted = {one.metric for kind in KINDS.values() for one in kind.file.counted}
    assert {name for name in counted if f"| `{name}` |" not in metrics} == set()


def test_most_outages_last_about_a_keepalive_in_half_of_their_scenarios() -> None:
    cutting = {"cable_pulled", "machine_off", "uplink_cut", "venue_off", "wrong_route"}
    outages = [
        step
        for kind in PLAYABLE.values()
        for step in kind.file.step
        if step.fault in cutting and not kind.file.nothing
    ]

    assert sum(step.keepalives is not None for step in outages) > 0.5 * len(outages)
