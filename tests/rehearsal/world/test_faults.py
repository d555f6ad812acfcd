import pytest

from aggregator.core.verdicts.causes import Cause
from venuewatch.rehearsal import faults, run, verdicts
from venuewatch.rehearsal.faults import NONE
from venuewatch.rehearsal.faults.agent_killed import AgentKilled
from venuewatch.rehearsal.kinds.load import read_kinds
from venuewatch.rehearsal.run import Plan

SEED = 11
NO_FAULT_YET = {Cause.BULK_LOST, Cause.DUPLICATE_AGGREGATOR, Cause.BIRTH_REFUSED}
"""Of the second connection, and of the client ids of two aggregators, which the world lacks.

An agent of this version sends no birth that is refused.
"""

TRIALS = 2
"""In how many worlds a fault is tried: one where a kind orders it, as scenarios play it, too."""

ORDERED = {
    step.fault
    for kind in read_kinds().values()
    if kind.is_playable and "simulated" in kind.modes
    for step in kind.file.step
}


def test_every_cause_has_a_fault() -> None:
    expected = {cause for name in faults.names() for cause in faults.load(name).EXPECTED.split("|")}

    assert expected == {*Cause, NONE} - NO_FAULT_YET


def test_faults_are_files_and_sequences_and_nothing_else() -> None:
    assert {"agent_killed", "killed_after_cut"} <= set(faults.names())
    assert not any(name.startswith("_") for name in faults.names())
    with pytest.raises(ValueError, match="Expected one of"):
        faults.load("no_such_fault")


@pytest.mark.long
@pytest.mark.parametrize(
    ("name", "number"),
    [
        (name, number)
        for name in faults.names()
        for number in range(1 if name in ORDERED else TRIALS)
    ],
)
def test_the_verdict_is_the_truth_and_peace_returns(name: str, number: int) -> None:
    trial = verdicts.try_fault(name, verdicts.derived_seed(SEED, name, number))

    assert trial.trouble == ()
    assert trial.is_right, trial


def test_fault_that_is_told_later_than_promised_is_late(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(AgentKilled, "TOLD_WITHIN_S", 0.0)

    trial = verdicts.try_fault("agent_killed", verdicts.derived_seed(SEED, "agent_killed", 0))

    assert trial.words == {"agent_stopped", "late"}
    assert not trial.is_right


def test_second_fault_follows_when_every_host_is_back() -> None:
    fault = faults.load("cable_pulled_again")()
    world = verdicts.break_world(fault, 3)
    first_at = world.now

    broken = fault.play(world)

    (second_at,) = broken.values()
    assert tuple(broken) == tuple(world.was_broken), "the same host again"
    assert second_at - first_at >= 6.0 + 3.0, "it lasted 6 s at least, and was whole for 3 s"
    assert world.broken == {}


def test_a_trial_is_the_same_whenever_it_is_run() -> None:
    seed = verdicts.derived_seed(SEED, "uplink_cut", 0)

    assert verdicts.try_fault("uplink_cut", seed) == verdicts.try_fault("uplink_cut", seed)


@pytest.mark.long
def test_the_matrix_counts_by_fault_and_cause_over_all_cores() -> None:
    told: list[tuple[int, int]] = []
    plan = Plan(
        seed=SEED, links=(), host_days=1.0, verdict_trials=2, faults=("agent_killed", "machine_off")
    )

    rows = run.run(plan, lambda done, of: told.append((done, of))).verdicts

    assert [(row.fault, row.cause, row.trials) for row in rows] == [
        ("agent_killed", "agent_stopped", 2),
        ("machine_off", "host_down", 2),
    ]
    assert told == [(done, 4) for done in range(5)]
