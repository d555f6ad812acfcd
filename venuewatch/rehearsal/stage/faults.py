"""The faults of a stage: each says how it begins, and the command that ends it.

``docs/adding-a-fault.md`` tells how to add one. The faults of a line (delay, loss, a cut) are
settings of its uplink.
"""

import os
import shlex
import signal
import subprocess
from collections.abc import Sequence
from functools import partial
from typing import Final

from venuewatch.rehearsal.stage.guardian import Fault, Guardian
from venuewatch.rehearsal.stage.machine import Machine, ip

_SS_TIMEOUT_S: Final = 20.0


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


def reset_connections(machine: Machine, port: int, *, but: str) -> None:
    """Close a server's connections at once, but those from the address ``but``.

    A firewall does so that starts again. It lasts no longer, so there is nothing to undo.
    """
    words = ("ss", "-K", "state", "established", f"( sport = :{port} and not dst {but} )")
    subprocess.run(machine.command(*words), check=True, capture_output=True, timeout=_SS_TIMEOUT_S)


def refuse_hosts(guardian: Guardian, machine: Machine, addresses: Sequence[str]) -> Fault:
    """Let a machine answer none of these addresses, so that they can not connect to it."""
    routes = [f"{address}/32" for address in addresses]
    flush = f"ip -n {machine.namespace} route flush type blackhole exact"
    undo = "; ".join(f"{flush} {route}" for route in routes)
    lines = [f"route add blackhole {route}" for route in routes]
    return guardian.play(partial(machine.ip, *lines), ("sh", "-c", undo))
