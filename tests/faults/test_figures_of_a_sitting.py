"""A sitting with real programs plays many at once; its report and the journal say the same.

Figures of the report are made again from the run's file by a second score, and what the file says
of incidents and notices is compared with the journal that is kept beside it, by plain SQL.
"""

import tempfile
from pathlib import Path
from typing import Final, NamedTuple

import pytest

from aggregator.inventory import HostEntry, Inventory, VenueEntry
from tests.faults.stage import staged
from tests.rehearsal.reporting.runs import report_of
from tests.rehearsal.runfile.scenarios import expectation, fetch, order, run_of, scenario
from tests.rehearsal.second import figures, journal
from venuewatch.base import clock
from venuewatch.rehearsal.playing.player import Progress
from venuewatch.rehearsal.playing.sitting import play_sitting
from venuewatch.rehearsal.reporting.model import Report
from venuewatch.rehearsal.scenario import Allowed, Scenario
from venuewatch.rehearsal.stage import leftovers
from venuewatch.rehearsal.stage.machine import names

pytestmark = [pytest.mark.real, pytest.mark.timed, pytest.mark.timeout(400)]

IDLE: Final = ("LYO", "NIC", "BOR", "TAH", "VER")
"""Venues at which nothing is done."""

INVENTORY: Final = Inventory(
    tuple(
        VenueEntry(code, host=tuple(HostEntry(f"{code}-{at}") for at in range(1, hosts + 1)))
        for codes, hosts in ((("STA", "MAR", "ICE"), 3), (IDLE, 1))
        for code in codes
    )
)
AT_ONCE: Final = 6
"""Of the three that are hit one may wait, until the broker has given the hosts of another up."""

SPANS: Final = """
    SELECT coalesce(min(step.at), attempt.began_at), attempt.ended_at
    FROM attempt LEFT JOIN step USING (number, attempt) GROUP BY attempt.number
"""
PLAYED: Final = {
    "host:STA/STA-2": ("agent_killed", "agent_stopped"),
    "venue:MAR": ("uplink_cut", "venue_unreachable"),
    "host:ICE/ICE-3": ("machine_off", "host_down"),
}


class Sat(NamedTuple):
    """What a sitting has left."""

    run: Path
    kept: Path
    report: Report
    offset_s: float
    progress: list[Progress]


def one_of(number: int, subject: str, fault: str, cause: str) -> Scenario:
    """Return a scenario of one fault, which the monitor has to tell within 8 s."""
    venue = subject.partition(":")[2].partition("/")[0]
    expected = expectation(subject, cause, detect_within_s=8.0, over_within_s=30.0)
    less = Allowed(subject=subject, causes=("silent", "connection_lost"))
    return scenario(
        number,
        kind=fault,
        venues=(venue,),
        modes=("live",),
        orders=(order("off", subject, fault=fault, at_s=0.2, lasts_s=5.0),),
        expected=(expected,),
        allowed=(less,),
    )


def idle(number: int, venue: str) -> Scenario:
    """Return a scenario in which nothing is done."""
    return scenario(
        number, kind="nothing", venues=(venue,), modes=("live",), orders=(), expected=()
    )


@pytest.fixture(scope="module")
def sat(tmp_path_factory: pytest.TempPathFactory) -> Sat:
    with staged():
        pass
    path = tmp_path_factory.mktemp("run") / "run.sqlite"
    hit = [one_of(at, subject, *of) for at, (subject, of) in enumerate(PLAYED.items(), 1)]
    left_alone = [idle(at, venue) for at, venue in enumerate(IDLE, len(hit) + 1)]
    run_of(path, [*hit, *left_alone], mode="live").close()
    progress: list[Progress] = []

    assert play_sitting(path, INVENTORY, progress.append) == len(hit) + len(IDLE)

    (kept,) = path.parent.glob("*.journal-*")
    return Sat(path, kept, report_of(path), clock.wall() - clock.monotonic(), progress)


def test_venues_play_at_once_and_each_comes_to_its_end(sat: Sat) -> None:
    spans = fetch(sat.run, SPANS)

    assert max(sum(one <= begin < end for one, end in spans) for begin, _ in spans) >= AT_ONCE
    assert {each.scenario.number: each.ending for each in sat.progress} == dict.fromkeys(
        range(1, len(spans) + 1), ("ended", "")
    )
    assert play_sitting(sat.run, INVENTORY) == 0


def test_every_figure_of_its_report_is_that_of_its_file(sat: Sat) -> None:
    assert figures.differences(sat.report, sat.run) == []


def test_incidents_and_notices_of_its_file_are_those_of_the_journal(sat: Sat) -> None:
    assert journal.differences(sat.run, sat.kept, offset_s=sat.offset_s) == []
    assert fetch(sat.kept, "SELECT count(*) FROM incidents")[0][0] >= len(PLAYED)


def test_report_tells_the_incidents_of_the_journal_and_no_other(sat: Sat) -> None:
    written = journal.incidents(sat.run, sat.kept, offset_s=sat.offset_s)
    began = dict(fetch(sat.run, "SELECT number, began_at FROM played"))

    lines = {line.subject: (one, line) for one in sat.report.entries for line in one.lines}

    assert dict(sat.report.about)["incidents"] == str(len(written))
    assert lines.keys() == written.keys() == PLAYED.keys()
    for subject, (cause, opened_at, closed_at) in written.items():
        entry, line = lines[subject]
        at = {word: after_s for word, after_s in line.moments if after_s is not None}
        begun = began[entry.number]
        assert (line.cause, entry.verdict) == (cause, "pass"), entry.whys
        assert -0.1 <= begun + at["detected"] - opened_at <= journal.SOON_S
        assert -0.1 <= begun + at["noticed"] - closed_at <= journal.SOON_S


def test_nothing_of_it_is_left_and_its_journal_is_kept(sat: Sat) -> None:
    ((world,),) = fetch(sat.kept, "SELECT name FROM world")

    assert fetch(sat.run, "SELECT DISTINCT world FROM played") == [(world,)]
    assert list(Path(tempfile.gettempdir()).glob(f"{world}*")) == []
    assert not [name for name in names() if name.startswith(world)]
    assert not [left for left in leftovers.find() if world in left.name]
