"""Asks systemd about the unit of the agent or the aggregator."""

from collections.abc import Mapping
from typing import Final, NamedTuple

from venuewatch.doctor.findings import Finding, well, wrong
from venuewatch.doctor.site import Site
from venuewatch.doctor.system import STARTS_AGAIN

PLACES = frozenset({"host", "centre"})
NEEDS: tuple[str, ...] = ()

_WRONG_CONFIGURATION: Final = "2"  # the exit code of ours that another start does not mend


class Unit(NamedTuple):
    """The unit, and what systemd says of it; None where no systemd runs or answers.

    ``running``: how it is known that the program runs, "" where it does not. ``is_coming``: it has
    just ended, and is started again. ``pid``: the process of the agent that has answered, 0 where
    none has.
    """

    name: str
    said: Mapping[str, str] | None
    running: str = ""
    is_coming: bool = False
    pid: int = 0


def look(site: Site) -> Unit:
    """Ask systemd."""
    found = site.running
    pid = 0 if found.status is None else found.status.pid
    return Unit(site.unit, site.said_of_unit, found.how, found.is_coming, pid)


def judge(facts: Unit) -> list[Finding]:
    """Find a unit that does not run, or will not run after the next start of the machine."""
    name, said = facts.name, facts.said
    if said is None:
        if facts.is_coming:
            log = f"/var/log/{name.removesuffix('.service')}.log"
            return [wrong(f"no systemd here, and {_program(name)} has ended", f"Read why: {log}")]
        if facts.running:
            return [well(f"no systemd here; {facts.running}")]
        todo = "Start it with the supervisor that the installation printed"
        return [wrong(f"no systemd here, and {_program(name)} does not run", todo)]
    if said.get("LoadState") == "not-found":
        if facts.running:
            todo = "Install the unit, so that it starts with the machine"
            text = f"{facts.running}, but systemd knows no {name}"
            return [wrong(text, todo, is_usable=True)]
        return [wrong(f"systemd knows no {name}", "Install the venue's bundle, or the package")]
    if said.get("LoadState") == "masked":
        return [wrong(f"{name} is masked: it never starts", f"systemctl unmask {name}")]
    main = said.get("MainPID", "0")
    if facts.pid and main not in {"0", str(facts.pid)}:
        text = f"two agents run here: process {facts.pid}, and {main}, which is that of {name}"
        return [wrong(text, f"End process {facts.pid}", is_usable=True)]
    return [_judged(name, said, facts.running)]


def _judged(name: str, said: Mapping[str, str], running: str) -> Finding:
    log = f"journalctl -u {name} -n 20"
    if said.get("ActiveState") == "failed" and said.get("ExecMainStatus") == _WRONG_CONFIGURATION:
        return wrong(f"{name} ended: its configuration is wrong", f"Read the line: {log}")
    if said.get("SubState") == STARTS_AGAIN:
        times = said.get("NRestarts", "?")
        return wrong(f"{name} ends again and again, {times} times so far", f"Read why: {log}")
    state = said.get("ActiveState", "")
    if state not in ("active", "reloading", "activating"):
        if running:
            text = f"{running}, but not by {name}: nothing starts it again"
            return wrong(text, f"Stop it, then: systemctl start {name}", is_usable=True)
        text = f"{name} does not run: it is {state or 'in no state'}"
        return wrong(text, f"systemctl start {name}; {log}")
    if said.get("UnitFileState") == "disabled":
        text = f"{name} runs, and will not after the next start of the machine"
        return wrong(text, f"systemctl enable {name}", is_usable=True)
    return well(f"{name} is {state}")


def _program(unit: str) -> str:
    return f"the {unit.removeprefix('venuewatch-').removesuffix('.service')}"
