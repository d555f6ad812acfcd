"""Every profile against its system: what its file says that the check sees, the check says."""

import pytest

from agent.checks import profiles
from agent.checks.profiles import Sees
from tests.agent.checks.profiles.stage import Act, Stage

HEAT_S = 600
BREAK_S = 900
ACTS: dict[str, Act] = {
    "well": "heat",
    "between_heats": "between",
    "silent": "silent",
    "frozen": "frozen",
    "cut": "cut",
    "garbage": "garbage",
}
CALM = {"flowing", "not_expected"}


def duration_s(thing: str, stage: Stage) -> int:
    """How long a thing lasts: a break is a break, the rest until the check has to say it."""
    return BREAK_S if thing == "between_heats" else max(BREAK_S, stage.longest_s)


def with_fact(fact: str) -> list[str]:
    """Return the profiles that say where a fact is."""
    return [name for name in profiles.names() if getattr(profiles.load(name).check, fact)]


@pytest.mark.parametrize("thing", Sees.__struct_fields__)
@pytest.mark.parametrize("name", profiles.names())
def test_profile_sees_what_it_says_it_sees(name: str, thing: str) -> None:
    stage = Stage(name)
    stage.play("heat", HEAT_S)

    reading = stage.play(ACTS[thing], duration_s(thing, stage))

    assert reading.state == getattr(profiles.load(name).about.sees, thing), reading.detail


@pytest.mark.parametrize("name", profiles.names())
def test_well_system_alarms_nobody_all_day(name: str) -> None:
    stage = Stage(name)

    for _heat in range(6):
        stage.play("heat", HEAT_S)
        reading = stage.play("between", BREAK_S)

    states = stage.states
    while states[0] == "unknown":  # until it was heard
        states.pop(0)
    assert set(states) <= CALM
    assert reading.values.results_version_gaps_total in {0.0, None}
    assert reading.values.results_parse_errors_total in {0.0, None}


@pytest.mark.parametrize("thing", ["silent", "frozen", "cut", "garbage"])
@pytest.mark.parametrize("name", profiles.names())
def test_mended_system_is_flowing_again(name: str, thing: str) -> None:
    stage = Stage(name)
    stage.play("heat", HEAT_S)
    stage.play(ACTS[thing], duration_s(thing, stage))

    reading = stage.play("heat", HEAT_S)

    assert reading.state == "flowing", reading.detail


def test_finishlynx_that_sends_unicode_is_read_with_its_encoding() -> None:
    stage = Stage("finishlynx", encoding="utf-16le")
    at_work = stage.play("heat", HEAT_S)

    hanging = stage.play("frozen", stage.longest_s)

    assert (at_work.state, hanging.state) == ("flowing", "frozen")


@pytest.mark.parametrize("name", with_fact("alive"))
def test_heartbeat_is_no_data(name: str) -> None:
    stage = Stage(name)
    before = stage.play("heat", HEAT_S).values.results_messages_total

    after = stage.play("between", BREAK_S).values.results_messages_total

    assert before is not None
    assert after is not None
    assert after - before <= 1  # the one that says that the heat is over


@pytest.mark.parametrize("name", with_fact("number"))
def test_number_of_a_system_at_work_advances(name: str) -> None:
    stage = Stage(name)
    before = stage.play("heat", HEAT_S).values.results_last_number

    after = stage.play("heat", HEAT_S).values.results_last_number

    assert before is not None
    assert after is not None
    assert before < after
