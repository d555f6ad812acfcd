"""The run sheet of a rehearsal: its settings, its officers, and a row for each scenario.

It holds all that is needed to play and to score, and the digests of what it was made from. So a
plan for another fleet is known, and one of kinds that have changed since.
"""

import hashlib
from collections import Counter
from collections.abc import Container, Iterable, Mapping
from itertools import pairwise
from typing import Annotated, Final

import msgspec

from aggregator.inventory import Inventory
from venuewatch.base.config import Name
from venuewatch.rehearsal.plan.officers import Officer, OfficerName
from venuewatch.rehearsal.plan.terms import DAY_S, Hours, PlanError
from venuewatch.rehearsal.scenario import Scenario, subject_of

VERSION: Final = 1

SCENARIOS_MAX: Final = 20_000
DAYS_MAX: Final = 60

_ANY = "*"


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How a plan was asked for. ``first_day`` is "" where days are numbers only."""

    scenarios: Annotated[int, msgspec.Meta(ge=1, le=SCENARIOS_MAX)]
    days: Annotated[int, msgspec.Meta(ge=1, le=DAYS_MAX)]
    slot_s: Annotated[int, msgspec.Meta(ge=60, le=86_400)]
    hours: Hours
    seed: int
    first_day: Annotated[str, msgspec.Meta(max_length=10)] = ""


class Row(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One scenario, when it is begun, and by whom.

    ``day`` counts from 1, by the clock of the scenario's first venue. ``starts_at`` and ``ends_at``
    are those of its slot, in seconds from 00:00 UTC of the first day.
    """

    day: int
    starts_at: int
    ends_at: int
    officer: OfficerName
    scenario: Scenario


