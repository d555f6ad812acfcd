"""Every constraint of a run sheet, asked of its rows alone."""

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import combinations
from zoneinfo import ZoneInfo

from aggregator.core.incidents.lifecycle import DAMPED
from aggregator.core.verdicts.flapping import SUPPRESS, Damping
from aggregator.inventory import Inventory
from venuewatch.rehearsal.plan.shares import Candidate
from venuewatch.rehearsal.plan.sheet import Row, RunSheet
from venuewatch.rehearsal.plan.slots import NO_DATE

MIDNIGHT = datetime(NO_DATE.year, NO_DATE.month, NO_DATE.day, tzinfo=UTC)


def overlap(one: Row, other: Row) -> bool:
    return one.starts_at < other.ends_at and other.starts_at < one.ends_at


def clashes(sheet: RunSheet) -> list[str]:
    """Return what is in two places, or beside what runs alone."""
    found = []
    for one, other in combinations(sheet.rows, 2):
        if not overlap(one, other):
            continue
        if one.officer == other.officer:
            found.append(f"{one.officer} twice")
        if set(one.scenario.venues) & set(other.scenario.venues):
            found.append(f"{one.scenario.venues} twice")
        if one.scenario.runs_alone or other.scenario.runs_alone:
            found.append(f"{one.scenario.kind} beside {other.scenario.kind}")
    return found


def outside_hours(sheet: RunSheet, inventory: Inventory) -> list[Row]:
    """Return the rows that are not within the plan's hours, by the clock of their venue."""
    zones = {venue.code: venue.timezone for venue in inventory.venue}
    begins, ends = sheet.settings.hours.split("-")
    return [
        row
        for row in sheet.rows
        if not (
            begins <= local(row.starts_at, zones[row.scenario.venue])
            and local(row.ends_at - 1, zones[row.scenario.venue]) < ends
            and row.ends_at - row.starts_at == sheet.settings.slot_s
        )
    ]


def outside_own_hours(sheet: RunSheet, inventory: Inventory) -> list[Row]:
    """Return the rows of officers who do not work then, or who do not serve the venue."""
    zones = {venue.code: venue.timezone for venue in inventory.venue}
    people = {officer.name: officer for officer in sheet.officers}
    found = []
    for row in sheet.rows:
        officer, venue = people[row.officer], row.scenario.venue
        serves = venue in officer.venues if officer.venues else officer.zone in {"", zones[venue]}
        begins, ends = (officer.hours or "00:00-24:00").split("-")
        zone = officer.zone or zones[venue]
        if not (
            serves and begins <= local(row.starts_at, zone) and local(row.ends_at - 1, zone) < ends
        ):
            found.append(row)
    return found


def local(at: int, zone: str) -> str:
    return f"{(MIDNIGHT + timedelta(seconds=at)).astimezone(ZoneInfo(zone)):%H:%M}"


def quiet_share(sheet: RunSheet) -> float:
    return sum(row.scenario.expects_nothing for row in sheet.rows) / len(sheet.rows)


def untouched_share_of_quiet(sheet: RunSheet) -> float:
    quiet = [row.scenario for row in sheet.rows if row.scenario.expects_nothing]
    return sum(not scenario.orders for scenario in quiet) / len(quiet)


def kinds_left_out(sheet: RunSheet, kinds: Sequence[Candidate]) -> set[str]:
    return {kind.name for kind in kinds} - {row.scenario.kind for row in sheet.rows}


def venues_left_out(sheet: RunSheet, inventory: Inventory) -> set[str]:
    return {venue.code for venue in inventory.venue} - {row.scenario.venue for row in sheet.rows}


def loads(sheet: RunSheet) -> Counter[str]:
    """Return how many rows each officer has."""
    counts = Counter({officer.name: 0 for officer in sheet.officers})
    counts.update(row.officer for row in sheet.rows)
    return counts


def called_flapping(sheet: RunSheet) -> list[str]:
    """Return the subjects that the core would call flapping, hit as the rows say."""
    dampings: dict[str, Damping] = {}
    found = []
    for row in sorted(sheet.rows, key=lambda row: row.starts_at):
        for order in row.scenario.orders:
            for target in order.targets:
                if target.partition(":")[0] not in DAMPED:
                    continue
                damping = dampings.setdefault(target, Damping())
                if damping.fall(row.starts_at + order.at_s) >= SUPPRESS:
                    found.append(target)
    return found
