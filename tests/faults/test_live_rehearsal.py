"""A short rehearsal with real programs: eight venues play as many kinds as fit into minutes.

All live kinds once take eight venues a quarter of an hour, however they are placed: a venue plays
one scenario at a time, a fault of a feed or a check lasts 20 to 90 s until it may be told, and the
connections that scenarios end have to be kept apart. ``python -m bench rehearsal`` plays each.
"""

from pathlib import Path

import pytest

from bench.kit.rehearsed import rehearsed
from tests.faults.stage import staged
from tests.rehearsal.playing.pool import FLEET, OF_THE_CENTRE, VENUES, WITHIN_S, pool
from tests.rehearsal.runfile.scenarios import run_of
from venuewatch.rehearsal.playing.fitting import fitting
from venuewatch.rehearsal.playing.sitting import isolation_of, play_sitting

pytestmark = [pytest.mark.real, pytest.mark.timed, pytest.mark.timeout(400)]


def test_live_kinds_are_made_true_and_told_right_and_nobody_else_is_accused(tmp_path: Path) -> None:
    with staged():
        pass
    path = tmp_path / "run.sqlite"
    scenarios = [slot.scenario for slot in fitting(pool(WITHIN_S), isolation_of(FLEET), WITHIN_S)]
    run_of(path, scenarios, mode="live", plan="p").close()

    assert play_sitting(path, FLEET) == len(scenarios)

    found = rehearsed("run", path)
    assert found.not_passed == ()
    assert found.row["wrong_accusations"] == 0
    assert found.row["passed"] == len(scenarios)
    kinds = {each.kind: each.runs_alone for each in scenarios}
    assert len(kinds) >= 2 * VENUES + OF_THE_CENTRE
    assert sum(kinds.values()) == OF_THE_CENTRE
    at_once = found.row["at_once"]
    assert isinstance(at_once, int)
    assert at_once >= VENUES // 2
