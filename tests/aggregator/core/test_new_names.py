"""A host that invents: names of checks, or boots of its agent. Few are news, and it is named."""

from collections import Counter

import pytest

from aggregator.core.allowances import NEW_CHECKS
from aggregator.core.budget import CHECKS_MAX
from aggregator.core.incidents.lifecycle import DAMPED_LEAST
from aggregator.core.outputs import Tell
from aggregator.core.states import HostState
from aggregator.core.verdicts.flapping import HALF_LIFE_S
from aggregator.core.verdicts.restarts import BOOTS
from tests.kit.machine import WALL
from tests.kit.story import STEP_S, Story
from venuewatch.base.wire.checks import CheckState
from venuewatch.base.wire.messages import CheckReading, Checks

HOST = "s1"
STEPS = int(0.5 / STEP_S)


def say_checks(story: Story, number: int, names: list[str], state: CheckState, kind: str) -> None:
    machine = story.machines[HOST]
    wall_ms = int((WALL + story.now) * 1000)
    readings = [
        CheckReading(
            check=name, kind=kind, every_s=1.0, duration_s=0.1, state=state, wall_ms=wall_ms
        )
        for name in names
    ]
    story.deliver(machine.said(Checks(machine.boot, machine.session, number, 0, readings)))


def begin_anew(story: Story, boot: str) -> None:
    machine = story.machines[HOST]
    machine.boot, machine.seq = boot, 0
    story.deliver(machine.birth(), machine.beat(story.now))


def invent(story: Story, seconds: float, *, kind: str, state: CheckState, boots: bool) -> None:
    """Say 64 checks with new names twice a second, each time of another boot if so."""
    for number in range(int(seconds * 2)):
        if boots:
            begin_anew(story, f"n{number}")
        names = [f"c{number}-{at}" for at in range(CHECKS_MAX)]
        say_checks(story, number + 1, names, state, kind)
        say_checks(story, number + 2, names, state, kind)
        for _ in range(STEPS):
            story.run(STEP_S)


def told(story: Story) -> Counter[tuple[str, str]]:
    tells = (out.changed for out in story.said() if isinstance(out, Tell))
    return Counter((each.incident.subject.scope, each.change) for each in tells)


@pytest.mark.parametrize("boots", [True, False], ids=["another boot each", "one boot"])
@pytest.mark.parametrize(("kind", "state"), [("feed", "frozen"), ("tcp", "critical")])
def test_host_that_invents_checks_makes_few_incidents_and_is_named(
    story: Story, kind: str, state: CheckState, *, boots: bool
) -> None:
    invent(story, 40.0, kind=kind, state=state, boots=boots)

    counts = told(story)
    assert counts[kind if kind == "feed" else "check", "opened"] <= NEW_CHECKS.burst + CHECKS_MAX
    assert counts["budget", "opened"] == 1
    assert story.state(HOST) is HostState.UP


def test_checks_that_are_configured_anew_find_their_places(story: Story) -> None:
    for number in range(1, 4):
        begin_anew(story, f"n{number}")
        names = [f"c{number}-{at}" for at in range(CHECKS_MAX)]
        say_checks(story, number, names, "ok", "tcp")
        story.run(5.0)

    assert set(story.host(HOST).checks) == set(names)
    assert story.host(HOST).refused is None


def test_known_checks_cost_no_place_however_often_an_agent_restarts(story: Story) -> None:
    for number in range(1, 60):
        begin_anew(story, f"n{number}")
        say_checks(story, number, [f"c{at}" for at in range(CHECKS_MAX)], "ok", "tcp")
        story.run(2.0)

    assert story.host(HOST).refused is None


def test_quick_crash_loop_is_flapping(story: Story) -> None:
    for number in range(int(BOOTS.burst)):
        begin_anew(story, f"n{number}")
        story.run(1.0)
    assert story.opened() == []

    for number in range(100, 110):
        begin_anew(story, f"n{number}")
        story.run(1.0)

    assert story.opened() == [(f"host {HOST}", "flapping")]
    assert story.evidence("host", HOST)["restarts"].detail["restarts"] == BOOTS.burst + 1
    assert story.state(HOST) is HostState.UP
    story.run(6 * HALF_LIFE_S)
    assert [change for _, change, _, _ in story.lines()] == ["closed"]


def test_agent_that_restarts_each_five_minutes_is_no_news(story: Story) -> None:
    for number in range(24):
        begin_anew(story, f"n{number}")
        story.run(300.0)

    assert story.opened() == []


@pytest.mark.long
def test_what_has_faded_is_forgotten(story: Story) -> None:
    incidents = story.centre.decisions.incidents
    for number in range(3 * DAMPED_LEAST // CHECKS_MAX):
        story.host(HOST).places_until = -float("inf")
        begin_anew(story, f"n{number}")
        names = [f"c{number}-{at}" for at in range(CHECKS_MAX)]
        say_checks(story, number + 1, names, "frozen", "feed")
        story.run(2.0 * HALF_LIFE_S)

    assert len(incidents.subjects()) <= 2 * DAMPED_LEAST
