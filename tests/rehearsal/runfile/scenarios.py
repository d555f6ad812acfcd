"""Scenarios and run files that the tests of runs, scores and reports begin from."""

import sqlite3
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path
from typing import Any

from venuewatch.rehearsal.runfile.file import RunFile
from venuewatch.rehearsal.scenario import Expectation, Order, Scenario

HOST = "host:STA/STA-1"


def order(
    step: str = "off",
    *targets: str,
    fault: str = "power_off",
    at_s: float = 1.0,
    lasts_s: float = 20.0,
) -> Order:
    """Return an order that hits ``targets``, or the host of :func:`scenario`."""
    return Order(step=step, at_s=at_s, fault=fault, targets=targets or (HOST,), lasts_s=lasts_s)


def expectation(subject: str = HOST, *causes: str, **more: Any) -> Expectation:
    """Return an expectation: to be told within 3 s of the step ``off``, and over within 10 s."""
    given: dict[str, Any] = {"after": "off", "detect_within_s": 3.0, "over_within_s": 10.0}
    return Expectation(subject=subject, causes=causes or ("host_down",), **given | more)


def scenario(number: int = 1, **more: Any) -> Scenario:
    """Return a scenario: one host loses power, at one venue."""
    given: dict[str, Any] = {
        "kind": "server_power_off",
        "kind_id": "0" * 12,
        "title": "A server loses power",
        "policy": "incident_ticket",
        "venues": ("STA",),
        "seed": number,
        "modes": ("simulated", "live"),
        "orders": (order(),),
        "expected": (expectation(),),
    }
    return Scenario(number=number, **given | more)


def run_of(path: Path, scenarios: Iterable[Scenario], **more: Any) -> RunFile:
    """Make the file of a run of these scenarios."""
    given: dict[str, Any] = {
        "plan": "a" * 64,
        "mode": "simulated",
        "seed": 7,
        "versions": {"venuewatch": "1"},
    }
    return RunFile.create(path, scenarios, **given | more)


def fetch(path: Path, query: str) -> list[tuple[Any, ...]]:
    """Return what a query of the database at ``path`` finds, or do what it says."""
    with closing(sqlite3.connect(path, isolation_level=None)) as database:
        return database.execute(query).fetchall()
