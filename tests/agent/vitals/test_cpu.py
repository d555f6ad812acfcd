from typing import cast

import psutil
import pytest

from agent.vitals import cpu

MODES = ["user", "nice", "system", "idle", "iowait", "irq", "softirq", "steal"]
ROUNDED_S = 0.011
STEPPED_BACK_S = 1.0  # as far as iowait may go back on Linux while the tests run

STAT = b"""\
cpu  700 4 500 90000 30 0 20 10 7 0
cpu0 300 4 200 50000 10 0 15 5 7 0
cpu2 400 0 300 40000 20 0 5 5 0 0
intr 1234567 0 9 0
ctxt 7654321
btime 1795331152
"""


def rows(families: dict[str, object]) -> dict[tuple[str, str], float]:
    found = cast("list[tuple[str, str, float]]", families["node_cpu_seconds_total"])
    return {(number, mode): seconds for number, mode, seconds in found}


def test_cpu_seconds_lie_between_two_readings_of_psutil() -> None:
    before = psutil.cpu_times(percpu=True)

    read = rows(cpu.read())

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

    families = cpu.read()

    after = psutil.cpu_stats()
    switches = cast("int", families["node_context_switches_total"])
    interrupts = cast("int", families["node_intr_total"])
    assert before.ctx_switches <= switches <= after.ctx_switches
    assert before.interrupts <= interrupts <= after.interrupts


@pytest.mark.skipif(not psutil.LINUX, reason="other systems have other modes")
def test_the_modes_on_linux_are_node_exporters() -> None:
    modes = {mode for _, mode in rows(cpu.read())}

    assert modes == set(MODES)


def test_a_cpu_that_is_off_renames_no_other_and_a_guests_time_is_no_mode() -> None:
    sample = cpu.parsed(STAT.splitlines(keepends=True), ticks_per_s=100)

    assert list(sample.by_cpu) == ["0", "2"]
    assert list(sample.by_cpu["0"]) == MODES
    assert list(sample.by_cpu["0"].values()) == [3.0, 0.04, 2.0, 500.0, 0.1, 0.0, 0.15, 0.05]
    assert (sample.context_switches, sample.interrupts) == (7_654_321, 1_234_567)


def test_an_old_kernel_with_fewer_modes_has_those() -> None:
    sample = cpu.parsed([b"cpu 9 9 9 9\n", b"cpu0 1 2 3 4\n", b"intr 1\n", b"ctxt 1\n"], 1)

    assert sample.by_cpu == {"0": {"user": 1, "nice": 2, "system": 3, "idle": 4}}


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
    assert cpu.forward(before, now) == told
