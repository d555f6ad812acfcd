from typing import cast

import psutil
import pytest

from agent.vitals import stat
from tests.agent.vitals import machines

MODES = ["user", "nice", "system", "idle", "iowait", "irq", "softirq", "steal"]
ROUNDED_S = 0.011
STEPPED_BACK_S = 1.0  # as far as iowait may go back on Linux while the tests run


def rows(families: dict[str, object]) -> dict[tuple[str, str], float]:
    found = cast("list[tuple[str, str, float]]", families["node_cpu_seconds_total"])
    return {(number, mode): seconds for number, mode, seconds in found}


def test_cpu_seconds_lie_between_two_readings_of_psutil() -> None:
    before = psutil.cpu_times(percpu=True)

    read = rows(stat.read())

    after = psutil.cpu_times(percpu=True)
    assert len(read) == len(after) * len({mode for _, mode in read})
    for (_, mode), seconds, first, last in (
        (key, seconds, before[place], after[place])
        for place, number in enumerate(dict.fromkeys(number for number, _ in read))
        for key, seconds in read.items()
        if key[0] == number
    ):
        assert getattr(first, mode) - ROUNDED_S <= seconds, mode
        assert seconds <= getattr(last, mode) + STEPPED_BACK_S, mode


def test_switches_and_interrupts_lie_between_two_readings_of_psutil() -> None:
    before = psutil.cpu_stats()

    families = stat.read()

    after = psutil.cpu_stats()
    switches = cast("int", families["node_context_switches_total"])
    interrupts = cast("int", families["node_intr_total"])
    assert before.ctx_switches <= switches <= after.ctx_switches
    assert before.interrupts <= interrupts <= after.interrupts


@pytest.mark.skipif(not psutil.LINUX, reason="other systems have other modes")
def test_the_modes_on_linux_are_node_exporters() -> None:
    modes = {mode for _, mode in rows(stat.read())}

    assert modes == set(MODES)


def test_a_cpu_that_is_off_renames_no_other_and_a_guests_time_is_no_mode() -> None:
    by_cpu, _ = stat.parsed(machines.STAT.encode(), ticks_per_s=100)

    assert list(by_cpu) == ["0", "2"]
    assert list(by_cpu["0"]) == MODES
    assert list(by_cpu["0"].values()) == [3.0, 0.04, 2.0, 500.0, 0.1, 0.0, 0.15, 0.05]


def test_what_the_kernel_counts_is_told_beside_the_cpus() -> None:
    _, families = stat.parsed(machines.STAT.encode(), ticks_per_s=100)

    assert families == {
        "node_intr_total": 1_234_567,
        "node_context_switches_total": 7_654_321,
        "node_boot_time_seconds": 1_795_331_152,
        "node_forks_total": 98_765,
        "node_procs_running": 3,
        "node_procs_blocked": 2,
    }


def test_an_old_kernel_with_fewer_modes_has_those() -> None:
    by_cpu, families = stat.parsed(b"cpu 9 9 9 9\ncpu0 1 2 3 4\nintr 1\n", 1)

    assert by_cpu == {"0": {"user": 1, "nice": 2, "system": 3, "idle": 4}}
    assert families == {"node_intr_total": 1}


def test_a_mode_or_a_count_that_is_no_number_costs_only_itself() -> None:
    by_cpu, families = stat.parsed(b"cpu0 1 x 3 4\ncpux 1 2\nctxt\nintr x\nbtime 7\n", 1)

    assert by_cpu == {"0": {"user": 1, "system": 3, "idle": 4}}
    assert families == {"node_boot_time_seconds": 7}


@pytest.mark.parametrize(
    ("before", "now", "told"),
    [
        ({}, {"idle": 5.0, "iowait": 1.0}, {"idle": 5.0, "iowait": 1.0}),
        ({"idle": 5.0, "iowait": 1.0}, {"idle": 6.0, "iowait": 0.9}, {"idle": 6.0, "iowait": 1.0}),
        ({"idle": 5.0, "iowait": 1.0}, {"idle": 2.1, "iowait": 0.0}, {"idle": 5.0, "iowait": 1.0}),
        ({"idle": 5.0, "iowait": 1.0}, {"idle": 2.0, "iowait": 0.0}, {"idle": 2.0, "iowait": 0.0}),
    ],
    ids=["first reading", "iowait steps back", "idle steps back", "switched on again"],
)
def test_a_step_back_is_not_told_unless_the_cpu_was_switched_on_again(
    before: dict[str, float], now: dict[str, float], told: dict[str, float]
) -> None:
    assert stat.forward(before, now) == told
