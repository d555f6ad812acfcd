"""Fleet and kinds that a command names, as the planner needs them: where each can be played."""

import argparse
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

from aggregator.inventory import Inventory
from aggregator.inventory import read as read_inventory
from venuewatch.rehearsal import faults
from venuewatch.rehearsal.fleet import standard_fleet
from venuewatch.rehearsal.kinds.choosing import CannotPlay
from venuewatch.rehearsal.kinds.load import read_kinds
from venuewatch.rehearsal.kinds.model import Kind
from venuewatch.rehearsal.kinds.resolve import resolve
from venuewatch.rehearsal.plan.planner import Resolve
from venuewatch.rehearsal.plan.shares import Candidate
from venuewatch.rehearsal.plan.terms import PlanError
from venuewatch.rehearsal.scenario import Mode, Scenario

_SEEDS_TRIED = 8


class Selection(NamedTuple):
    """Kinds that a plan may have, and why it can't have the others."""

    candidates: list[Candidate]
    left_out: dict[str, str]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Say how a command is told of another fleet, and of more kinds."""
    parser.add_argument(
        "--inventory",
        type=Path,
        metavar="FILE",
        help="your venues and hosts; without it the standard fleet of 39 venues",
    )
    parser.add_argument(
        "--kinds",
        type=Path,
        action="append",
        default=[],
        metavar="FOLDER",
        help="more kinds of scenarios, a TOML file each; may be repeated",
    )


def read_fleet(options: argparse.Namespace) -> Inventory:
    """Return the fleet that a command names.

    Raises:
        ConfigError: one line with the file, the place in it, and what was expected.
    """
    return read_inventory(options.inventory) if options.inventory else standard_fleet()


def read_catalogue(options: argparse.Namespace, inventory: Inventory) -> dict[str, Kind]:
    """Return the kinds that a command may play, for hosts of this fleet's roles.

    Raises:
        ConfigError: one line with the file, the place in it, and what was expected.
    """
    roles = {host.role for venue in inventory.venue for host in venue.host}
    return read_kinds(options.kinds, roles=roles, faults=faults.names())


def select(
    kinds: Iterable[Kind], inventory: Inventory, *, mode: Mode | None, has_waiting: bool
) -> Selection:
    """Return the kinds that can be played in a mode, None for any; those that wait where asked."""
    selection = Selection([], {})
    for kind in kinds:
        reason = _lacks(kind, mode, has_waiting=has_waiting)
        venues, lacking = _venues_of(kind, inventory) if reason is None else ((), "")
        if not venues:
            selection.left_out[kind.name] = reason or f"no venue can play it: {lacking}"
            continue
        selection.candidates.append(
            Candidate(
                name=kind.name,
                venues=venues,
                is_quiet=kind.file.nothing,
                is_untouched=not kind.file.step,
                runs_alone=kind.runs_alone,
            )
        )
    return selection


def resolver(kinds: Mapping[str, Kind], inventory: Inventory) -> Resolve:
    """Return the function by which a planner makes concrete scenarios of these kinds."""

    def resolved(name: str, number: int, venue: str, seed: int) -> Scenario:
        reason = ""
        for shift in range(_SEEDS_TRIED):
            try:
                return resolve(
                    kinds[name], inventory, number=number, venue=venue, seed=seed + shift
                )
            except CannotPlay as error:  # the other venues that this seed took have no room
                reason = str(error)
        raise PlanError("kinds", f"expected {name} to be played at {venue}: {reason}")

    return resolved


def _lacks(kind: Kind, mode: Mode | None, *, has_waiting: bool) -> str | None:
    """Return why a kind is played nowhere, None if there is no reason."""
    if kind.file.waits_for and not has_waiting:
        return f"it waits for {kind.file.waits_for}"
    if mode == "live" and kind.file.not_live:
        return f"not live: {kind.file.not_live}"
    if mode == "simulated" and kind.file.not_simulated:
        return f"not simulated: {kind.file.not_simulated}"
    if not kind.modes and not has_waiting:
        return f"it has no mode: {kind.file.not_live}"
    return None


def _venues_of(kind: Kind, inventory: Inventory) -> tuple[tuple[str, ...], str]:
    """Return the venues that can play a kind, and why another one can't."""
    venues, lacking = [], ""
    for venue in inventory.venue:
        try:
            resolve(kind, inventory, number=1, venue=venue.code, seed=1)
        except CannotPlay as reason:
            lacking = str(reason)
        else:
            venues.append(venue.code)
    return tuple(venues), lacking
