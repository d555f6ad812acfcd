"""Looks at the files that a configuration names: they are there, and secrets are secret."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Final, NamedTuple

from venuewatch.base.secret_files import exposure_of, secrets_of
from venuewatch.doctor.findings import Finding, well, wrong
from venuewatch.doctor.site import Site

PLACES = frozenset({"host", "centre"})
NEEDS: tuple[str, ...] = ()

_PLAIN: Final = ("ca_file", "cert_file")


class Kept(NamedTuple):
    """One file. ``fault``: the line of the secrets' rules, "" where they are kept."""

    path: str
    is_there: bool
    fault: str = ""


def look(site: Site) -> list[Kept]:
    """Look at each secret, and at the broker's other files."""
    plain = [path for name in _PLAIN if (path := getattr(site.broker, name)) is not None]
    secrets = list(dict.fromkeys(secrets_of(site.settings)))
    return [_kept(path, is_secret=path in secrets) for path in dict.fromkeys([*secrets, *plain])]


def judge(facts: Sequence[Kept]) -> list[Finding]:
    """Find files that are not there, and secrets that others may read or write."""
    faults = [_judged(fact) for fact in facts if fact.fault or not fact.is_there]
    if faults:
        return faults
    return [well(f"{len(facts)} files are there, and secrets are kept from others")]


def _judged(fact: Kept) -> Finding:
    if not fact.is_there:
        todo = "Copy it from the centre, or correct its path in the configuration"
        return wrong(f"{fact.path}: there is no such file", todo)
    what, _, todo = fact.fault.rpartition(": ")
    if not todo.startswith("ch"):  # chmod and chown: else the rules only say what it is
        return wrong(fact.fault, "Name a file of its own in the configuration")
    return wrong(what, f"To mend it: {todo}")


def _kept(path: str, *, is_secret: bool) -> Kept:
    is_there = Path(path).exists() or not os.access(Path(path).parent, os.X_OK)
    fault = exposure_of(path) if is_secret else None
    return Kept(path, is_there, fault or "")
