"""/proc/stat: seconds that each CPU spent in each mode, and what the kernel counts since boot."""

import os
import sys
from collections.abc import Mapping
from typing import TypeAlias

from agent.vitals import _files

_MODES = ("user", "nice", "system", "idle", "iowait", "irq", "softirq", "steal")
_FAMILIES = {
    b"ctxt": "node_context_switches_total",
    b"intr": "node_intr_total",
    b"processes": "node_forks_total",
    b"procs_running": "node_procs_running",
    b"procs_blocked": "node_procs_blocked",
    b"btime": "node_boot_time_seconds",
}
_RESTARTED_S = 3  # node_exporter's limit: idle time that fell by more is a CPU switched on again

Sample: TypeAlias = tuple[dict[str, dict[str, float]], dict[str, float]]
"""Seconds by CPU and mode, and the families that have one number."""

_latest: dict[str, dict[str, float]] = {}


def read() -> dict[str, object]:
    """Return the counters; on Linux the modes of node_exporter, elsewhere those of psutil.

    On Linux a guest's time is part of ``user`` and ``nice``, and no mode of its own. The boot time,
    in seconds since 1970, moves when the wall clock is set.
    """
    by_cpu, families = _sample()
    for cpu, seconds in by_cpu.items():
        _latest[cpu] = forward(_latest.get(cpu, {}), seconds)
    rows = [(cpu, mode, _latest[cpu][mode]) for cpu, modes in by_cpu.items() for mode in modes]
    return {"node_cpu_seconds_total": rows, **families}


def forward(before: Mapping[str, float], now: Mapping[str, float]) -> dict[str, float]:
    """Return ``now`` (seconds by mode) with no mode behind ``before``.

    Linux lets idle and iowait step back a little (proc(5)), and to Prometheus any step back is a
    restart from 0, which makes hours of iowait out of nothing. Only a CPU whose idle time fell
    by 3 s did restart.
    """
    if before.get("idle", 0) - now.get("idle", 0) >= _RESTARTED_S:
        return dict(now)
    return {mode: max(seconds, before.get(mode, 0)) for mode, seconds in now.items()}


def parsed(stat: bytes, ticks_per_s: int) -> Sample:
    """Return seconds by mode of each CPU, under the kernel's numbers, and the other families.

    psutil counts the CPUs that are on instead: switching one off renames those after it.
    """
    by_cpu: dict[str, dict[str, float]] = {}
    families: dict[str, float] = {}
    for line in stat.splitlines():
        name, _, rest = line.partition(b" ")
        if name.startswith(b"cpu"):
            if not name[3:].isdigit():
                continue  # the sum of all
            by_cpu[name[3:].decode()] = {
                mode: ticks / ticks_per_s
                for mode, ticks in zip(_MODES, _files.counts(rest.split()), strict=False)
                if ticks is not None
            }
        elif name in _FAMILIES:
            total = _files.count(rest.partition(b" ")[0])
            if total is not None:
                families[_FAMILIES[name]] = total
    return by_cpu, families


if sys.platform == "linux":
    _TICKS_PER_S = os.sysconf("SC_CLK_TCK")

    def _sample() -> Sample:
        return parsed(_files.proc("stat"), _TICKS_PER_S)

else:

    def _sample() -> Sample:
        import psutil  # noqa: PLC0415 - Linux does without

        stats = psutil.cpu_stats()
        by_cpu = {
            str(number): {mode: round(spent, 2) for mode, spent in times._asdict().items()}
            for number, times in enumerate(psutil.cpu_times(percpu=True))
        }
        return by_cpu, {
            "node_context_switches_total": stats.ctx_switches,
            "node_intr_total": stats.interrupts,
            "node_boot_time_seconds": round(psutil.boot_time()),
        }
