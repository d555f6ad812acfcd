"""A fault and a kind of scenario are one file each: nothing else is changed for them anywhere.

A copy of the product in a temporary folder gets the two files. Then the product as it is plans,
plays and reports the kind, and its catalogue has it.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

from tests.rehearsal.runfile.scenarios import fetch

ROOT: Final = Path(__file__).parents[2]

FAULT: Final = '''\
"""Switches the router of a venue off."""

from venuewatch.rehearsal.faults._victims import VenueFault
from venuewatch.rehearsal.world.venue import SimVenue


class RouterOff(VenueFault, frozen=True):
    """Nobody gets out, and nobody in."""

    EXPECTED = "venue_unreachable"
    SEEN_BY = "line"

    def hit(self, venue: SimVenue) -> None:
        """Switch it off."""
        venue.uplink.cut()
'''
KIND: Final = """\
title = "A cleaner needs the socket"
story = "The venue's router is unplugged for a vacuum cleaner."
policy = "venue_link_loss"
source = "Own"
not_live = "the fault has no live way"

[target.here]
scope = "venue"
links = ["wired", "metro"]

[[step]]
name = "off"
fault = "router_off"
of = "here"
lasts = [20, 30]

[[expected]]
of = "here"
cause = "venue_unreachable"
detect_within_s = 3
"""
PLAN: Final = ("--scenarios", "200", "--days", "1", "--officers", "16", "--seed", "2024")


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with a copy of the product that has both files, and nothing else."""
    folder = tmp_path_factory.mktemp("copy")
    shutil.copytree(ROOT / "venuewatch", folder / "venuewatch")
    for name in ("agent", "aggregator"):
        (folder / name).symlink_to(ROOT / name)
    (folder / "docs" / "rehearsal").mkdir(parents=True)
    shutil.copy(ROOT / "docs" / "make_catalogue.py", folder / "docs")
    rehearsal = folder / "venuewatch" / "rehearsal"
    (rehearsal / "faults" / "router_off.py").write_text(FAULT)
    (rehearsal / "scenarios" / "unplugged.toml").write_text(KIND)
    return folder


def python(copy: Path, *words: str) -> str:
    """Run Python on the copy, and return what it prints."""
    environment = {**os.environ, "PYTHONPATH": str(copy)}
    done = subprocess.run(
        [sys.executable, *words],
        cwd=copy,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.long
def test_a_fault_and_a_kind_in_two_files_are_planned_played_and_reported(copy: Path) -> None:
    command = ("-m", "venuewatch.cli", "rehearse")

    listed = python(copy, *command, "list", "--kind", "unplugged")
    python(copy, "docs/make_catalogue.py")
    python(copy, *command, "plan", *PLAN)
    python(copy, *command, "run", "plan", "--only", "unplugged", "--jobs", "1")
    told = python(copy, *command, "report", "plan/run.sqlite", "--plan", "plan", "--csv", "r.csv")

    assert "A cleaner needs the socket" in listed
    assert "`unplugged`" in (copy / "docs" / "rehearsal" / "catalogue.md").read_text()
    assert "router_off" in (copy / "plan" / "plan.toml").read_text()
    run = copy / "plan" / "run.sqlite"
    played = fetch(run, "SELECT kind, state, void_reason FROM scenario JOIN played USING (number)")
    assert set(played) == {("unplugged", "ended", "")}
    assert f"passed {len(played)} of {len(played)} judged" in told
    assert "unplugged" in (copy / "r.csv").read_text(encoding="utf-8-sig")


@pytest.mark.long
def test_the_fault_is_also_one_of_the_simulation(copy: Path) -> None:
    tried = python(
        copy,
        "-c",
        "from venuewatch.rehearsal import faults, verdicts\n"
        "assert 'router_off' in faults.names()\n"
        "seed = verdicts.derived_seed(1, 'router_off', 1)\n"
        "print(verdicts.try_fault('router_off', seed).is_right)",
    )

    assert tried == "True\n"
