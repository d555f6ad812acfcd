"""Reads kinds and policies from their files: each kind is one file, found by its folder."""

import hashlib
from collections.abc import Collection, Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Final

import msgspec

from venuewatch.base.config import ConfigError, one_line, read_toml, unusable
from venuewatch.base.refusals import convert
from venuewatch.rehearsal.fleet import CHECKS, standard_fleet
from venuewatch.rehearsal.kinds import rules
from venuewatch.rehearsal.kinds.model import Kind, KindFile, Policy, Word

SCENARIOS: Final = Path(__file__).parents[1] / "scenarios"
POLICIES: Final = Path(__file__).parent / "policies.toml"

_DIGITS = 16


def read_kinds(
    folders: Sequence[Path] = (), *, roles: Collection[str] = (), faults: Collection[str] = ()
) -> dict[str, Kind]:
    """Return every kind by its name, in the order of names; ``folders`` have more of them.

    ``roles`` are known beside those of the standard fleet; ``faults`` are all that there are, and
    without any that is not looked at.

    Raises:
        ConfigError: one line with the file, the place in it, and what was expected.
    """
    all_roles = frozenset(roles) | known_roles()
    policies = read_policies()
    found: dict[str, Kind] = {}
    for path in _files((SCENARIOS, *folders)):
        if path.stem in found:
            raise ConfigError(f"{path}: expected each kind once, got {path.stem} twice")
        found[path.stem] = read_kind(path, policies=policies, roles=all_roles, faults=faults)
    return dict(sorted(found.items()))


def read_kind(
    path: Path, *, policies: Collection[str], roles: Collection[str], faults: Collection[str] = ()
) -> Kind:
    """Read and check one file.

    Raises:
        ConfigError: one line with the file, the place in it, and what was expected.
    """
    content = read_toml(path)
    try:
        name = convert(path.stem, Word)
        rules.refuse_no_number(content)
        file = convert(content, KindFile)
        rules.check(file, policies=policies, roles=roles, faults=faults)
    except (ValueError, RecursionError) as error:
        raise ConfigError(f"{one_line(path)}: {one_line(error)}") from None
    said = msgspec.json.encode(file, order="deterministic")
    return Kind(name=name, digest=hashlib.sha256(said).hexdigest()[:_DIGITS], file=file)


@cache
def read_policies() -> Mapping[str, Policy]:
    """Return the policies by name.

    Raises:
        ConfigError: the file is damaged.
    """
    content = read_toml(POLICIES)
    try:
        return convert(content, dict[str, Policy])
    except ValueError as error:
        raise ConfigError(f"{POLICIES}: {one_line(error)}") from None


@cache
def known_roles() -> frozenset[str]:
    """Return the roles of the standard fleet, and those that checks of the stage go by."""
    of_hosts = (host.role for venue in standard_fleet().venue for host in venue.host)
    return frozenset(of_hosts).union(*(check.roles for check in CHECKS))


def _files(folders: Sequence[Path]) -> Iterator[Path]:
    for folder in folders:
        try:
            names = sorted(path for path in folder.iterdir() if path.suffix == ".toml")
        except (OSError, ValueError) as error:
            raise unusable(folder, error) from None
        yield from names
