"""The faults of a stage: each says how it begins, and the command that ends it.

``docs/adding-a-fault.md`` tells how to add one. The faults of a line (delay, loss, a cut) are
settings of its uplink.
"""

import os
import shlex
import signal
from functools import partial

from venuewatch.rehearsal.stage.guardian import Fault, Guardian
from venuewatch.rehearsal.stage.machine import Machine, ip


def freeze(guardian: Guardian, pid: int) -> Fault:
    """Stop a process, which keeps its connections and its memory."""
    undo = f"[ ! -d /proc/{pid} ] || kill -CONT {pid}"
    return guardian.play(partial(os.kill, pid, signal.SIGSTOP), ("sh", "-c", undo))


def unplug(guardian: Guardian, machine: Machine, device: str) -> Fault:
    """Take a network device down: no packet leaves it or reaches it.

    The kernel forgets the device's routes then, so the undoing adds them again.
    """
    routes = ip("-n", machine.namespace, "route", "show", "dev", device).splitlines()
    lines = [f"link set {device} up", *(f"route replace {line} dev {device}" for line in routes)]
    undo = f"printf '%s\\n' {shlex.join(lines)} | ip -n {machine.namespace} -batch -"
    return guardian.play(partial(machine.ip, f"link set {device} down"), ("sh", "-c", undo))
