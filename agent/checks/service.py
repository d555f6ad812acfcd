"""Asks for the state of an operating system's service: systemd, Windows or launchd.

On Linux the unit's state is asked of `systemctl`, on macOS of `launchctl`, on Windows of the
service control manager. Where there is no systemd, the state is `unknown`.
"""

import sys
from typing import Annotated, Literal, NamedTuple

import psutil

from agent.checks import CheckConfig, Reading, SimpleCheck, about, worded
from agent.checks.host.spawn import minimal_environment, run
from agent.checks.reading.words import short
from venuewatch.base.wire.checks import CheckState, CheckValues

ServiceName = Annotated[
    str,
    worded(r"^[^\x00-\x1f/*?\[]{1,255}$", "1 to 255 characters without slash, *, ? and ["),
]

_PROPERTIES = "LoadState,ActiveState,SubState,Result,ExecMainStatus,NRestarts"


class Config(CheckConfig, frozen=True, tag="service"):
    """Asks for one service, and changes nothing."""

    service: Annotated[
        ServiceName, about("systemd unit, Windows service or launchd label", "mosquitto.service")
    ]
    scope: Annotated[
        Literal["system", "user"],
        about("whose service manager: the machine's, or that of the agent's own user", "user"),
    ] = "system"
    may_be_inactive: Annotated[
        bool, about("inactive is well too, as with a job that a timer starts", True)
    ] = False


class Status(NamedTuple):
    """A service manager's answer; ``restarts``: by the manager itself, None if not counted.

    ``kind``: ``changing`` is on its way to active or from it, ``missing`` is a
    service that the manager does not know.
    """

    kind: Literal["active", "changing", "inactive", "failed", "missing"]
    detail: str
    restarts: int | None = None


class NoAnswerError(Exception):
    """The service manager could not be asked; its text says why."""


class Check(SimpleCheck[Config]):
    """An active service is ``ok``, one that starts or stops ``warning``, any other ``critical``."""

    def read(self) -> Reading:
        """Ask once."""
        try:
            status = _ask(self._config)
        except NoAnswerError as error:
            return Reading("unknown", short(str(error)))
        states: dict[str, CheckState] = {"active": "ok", "changing": "warning"}
        if self._config.may_be_inactive:
            states["inactive"] = "ok"
        values = CheckValues(
            check_service_active=float(status.kind == "active"),
            check_service_restarts_total=status.restarts,
        )
        return Reading(states.get(status.kind, "critical"), short(status.detail), values)


def from_systemd(text: str) -> Status:
    """Read what ``systemctl show`` says of one unit, a ``Property=value`` a line.

    The values alone (``--value``) would come in systemd's order, not in that of the question.
    """
    said = dict(line.split("=", 1) for line in text.splitlines() if "=" in line)
    load, active, sub = (said.get(f"{name}State", "") for name in ("Load", "Active", "Sub"))
    if not active:
        raise NoAnswerError(f"systemctl said nothing that we understand: {text[:80]!r}")
    restarts = int(said["NRestarts"]) if said.get("NRestarts", "").isdigit() else None
    words = f"{active} ({sub})"
    if load == "not-found" and active == "inactive":
        return Status("missing", "not-found: systemd knows no such unit")
    if load in ("masked", "error", "bad-setting") and active == "inactive":
        return Status("missing", f"{load}: systemd can't start it")
    if active in ("active", "reloading", "refreshing"):
        return Status("active", words, restarts)
    if active == "failed" or sub.startswith("auto-restart"):
        why = said.get("Result", "")
        if why in ("exit-code", "signal", "core-dump"):
            why += f" {said.get('ExecMainStatus', '')}"
        return Status("failed", f"{words}: {why}", restarts)
    if active in ("activating", "deactivating", "maintenance"):
        return Status("changing", words, restarts)
    return Status("inactive", words, restarts)


def from_launchd(text: str) -> Status:
    """Read what ``launchctl print`` says of one service, a ``name = value`` a line.

    A service that launchd starts on demand, and that ended well, is inactive.
    """
    said: dict[str, str] = {}
    for line in text.splitlines():
        name, is_pair, value = line.partition(" = ")
        if is_pair and line.count("\t") <= 1:
            said.setdefault(name.strip(), value.strip())
    state = said.get("state", "")
    if not state:
        raise NoAnswerError(f"launchctl said nothing that we understand: {text[:80]!r}")
    runs = said.get("runs", "")
    restarts = max(0, int(runs) - 1) if runs.isdigit() else None
    if state == "running":
        return Status("active", state, restarts)
    code = said.get("last exit code", "")
    if code in ("", "0", "(never exited)"):
        return Status("inactive", state, restarts)
    return Status("failed", f"{state}: exit code {code}", restarts)


def from_windows(status: str) -> Status:
    """Read psutil's word for a Windows service's state."""
    if status == "running":
        return Status("active", status)
    return Status("changing" if status.endswith("_pending") else "inactive", status)


if sys.platform == "win32":

    def _ask(config: Config) -> Status:
        try:
            return from_windows(psutil.win_service_get(config.service).status())
        except psutil.NoSuchProcess:
            return Status("missing", "Windows knows no such service")
        except (psutil.Error, OSError) as error:
            raise NoAnswerError(str(error)) from None

elif sys.platform == "darwin":
    import os

    _NOT_FOUND = 113  # launchctl's own: could not find service

    def _ask(config: Config) -> Status:
        domain = "system" if config.scope == "system" else f"gui/{os.getuid()}"
        arguments = ("launchctl", "print", f"{domain}/{config.service}")
        code, said, complaint = _told(arguments, minimal_environment(), config.timeout_s)
        if code == _NOT_FOUND:
            return Status("missing", "launchd knows no such service")
        if code:
            raise NoAnswerError(complaint or f"launchctl failed with exit code {code}")
        return from_launchd(said)

else:
    import os

    def _ask(config: Config) -> Status:
        environment = minimal_environment()
        for name in ("XDG_RUNTIME_DIR", "DBUS_SESSION_BUS_ADDRESS"):
            if config.scope == "user" and name in os.environ:
                environment[name] = os.environ[name]
        arguments = (
            *("systemctl", f"--{config.scope}", "show", "--no-pager"),
            *(f"--property={_PROPERTIES}", "--", config.service),
        )
        code, said, complaint = _told(arguments, environment, config.timeout_s)
        if "not been booted with systemd" in complaint:
            raise NoAnswerError("systemd does not run here")
        if code:
            raise NoAnswerError(complaint or f"systemctl failed with exit code {code}")
        return from_systemd(said)


def _told(
    arguments: tuple[str, ...], environment: dict[str, str], timeout_s: float
) -> tuple[int, str, str]:
    """Return exit code, output and the first line of complaint of a program.

    Raises:
        NoAnswerError: it isn't there, or did not end in time.
    """
    program = arguments[0]
    try:
        outcome = run(arguments, environment, timeout_s=timeout_s)
    except FileNotFoundError:
        raise NoAnswerError(f"there is no {program} here") from None
    except OSError as error:
        raise NoAnswerError(f"{program}: {error.strerror}") from None
    if outcome.exit_code is None:
        raise NoAnswerError(f"{program} gave no answer within {timeout_s:g} s")
    complaint = outcome.stderr.decode(errors="replace").strip().partition("\n")[0]
    return outcome.exit_code, outcome.stdout.decode(errors="replace"), complaint
