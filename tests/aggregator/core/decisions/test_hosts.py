"""One host falls silent: what is reported of it, when, what its neighbours say, when it is over.

At 4 s everybody is up; s1 was heard last at 3.125 s, so that its deadline passes at 5.875 s.
"""

import pytest

from aggregator.core.margins import PATIENCE_S
from aggregator.core.probes import ANSWER_WITHIN_S
from tests.kit.machine import INTERVAL_S, MARGIN_S
from tests.kit.story import Story

LAST_AT = 3.125
DUE_AT = LAST_AT + INTERVAL_S + MARGIN_S


def test_a_silent_host_is_down_and_asked_about_at_its_deadline(story: Story) -> None:
    story.mute("s1", run_s=1.75)
    assert story.asked() == []

    story.run(0.125)

    incident = story.incident("host", "s1")
    assert (incident.cause, incident.opened_at) == ("silent", DUE_AT)
    assert incident.silent_since == LAST_AT
    assert story.changes("s1") == [
        (LAST_AT + INTERVAL_S + PATIENCE_S, "late", "patience_ended"),
        (DUE_AT, "down", "deadline_passed"),
    ]
    about_it = ("s1", "10.0.0.1")
    asked = {(by, probe.host, probe.address) for by, probe in story.asked()}
    assert asked == {("s2", *about_it), ("s3", *about_it)}


def test_a_killed_agent_is_known_after_its_will(story: Story) -> None:
    story.kill("s1")

    story.run(0.25)

    assert story.lines() == [(4.2, "opened", "host s1", "connection_lost")]


def test_a_will_after_the_brokers_patience_proves_only_silence() -> None:
    patient = Story(margin_s=9.0).bring_up()
    patient.reach["s1"] = True
    patient.mute("s1")

    patient.run(6.5)
    patient.deliver(patient.machines["s1"].death())
    patient.run(10.0)

    assert patient.incident("host", "s1").cause == "host_frozen"
    assert "will" not in patient.evidence("host", "s1")


def test_an_incident_closes_after_three_beats_in_time(story: Story) -> None:
    story.mute("s1", run_s=6.0)
    story.lines()

    story.unmute("s1", run_s=3.0)

    assert story.lines() == [(12.125, "closed", "host s1", "silent")]


def test_a_host_away_too_long_did_not_return() -> None:
    away = Story(away_limit_s=30.0).bring_up()
    away.leave("s1")

    away.run(20.0)
    away.deliver(away.machines["s1"].death("farewell"))  # a second one extends nothing
    away.run(30.0)

    assert away.lines() == [(34.0, "opened", "host s1", "did_not_return")]
    assert away.asked() == []
    assert away.evidence("host", "s1")["farewell"] == (4.0, "s1", "farewell", {"away_s": 30.0})


@pytest.mark.parametrize(("name", "interval_s"), [("s1", 1.0), ("s2", 5.0), ("s3", 60.0)])
def test_each_host_is_judged_by_its_own_interval(name: str, interval_s: float) -> None:
    mixed = Story()
    for slow, every_s in (("s2", 5.0), ("s3", 60.0)):
        mixed.machines[slow].interval_s = every_s
    mixed.bring_up()
    last_at = mixed.host(name).evidence_at
    mixed.mute(name)

    mixed.run(130.0)

    assert last_at is not None
    assert mixed.lines() == [(last_at + interval_s + MARGIN_S, "opened", f"host {name}", "silent")]


def test_a_margin_below_the_patience_is_the_deadline() -> None:
    strict = Story(margin_s=0.5).bring_up()
    strict.mute("s1")

    strict.run(2.0)

    assert strict.changes("s1") == [(LAST_AT + INTERVAL_S + 0.5, "down", "deadline_passed")]


def test_deaths_at_many_venues_are_each_explained() -> None:
    fleet = Story({f"V{number}": (f"dead{number}", f"well{number}") for number in range(50)})
    fleet.bring_up()
    dead = [name for name in fleet.machines if name.startswith("dead")]
    fleet.reach.update(dict.fromkeys(dead, False))
    fleet.mute(*dead)

    fleet.run(5.0)

    incidents = fleet.centre.decisions.incidents.open.values()
    causes = {incident.subject.host: incident.cause for incident in incidents}
    assert causes == dict.fromkeys(dead, "host_down")


# What neighbours answer


def test_an_answer_counts_only_in_time(story: Story) -> None:
    story.mute("s1", run_s=2.0)
    story.answer("s2", "s1", is_reached=False)
    story.run(ANSWER_WITHIN_S)
    reported = story.lines()

    story.answer("s3", "s1", is_reached=True)
    story.run(1.0)

    assert reported == [
        (DUE_AT, "opened", "host s1", "silent"),
        (DUE_AT + ANSWER_WITHIN_S, "sharpened", "host s1", "host_down"),
    ]
    assert story.host("s1").cause == "host_down"
    assert story.evidence("host", "s1")["no_word"].detail == {"of": "s3"}
    assert story.lines() == []


def test_an_answer_about_a_speaking_host_changes_nothing(story: Story) -> None:
    story.mute("s1", run_s=2.0)
    story.unmute("s1", run_s=0.25)
    story.lines()

    story.answer("s2", "s1", is_reached=False)
    story.answer("s3", "s1", is_reached=False)

    assert story.lines() == []


def test_a_late_answer_is_late_however_seldom_woken(story: Story) -> None:
    story.mute("s1", run_s=2.0)

    story.advance(DUE_AT + ANSWER_WITHIN_S - 0.0625)
    story.now += 0.125  # and the centre is not woken meanwhile
    story.answer("s2", "s1", is_reached=True)

    assert story.incident("host", "s1").cause == "silent"
    assert story.evidence("host", "s1")["no_word"].at == DUE_AT + ANSWER_WITHIN_S
