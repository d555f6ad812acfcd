"""Seconds that each CPU spent in each mode; context switches; interrupts."""

import os
import sys
from collections.abc import Iterable, Mapping
from typing import NamedTuple

import psutil

_MODES = ("user", "nice", "system", "idle", "iowait", "irq", "softirq", "steal")
_RESTARTED_S = 3  # node_exporter's limit: idle time that fell by more is a CPU switched on again

_latest: dict[str, dict[str, float]] = {}


class Sample(NamedTuple):
    """Counters since boot: seconds by CPU and mode, and how often."""

    by_cpu: dict[str, dict[str, float]]
    context_switches: int
    interrupts: int


def read() -> dict[str, object]:
    """Return the counters; on Linux the modes of node_exporter, elsewhere those of psutil.

    On Linux a guest's time is part of ``user`` and ``nice``, and no mode of its own.
    """
    sample = _sample()
    for cpu, seconds in sample.by_cpu.items():
        _latest[cpu] = forward(_latest.get(cpu, {}), seconds)
    return {
        "node_cpu_seconds_total": [
            (cpu, mode, _latest[cpu][mode])
            for cpu, seconds in sample.by_cpu.items()
            for mode in seconds
        ],
        "node_context_switches_total": sample.context_switches,
        "node_intr_total": sample.interrupts,
    }


def forward(before: Mapping[str, float], now: Mapping[str, float]) -> dict[str, float]:
    """Return ``now`` (seconds by mode) with no mode behind ``before``.

    Linux lets idle and iowait step back a little (proc(5)), and to Prometheus any step back is a
    restart from 0, which makes hours of iowait out of nothing. Only a CPU whose idle time fell
    by 3 s did restart.
    """
    if before.get("idle", 0) - now["idle"] >= _RESTARTED_S:
        return dict(now)
    return {mode: max(seconds, before.get(mode, 0)) for mode, seconds in now.items()}


def parsed(lines: Iterable[bytes], ticks_per_s: int) -> Sample:
    """Return what the lines of /proc/stat say, under the kernel's CPU numbers.

    psutil counts the CPUs that are on instead: switching one off renames those after it.
    """
    by_cpu: dict[str, dict[str, float]] = {}
    totals = {}
    for line in lines:
        if line.startswith(b"cpu"):
            cpu, *ticks = line.split()
            by_cpu[cpu[3:].decode()] = {
                mode: round(int(spent) / ticks_per_s, 2)
                for mode, spent in zip(_MODES, ticks, strict=False)
            }
        elif line.startswith((b"ctxt", b"intr")):
            name, total = line.split(maxsplit=2)[:2]
            totals[name] = int(total)
    del by_cpu[""]  # the sum of all
    return Sample(by_cpu, totals[b"ctxt"], totals[b"intr"])


if sys.platform == "linux":
    _TICKS_PER_S = os.sysconf("SC_CLK_TCK")

    def _sample() -> Sample:
        with open("/proc/stat", "rb") as lines:  # noqa: PTH123 - the agent spares pathlib's memory
            return parsed(lines, _TICKS_PER_S)

else:

    def _sample() -> Sample:
        stats = psutil.cpu_stats()
        by_cpu = {
            str(number): {mode: round(spent, 2) for mode, spent in times._asdict().items()}
            for number, times in enumerate(psutil.cpu_times(percpu=True))
        }
        return Sample(by_cpu, stats.ctx_switches, stats.interrupts)
