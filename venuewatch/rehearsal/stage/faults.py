"""The faults of a stage: each says how it begins, and the command that ends it.

``docs/adding-a-fault.md`` tells how to add one. The faults of a line (delay, loss, a cut) are
settings of its uplink. ``lasts_s``: the fixed length after which a fault is over in any case.
"""

import os
import shlex
import signal
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Final, NamedTuple

from venuewatch.rehearsal.stage.delay_line import Settings
from venuewatch.rehearsal.stage.guardian import Fault, Guardian
from venuewatch.rehearsal.stage.machine import Machine, StageError, do, ip
from venuewatch.rehearsal.stage.undoing import Line
from venuewatch.rehearsal.stage.uplink import Uplink

_BORN_AT: Final = 20  # starttime, counted from the state on; proc_pid_stat(5)
_CONTINUE: Final = """\
pid=$1 born=$2
set -- $(cut -d ")" -f 2- "/proc/$pid/stat" 2>/dev/null)
[ "${20}" != "$born" ] || kill -CONT "$pid"
"""


class Text(NamedTuple):
    """Where lines are added: in a file, behind the line ``after`` (empty: at its end).

    ``name`` tells them from others that are added.
    """

    path: Path
    name: str
    after: str = ""


def freeze(guardian: Guardian, pid: int, *, lasts_s: float | None = None) -> Fault:
    """Stop a process, which keeps its connections and its memory.

    Its id may be another one's when that is undone, so its time of birth is part of its name.

    Raises:
        StageError: it has ended.
    """
    undo = ("sh", "-c", _CONTINUE, "continue", str(pid), _born(pid))
    return guardian.play(partial(os.kill, pid, signal.SIGSTOP), undo, lasts_s=lasts_s)


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


def add_lines(
    guardian: Guardian,
    text: Text,
    lines: Sequence[str],
    *,
    pid: int,
    lasts_s: float | None = None,
) -> Fault:
    """Add lines to the configuration of a process, which reads it again at SIGHUP."""
    begin, end = f"# {text.name}: begin", f"# {text.name}: end"
    path = shlex.quote(str(text.path))
    mark = "/^# " + text.name.replace(".", r"\.")
    undo = f"[ ! -e {path} ] || sed -i '{mark}: begin$/,{mark}: end$/d' {path}"
    hang_up = f"[ ! -d /proc/{pid} ] || kill -HUP {pid}"

    def add() -> None:
        there = text.path.read_text(encoding="utf-8").splitlines()
        at = there.index(text.after) + 1 if text.after else len(there)
        new = [*there[:at], begin, *lines, end, *there[at:]]
        other = text.path.with_suffix(".new")
        other.write_text("\n".join(new) + "\n", encoding="utf-8")
        other.replace(text.path)
        os.kill(pid, signal.SIGHUP)

    return guardian.play(add, ("sh", "-c", f"{undo}; {hang_up}"), lasts_s=lasts_s)


def reset_connections(machine: Machine, port: int, *, but: str, of: str = "") -> None:
    """Close a server's connections at once, but those from the address ``but``.

    ``of``: only those from this network; empty: from any.

    A firewall does so that starts again. It lasts no longer, so there is nothing to undo.

    Raises:
        StageError: the kernel refuses; the text is what it says.
    """
    which = f"sport = :{port} and not dst {but}{f' and dst {of}' if of else ''}"
    words = ("ss", "-K", "state", "established", f"( {which} )")
    do(machine.command(*words), named=f"ss in {machine.namespace}")


def _born(pid: int) -> str:
    """Return when a process began, as the kernel counts. Raises StageError."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        raise StageError(f"process {pid} has ended: it can't stand still") from None
    return stat.partition(")")[2].split()[_BORN_AT - 1]
