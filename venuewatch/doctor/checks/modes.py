"""Looks at the files that a configuration names: they are there, and secrets are secret.

Those of an installed program have to be readable for its own user, whoever asks.
"""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Final, NamedTuple

from venuewatch.base.secret_files import exposure_of, secrets_of
from venuewatch.doctor.findings import Finding, well, wrong
from venuewatch.doctor.site import Site
from venuewatch.doctor.system import may

PLACES = frozenset({"host", "centre"})
NEEDS: tuple[str, ...] = ()

_PLAIN: Final = ("ca_file", "cert_file")


class Kept(NamedTuple):
    """One file. ``fault``: the line of the secrets' rules, "" where they are kept.

    ``no_reader``: the program's user, where that may not read it.
    """

    path: str
    is_there: bool
    fault: str = ""
    no_reader: str = ""


def look(site: Site) -> list[Kept]:
    """Look at each secret, at the broker's other files, and at the configuration itself."""
    plain = [str(site.path)]
    named = [getattr(where, name) for where in site.connections for name in _PLAIN]
    plain += [path for path in named if path is not None]
    secrets = list(dict.fromkeys(secrets_of(site.settings)))
    return [_kept(path, site, is_secret=path in secrets) for path in dict.fromkeys(secrets + plain)]


def judge(facts: Sequence[Kept]) -> list[Finding]:
    """Find files that are not there, and secrets that others may read or write."""
    faults = [_judged(fact) for fact in facts if fact.fault or fact.no_reader or not fact.is_there]
    if faults:
        return faults
    return [well(f"{len(facts)} files are there, and secrets are kept from others")]


def _judged(fact: Kept) -> Finding:
    if not fact.is_there:
        todo = "Copy it from the centre, or correct its path in the configuration"
        return wrong(f"{fact.path}: there is no such file", todo)
    if not fact.fault:
        todo = f"chgrp {fact.no_reader} {fact.path}, and chmod 640 it; it has to reach the folder"
        return wrong(f"{fact.path}: the user {fact.no_reader} may not read it", todo)
    what, _, todo = fact.fault.rpartition(": ")
    if not todo.startswith("ch"):  # chmod and chown: else the rules only say what it is
        return wrong(fact.fault, "Name a file of its own in the configuration")
    return wrong(what, f"To mend it: {todo}")


def _kept(path: str, site: Site, *, is_secret: bool) -> Kept:
    is_there = Path(path).exists() or not os.access(Path(path).parent, os.X_OK)
    fault = exposure_of(path) if is_secret else None
    user = site.user
    is_kept_from = is_there and user is not None and may(user, "read", path) is False
    return Kept(path, is_there, fault or "", user.name if user and is_kept_from else "")
