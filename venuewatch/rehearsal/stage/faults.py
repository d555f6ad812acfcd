"""The faults of a stage: each says how it begins, and the command that ends it.

``docs/adding-a-fault.md`` tells how to add one. The faults of a line (delay, loss, a cut) are
settings of its uplink. ``lasts_s``: the fixed length after which a fault is over in any case.
"""

import os
import shlex
import signal
import subprocess
from functools import partial
from typing import Final

from venuewatch.rehearsal.stage.delay_line import Settings
from venuewatch.rehearsal.stage.guardian import Fault, Guardian
from venuewatch.rehearsal.stage.machine import Machine, ip
from venuewatch.rehearsal.stage.undoing import Line
from venuewatch.rehearsal.stage.uplink import Uplink

_SS_TIMEOUT_S: Final = 20.0


def freeze(guardian: Guardian, pid: int, *, lasts_s: float | None = None) -> Fault:
    """Stop a process, which keeps its connections and its memory."""
    undo = f"[ ! -d /proc/{pid} ] || kill -CONT {pid}"
    stop = partial(os.kill, pid, signal.SIGSTOP)
    return guardian.play(stop, ("sh", "-c", undo), lasts_s=lasts_s)


def change_line(
    guardian: Guardian, uplink: Uplink, settings: Settings, *, lasts_s: float | None = None
) -> Fault:
    """Have an uplink carry packets in another way: late, not all of them, or none."""
    return guardian.play(partial(uplink.change, settings), Line(uplink.address), lasts_s=lasts_s)


def unplug(
    guardian: Guardian, machine: Machine, device: str, *, lasts_s: float | None = None
) -> Fault:
    """Take a network device down: no packet leaves it or reaches it.

    The kernel forgets the device's routes then, so the undoing adds them again.
    """
    routes = ip("-n", machine.namespace, "route", "show", "dev", device).splitlines()
    lines = [f"link set {device} up", *(f"route replace {line} dev {device}" for line in routes)]
    undo = f"printf '%s\\n' {shlex.join(lines)} | ip -n {machine.namespace} -batch -"
    return guardian.play(
        partial(machine.ip, f"link set {device} down"), ("sh", "-c", undo), lasts_s=lasts_s
    )


def reset_connections(machine: Machine, port: int, *, but: str, of: str = "") -> None:
    """Close a server's connections at once, but those from the address ``but``.

    ``of``: only those from this network; empty: from any.

    A firewall does so that starts again. It lasts no longer, so there is nothing to undo.
    """
    which = f"sport = :{port} and not dst {but}{f' and dst {of}' if of else ''}"
    words = ("ss", "-K", "state", "established", f"( {which} )")
    subprocess.run(machine.command(*words), check=True, capture_output=True, timeout=_SS_TIMEOUT_S)
