"""Runs a Monitoring (Nagios) plugin: a program whose exit code is the state.

Exit code 0 is ``ok``, 1 ``warning``, 2 ``critical``, 3 ``unknown``; any other has no meaning in
the guidelines and is ``unknown``. The first line of its output is the detail. Its performance
data become ``check_performance_seconds``, ``_bytes``, ``_ratio`` (50 % is 0.5) and ``_total``, and
``check_performance`` where they have no unit or another one.
"""

import contextlib
import errno
import signal
import subprocess
from typing import Annotated, TypeAlias

import msgspec

from agent.checks import CheckConfig, Latest, Reading, about
from agent.checks.host import perfdata
from agent.checks.host.spawn import FLOOD_BYTES, Outcome, minimal_environment, run
from agent.checks.reading.words import short, size_in_words
from venuewatch.base.wire.checks import CheckState

Argument: TypeAlias = Annotated[
    str,
    msgspec.Meta(
        pattern=r"^[^\x00]*$",
        max_length=4096,
        extra={"words": "text of at most 4096 characters, without NUL"},
    ),
]
Command: TypeAlias = Annotated[
    tuple[Argument, ...],
    about(
        "the program and its arguments, one by one; no shell looks at them",
        ["/usr/lib/nagios/plugins/check_procs", "-w", "500"],
        min_length=1,
        max_length=256,
    ),
]
Environment: TypeAlias = Annotated[
    dict[str, Argument],
    about(
        "environment variables beside `PATH`, `LANG` and `LC_ALL`, by name",
        {"HOME": "/var/lib/venuewatch"},
    ),
]

_STATES: dict[int, CheckState] = {0: "ok", 1: "warning", 2: "critical", 3: "unknown"}
_NOT_STARTED = {
    errno.ENOENT: "there is no such program (or the interpreter that it names)",
    errno.EACCES: "it may not be executed",
    errno.ENOEXEC: "it is no program for this machine, and names no interpreter",
}


class Config(CheckConfig, frozen=True, tag="exec"):
    """Runs a plugin without a shell, with an empty stdin, `PATH`, `LANG=C` and `LC_ALL=C`.

    When its time is over it is killed with all of its children. When it ends, what it leaves
    running is killed: on Linux all of it, elsewhere what is in its own process group. Of what it
    writes, 64 KiB are read and the rest is dropped; one that writes 16 MB is killed. A plugin's own
    timeout is best shorter than `timeout_s`, because it can say what it waited for.
    """

    command: Command
    environment: Environment = msgspec.field(default_factory=dict)

    def __post_init__(self) -> None:
        if not self.command[0]:
            raise ValueError("Expected `command` to begin with a program")
        for name in self.environment:
            if not name or "=" in name or "\0" in name:
                raise ValueError(f"Expected names of environment variables, got {name!r}")


class Check:
    """The state is the plugin's; one that time or a signal ends is ``critical``."""

    def __init__(self, config: Config, _latest: Latest) -> None:
        self._config = config
        self._environment = minimal_environment() | config.environment
        self._left: subprocess.Popen[bytes] | None = None

    def read(self) -> Reading:
        """Run the plugin once; never a second one beside one that can't be killed."""
        if self._left is not None and self._left.poll() is None:
            return Reading(
                "unknown", f"process {self._left.pid} of an earlier reading can't be killed"
            )
        timeout_s = self._config.timeout_s
        try:
            outcome = run(self._config.command, self._environment, timeout_s=timeout_s)
        except OSError as error:
            why = _NOT_STARTED.get(error.errno or 0) or error.strerror or str(error)
            return Reading("unknown", short(f"{self._config.command[0]}: {why}"))
        self._left = outcome.left
        if outcome.exit_code is None:
            return Reading("critical", _why_killed(outcome, timeout_s))
        if outcome.exit_code < 0:
            return Reading("critical", f"ended by {_signal_in_words(-outcome.exit_code)}")
        return _told(outcome, outcome.exit_code)

    def close(self) -> None:
        """Reap what could not be killed, if it has ended since."""
        if self._left is not None:
            self._left.poll()


def _why_killed(outcome: Outcome, timeout_s: float) -> str:
    if outcome.is_flood:
        return f"killed: it wrote more than {size_in_words(FLOOD_BYTES)}"
    said = short(outcome.stdout.decode(errors="replace"))
    return short(f"killed: no end within {timeout_s:g} s" + (f"; it said: {said}" if said else ""))


def _told(outcome: Outcome, exit_code: int) -> Reading:
    """Read the output: text and data on the first line, then long text, then more data."""
    first, _, more = outcome.stdout.decode(errors="replace").strip().partition("\n")
    text, _, data = first.partition("|")
    values = perfdata.parse(f"{data} {more.partition('|')[2]}")
    detail = short(text)
    if not detail:
        complaint = outcome.stderr.decode(errors="replace").strip().rpartition("\n")[2]
        detail = short(complaint) or "it said nothing"
    if exit_code not in _STATES:
        detail = short(f"exit code {exit_code} means nothing: {detail}")
    values = msgspec.structs.replace(values, check_exit_code=exit_code)
    return Reading(_STATES.get(exit_code, "unknown"), detail, values)


def _signal_in_words(number: int) -> str:
    with contextlib.suppress(ValueError):  # a real-time signal has no name
        return f"signal {number} ({signal.Signals(number).name})"
    return f"signal {number}"
