"""A moment has one name, whatever is done to the clock afterwards."""

from hypothesis import given
from hypothesis import strategies as st

from aggregator.core.events import Alive, Incident, Subject
from aggregator.core.evidence import Evidence
from aggregator.shell.http.incidents import incident_json, incident_of
from aggregator.shell.walltime import STEPS_MAX, WallTime
from tests.aggregator.scripted import WALL

Steps = st.lists(st.floats(-1e5, 1e5), max_size=20)


@given(st.floats(0, 1e6), Steps)
def test_what_has_happened_keeps_its_time_through_every_step(at: float, steps: list[float]) -> None:
    wall = WallTime(at, WALL)
    before = [wall.wall(moment) for moment in (at - 100, at - 0.5, at)]

    for number, step in enumerate(steps, start=1):
        wall.note(at + number, WALL + number + step)

    assert [wall.wall(moment) for moment in (at - 100, at - 0.5, at)] == before


def test_what_happens_after_a_step_has_the_new_time() -> None:
    wall = WallTime(0.0, WALL)

    wall.note(10.0, WALL + 3_610.0)

    assert [wall.wall(at) for at in (9.0, 10.0, 11.0)] == [WALL + 9, WALL + 3_610, WALL + 3_611]


def test_a_clock_that_is_steered_is_followed_without_end() -> None:
    wall = WallTime(0.0, WALL)

    for second in range(STEPS_MAX + 500):
        wall.note(second, WALL + second * 1.01)

    last = STEPS_MAX + 499
    assert wall.wall(last) == round(WALL + last * 1.01, 3)
    assert wall.wall(0.0) == WALL


@given(st.floats(0, 1e9))
def test_what_an_earlier_process_said_is_said_again(before_s: float) -> None:
    told = round(WALL - before_s, 3)
    wall = WallTime(1_234.567, WALL)

    assert wall.wall(wall.before(told)) == told


def test_what_an_earlier_process_said_is_past_even_if_the_clock_was_set_back() -> None:
    wall = WallTime(50.0, WALL)

    assert wall.before(WALL + 3_600) == 50.0


@given(st.lists(st.floats(0, 1e6), min_size=7, max_size=7))
def test_an_incident_comes_back_as_it_was_told(at: list[float]) -> None:
    incident = Incident(
        7,
        Subject("feed", "STA", "STA-1", "results"),
        "results_frozen",
        at[0],
        at[1],
        (Evidence(at[2], "STA-1", "reading", {"kind": "feed", "age_s": 1.5, "is": None}),),
        ("STA-1", "STA-2"),
        falls=3,
        alive=(Alive("STA-1", at[3], at[4], 9),),
        closed_at=at[5],
    )
    told = incident_json(incident, WallTime(0.0, WALL))
    later = WallTime(2e6, WALL + 2e6)

    assert incident_json(incident_of(told, later), later) == told
