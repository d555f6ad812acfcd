"""Wall time: a moment keeps it, whatever is done to the clock afterwards."""

from hypothesis import given
from hypothesis import strategies as st

from aggregator.core.incidents.record import Alive, Incident, Subject
from aggregator.core.verdicts.causes import Cause, Evidence
from aggregator.shell.http.api.record import incident_json, incident_of
from aggregator.shell.walltime import STEPS_MAX, WallTime
from tests.kit.machine import WALL

Steps = st.lists(st.floats(-1e5, 1e5), max_size=20)


@given(st.floats(0, 1e6), Steps)
def test_a_past_moment_keeps_its_time_through_steps(at: float, steps: list[float]) -> None:
    wall = WallTime(at, WALL)
    before = [wall.wall(moment) for moment in (at - 100, at - 0.5, at)]

    for number, step in enumerate(steps, start=1):
        wall.note(at + number, WALL + number + step)

    assert [wall.wall(moment) for moment in (at - 100, at - 0.5, at)] == before


def test_a_moment_after_a_step_has_the_new_time() -> None:
    wall = WallTime(0.0, WALL)

    wall.note(10.0, WALL + 3_610.0)

    assert [wall.wall(at) for at in (9.0, 10.0, 11.0)] == [WALL + 9, WALL + 3_610, WALL + 3_611]


def test_a_steered_clock_is_followed_without_end() -> None:
    wall = WallTime(0.0, WALL)

    for second in range(STEPS_MAX + 500):
        wall.note(second, WALL + second * 1.01)

    last = STEPS_MAX + 499
    assert wall.wall(last) == round(WALL + last * 1.01, 3)
    assert wall.wall(0.0) == WALL


@given(st.floats(0, 1e9))
def test_a_stored_time_comes_back_unchanged(before_s: float) -> None:
    told = round(WALL - before_s, 3)
    wall = WallTime(1_234.567, WALL)

    assert wall.wall(wall.before(told)) == told


def test_a_stored_time_is_never_in_the_future() -> None:
    wall = WallTime(50.0, WALL)

    assert wall.before(WALL + 3_600) == 50.0


@given(st.lists(st.floats(0, 1e6), min_size=7, max_size=7))
def test_a_stored_incident_comes_back_unchanged(at: list[float]) -> None:
    subject = Subject("feed", "STA", "STA-1", "results")
    evidence = Evidence(at[2], "STA-1", "reading", {"kind": "feed", "age_s": 1.5, "is": None})
    incident = Incident(7, subject, Cause.RESULTS_FROZEN, at[0], at[1], (evidence,), ("STA-1",))
    closed = incident._replace(falls=3, alive=(Alive("STA-1", at[3], at[4], 9),), closed_at=at[5])
    told = incident_json(closed, WallTime(0.0, WALL))
    later = WallTime(2e6, WALL + 2e6)

    assert incident_json(incident_of(told, later, incident.cause), later) == told