class RunSheet(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A whole plan; ``inventory`` is the digest of the one that it was made for."""

    version: int = VERSION
    inventory: str
    settings: Settings
    officers: tuple[Officer, ...]
    rows: tuple[Row, ...]

    @property
    def seed(self) -> int:
        """The seed that the plan was made with."""
        return self.settings.seed


def digest_of(inventory: Inventory) -> str:
    """Return the digest of an inventory: that of what it says, not of how it is written."""
    return hashlib.sha256(msgspec.json.encode(inventory)).hexdigest()[:16]


def digest_of_sheet(sheet: RunSheet) -> str:
    """Return the digest of a plan."""
    return hashlib.sha256(msgspec.json.encode(sheet)).hexdigest()[:16]


def check(sheet: RunSheet) -> None:
    """Check that a run sheet can be played as it says.

    Raises:
        PlanError: an officer or a venue is to be twice at once, a scenario is there twice, or what
            hits the centre does not run alone.
    """
    check_version(sheet.version)
    names = {officer.name for officer in sheet.officers}
    if len(names) < len(sheet.officers):
        raise PlanError("officers", "expected each name once")
    numbers = Counter(row.scenario.number for row in sheet.rows)
    for number, times in numbers.items():
        if times > 1:
            raise PlanError("rows", f"expected each number once, got scenario {number} twice")
    for row in sheet.rows:
        number = row.scenario.number
        if row.officer not in names:
            raise PlanError(
                "officers", f"expected one of the plan for scenario {number}, got {row.officer!r}"
            )
        if not row.scenario.venues:
            raise PlanError("venues", f"expected a venue for scenario {number}, got none")
        if row.starts_at >= row.ends_at:
            raise PlanError("rows", f"expected scenario {number} to end after it starts")
        _check_steps(row.scenario)
    _refuse_twice("officer", ((row.officer, row) for row in sheet.rows))
    _refuse_twice("venue", ((code, row) for row in sheet.rows for code in set(row.scenario.venues)))
    _refuse_beside_alone(sheet.rows)


def check_version(version: object) -> None:
    """Check that a plan is of the version that is known here.

    Raises:
        PlanError: it is of another one.
    """
    if version != VERSION or isinstance(version, bool):
        got = version if isinstance(version, int) else "none"
        raise PlanError("version", f"expected a plan of version {VERSION}, got {got!s:.20}")


def check_fleet(sheet: RunSheet, inventory: Inventory) -> None:
    """Check that a run sheet was made for this inventory.

    Raises:
        PlanError: it was made for another one.
    """
    codes = {venue.code for venue in inventory.venue}
    for row in sheet.rows:
        for code in row.scenario.venues:
            if code not in codes:
                raise PlanError(
                    "inventory",
                    f"expected venues of the inventory, got {code!r} in scenario "
                    f"{row.scenario.number}: the plan was made for another one",
                )
    hosts = {(venue.code, host.name) for venue in inventory.venue for host in venue.host}
    for row in sheet.rows:
        _check_subjects(row.scenario, codes, hosts)
    found = digest_of(inventory)
    if sheet.inventory != found:
        raise PlanError(
            "inventory",
            f"expected the one that the plan was made for, got another: its digest is {found}",
        )


def check_kinds(sheet: RunSheet, digests: Mapping[str, str]) -> None:
    """Check that the kinds are those that a run sheet was made from: their digests by name.

    Raises:
        PlanError: one is no longer there, or says something else by now.
    """
    for row in sheet.rows:
        scenario = row.scenario
        digest = digests.get(scenario.kind)
        if digest is None:
            raise PlanError(
                "kinds",
                f"expected kind {scenario.kind!r} of scenario {scenario.number}, which is no "
                f"longer there; --kinds FOLDER has kinds of your own",
            )
        if digest != scenario.kind_id:
            raise PlanError(
                "kinds",
                f"expected kind {scenario.kind!r} as it was when the plan was made: its file has "
                f"changed since, make the plan again",
            )


def _check_steps(scenario: Scenario) -> None:
    steps = [order.step for order in scenario.orders]
    for step in steps:
        if steps.count(step) > 1:
            raise PlanError("rows", f"expected step {step!r} of {scenario.number} once")
    for expected in scenario.expected:
        if expected.after not in steps:
            raise PlanError(
                "rows",
                f"expected a step of scenario {scenario.number} before {expected.subject!r}, got "
                f"{expected.after!r}",
            )
    times = [time for order in scenario.orders for time in (order.at_s, order.lasts_s)]
    times += [
        time for one in scenario.expected for time in (one.detect_within_s, one.over_within_s)
    ]
    if not all(0 <= time <= DAY_S for time in times):
        raise PlanError("rows", f"expected seconds from 0 to {DAY_S} in scenario {scenario.number}")


def _check_subjects(
    scenario: Scenario, codes: Container[str], hosts: Container[tuple[str, str]]
) -> None:
    texts = [target for order in scenario.orders for target in order.targets]
    texts += [expected.subject for expected in scenario.expected]
    texts += [allowed.subject for allowed in scenario.allowed]
    for text in texts:
        try:
            subject = subject_of(text)
        except ValueError as error:
            raise PlanError("rows", f"{error} in scenario {scenario.number}") from None
        is_host = subject.host not in {"", _ANY} and bool(subject.venue)
        if (subject.venue and subject.venue not in codes) or (
            is_host and (subject.venue, subject.host) not in hosts
        ):
            raise PlanError(
                "inventory",
                f"expected venues and hosts of the inventory, got {text!r} in scenario "
                f"{scenario.number}",
            )


def _refuse_twice(what: str, rows: Iterable[tuple[Name, Row]]) -> None:
    by_name: dict[str, list[Row]] = {}
    for name, row in rows:
        by_name.setdefault(name, []).append(row)
    for name, theirs in by_name.items():
        theirs.sort(key=lambda row: (row.starts_at, row.ends_at))
        for one, other in pairwise(theirs):
            if other.starts_at < one.ends_at:
                raise PlanError(
                    f"{what}s",
                    f"expected {what} {name!r} in one scenario at a time, got "
                    f"{one.scenario.number} and {other.scenario.number} at once",
                )


def _refuse_beside_alone(rows: Iterable[Row]) -> None:
    """Refuse what is beside a scenario that hits the centre."""
    last: Row | None = None  # of those so far, the one that ends last
    alone: Row | None = None  # likewise, of those that run alone
    for row in sorted(rows, key=lambda row: row.starts_at):
        beside = last if row.scenario.runs_alone else alone
        if beside is not None and row.starts_at < beside.ends_at:
            first = row if row.scenario.runs_alone else beside
            second = beside if first is row else row
            raise PlanError(
                "centre",
                f"expected scenario {first.scenario.number} to run alone, as it hits the centre, "
                f"got {second.scenario.number} beside it",
            )
        if last is None or row.ends_at > last.ends_at:
            last = row
        if row.scenario.runs_alone and (alone is None or row.ends_at > alone.ends_at):
            alone = row
