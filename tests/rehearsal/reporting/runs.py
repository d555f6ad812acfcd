"""Runs that reports are made of: of several venues, kinds and policies, with all verdicts."""

from pathlib import Path

from tests.rehearsal.runfile.scenarios import expectation, fetch, order, run_of, scenario
from tests.rehearsal.score.runs import SLOT_S, play
from venuewatch.rehearsal.reporting.build import build
from venuewatch.rehearsal.reporting.gather import gather
from venuewatch.rehearsal.reporting.model import Report
from venuewatch.rehearsal.scenario import Scenario
from venuewatch.rehearsal.score.marks import Marks

KINDS = ("server_power_off", "server_frozen", "agent_killed")
VENUES = ("STA", "ARE", "GYM", "POO")
POLICIES = ("incident_ticket", "escalation")


def one_of(number: int, **more: object) -> Scenario:
    """Return a scenario; its venue, kind and policy follow from its number."""
    venue = VENUES[number % 4]
    given: dict[str, object] = {
        "kind": KINDS[number % 3],
        "venues": (venue,),
        "policy": POLICIES[number % 2],
        "orders": (order("off", host_of(number)),),
        "expected": (expectation(host_of(number)),),
    }
    return scenario(number, **given | more)


def host_of(number: int) -> str:
    """Return the host that a scenario hits."""
    return f"host:{VENUES[number % 4]}/H-{number}"


def mixed_run(path: Path, scenarios: int = 60) -> None:
    """Write a run: most are right; some late, void, wrongly named or not played."""
    with run_of(path, map(one_of, range(1, scenarios + 1))) as run:
        for number in range(1, scenarios + 1):
            if number % 11:
                play(run, number, began=number * SLOT_S, host=host_of(number))
    fetch(path, "UPDATE seen SET at = at + 0.01 * incident WHERE change = 'opened'")
    for table in ("seen", "notice"):
        late = "SET at = at + 4 WHERE change = 'opened' AND incident % 5 = 0"
        fetch(path, f"UPDATE {table} {late}")
        fetch(path, f"UPDATE {table} SET cause = 'agent_stopped' WHERE incident % 13 = 0")  # noqa: S608
    fetch(path, "UPDATE attempt SET void_reason = 'no room' WHERE number % 7 = 0")


def report_of(path: Path, **more: object) -> Report:
    """Return the report of a run by the default marks."""
    return build(gather(path, Marks()), **more)  # type: ignore[arg-type]
