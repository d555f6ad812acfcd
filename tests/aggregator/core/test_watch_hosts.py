"""One host falls silent: what is said of it at once, when, and when that is over.

At 4 s everybody is up; s1 was heard last at 3.125 s, so that its deadline passes at 5.875 s.
"""

import pytest

from aggregator.core.margins import PATIENCE_S
from tests.aggregator.scene import INTERVAL_S, MARGIN_S
from tests.aggregator.watching import Watching

LAST_AT = 3.125
DUE_AT = LAST_AT + INTERVAL_S + MARGIN_S


def test_a_silent_host_is_down_at_its_deadline_and_its_neighbours_are_asked(
    watching: Watching,
) -> None:
    watching.mute("s1")

    watching.run(2.0)

    told = watching.told()
    assert {event.at for event in told} == {LAST_AT + INTERVAL_S + PATIENCE_S, DUE_AT}
    incident = watching.incident("host", "s1")
    assert (incident.cause, incident.opened_at) == ("silent", DUE_AT)
    assert incident.silent_since == LAST_AT


def test_a_killed_agent_is_known_when_its_will_was_held_and_not_before(
    watching: Watching,
) -> None:
    watching.kill("s1")

    watching.run(0.125)
    before = watching.lines()
    watching.run(0.125)

    assert before == []
    assert [line[1] for line in watching.lines()] == ["opened"]
    assert watching.host("s1").since == 4.2


def test_a_will_that_comes_with_the_brokers_patience_proves_only_silence() -> None:
    patient = Watching(margin_s=9.0)
    patient.bring_up()
    patient.reach["s1"] = True
    patient.mute("s1")

    patient.run(6.5)
    patient.deliver(patient.machines["s1"].death())
    patient.run(10.0)

    assert patient.incident("host", "s1").cause == "host_frozen"
    assert "will" not in patient.evidence("host", "s1")


def test_two_of_three_that_fall_silent_beside_a_living_one_are_each_its_own(
    watching: Watching,
) -> None:
    for name in ("s1", "s2"):
        watching.reach[name] = False
        watching.mute(name)

    watching.run(5.0)

    assert sorted(line[1:] for line in watching.lines()) == [
        ("opened", "host s1", "silent"),
        ("opened", "host s2", "silent"),
        ("sharpened", "host s1", "host_down"),
        ("sharpened", "host s2", "host_down"),
    ]


def test_an_incident_closes_after_three_beats_in_time(watching: Watching) -> None:
    watching.mute("s1")
    watching.run(6.0)
    watching.lines()

    watching.unmute("s1")
    watching.run(2.0)
    before = watching.lines()
    watching.run(1.0)

    assert before == []
    assert watching.lines() == [(12.125, "closed", "host s1", "silent")]


def test_a_host_that_stays_away_too_long_did_not_return() -> None:
    away = Watching(away_limit_s=30.0)
    away.bring_up()
    away.deliver(away.machines["s1"].death("farewell"))
    away.mute("s1")

    away.run(29.875)
    before = away.lines()
    away.run(0.25)

    assert before == []
    assert away.lines() == [(34.0, "opened", "host s1", "did_not_return")]
    assert away.asked() == []


@pytest.mark.parametrize(("name", "interval_s"), [("s1", 1.0), ("s2", 5.0), ("s3", 60.0)])
def test_at_a_venue_of_fast_and_slow_beats_each_is_judged_by_its_own(
    name: str, interval_s: float
) -> None:
    mixed = Watching()
    for slow, every_s in (("s2", 5.0), ("s3", 60.0)):
        mixed.machines[slow].interval_s = every_s
    mixed.bring_up()
    last_at = mixed.host(name).evidence_at
    mixed.mute(name)

    mixed.run(130.0)

    assert last_at is not None
    assert mixed.lines() == [(last_at + interval_s + MARGIN_S, "opened", f"host {name}", "silent")]


def test_a_margin_below_the_patience_is_still_the_deadline() -> None:
    strict = Watching(margin_s=0.5)
    strict.bring_up()
    strict.mute("s1")

    strict.run(2.0)

    assert strict.changes("s1") == [(LAST_AT + INTERVAL_S + 0.5, "down")]
