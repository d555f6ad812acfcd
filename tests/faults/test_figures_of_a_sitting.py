"""A sitting with real programs, its report, and the journal of its aggregator say the same.

Figures of the report are made again from the run's file by a second score, and what the file says
of incidents and notices is compared with the journal that is kept beside it, by plain SQL.
"""

import tempfile
from pathlib import Path
from typing import Final, NamedTuple

import msgspec
import pytest

from aggregator.inventory import HostEntry, Inventory, VenueEntry
from tests.faults.stage import staged
from tests.rehearsal.reporting.runs import report_of
from tests.rehearsal.runfile.scenarios import expectation, fetch, order, run_of, scenario
from tests.rehearsal.second import figures, journal
from venuewatch.base import clock
from venuewatch.rehearsal.playing.sitting import play_sitting
from venuewatch.rehearsal.reporting.model import Report
from venuewatch.rehearsal.scenario import Allowed, Scenario

pytestmark = [pytest.mark.real, pytest.mark.timed, pytest.mark.timeout(400)]

INVENTORY: Final = Inventory(
    tuple(
        VenueEntry(code, host=tuple(HostEntry(f"{code}-{at}") for at in range(1, 4)))
        for code in ("STA", "MAR", "ICE")
    )
)
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


def one_of(number: int, subject: str, fault: str, cause: str) -> Scenario:
    """Return a scenario of one fault, which the monitor has to tell within 8 s."""
    ordered = order("off", subject, at_s=0.2, lasts_s=5.0)
    ordered = msgspec.structs.replace(ordered, fault=fault)
    venue = subject.partition(":")[2].partition("/")[0]
    expected = expectation(subject, cause, detect_within_s=8.0, over_within_s=30.0)
    less = Allowed(subject=subject, causes=("silent", "connection_lost"))
    return scenario(
        number,
        kind=fault,
        venues=(venue,),
        modes=("live",),
        orders=(ordered,),
        expected=(expected,),
        allowed=(less,),
    )


@pytest.fixture(scope="module")
def sat(tmp_path_factory: pytest.TempPathFactory) -> Sat:
    with staged():
        pass
    path = tmp_path_factory.mktemp("run") / "run.sqlite"
    scenarios = [one_of(at, subject, *of) for at, (subject, of) in enumerate(PLAYED.items(), 1)]
    run_of(path, scenarios, mode="live").close()

    assert play_sitting(path, INVENTORY) == len(PLAYED)

    (kept,) = path.parent.glob("*.journal-*")
    return Sat(path, kept, report_of(path), clock.wall() - clock.monotonic())


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


def test_its_folder_is_removed_and_its_journal_kept(sat: Sat) -> None:
    ((world,),) = fetch(sat.kept, "SELECT name FROM world")

    assert fetch(sat.run, "SELECT DISTINCT world FROM played") == [(world,)]
    assert list(Path(tempfile.gettempdir()).glob(f"{world}*")) == []
