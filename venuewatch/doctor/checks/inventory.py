"""Compares the inventory with the rest: a host's own names, or the broker's access rules."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Final, NamedTuple

from venuewatch.base.config import ConfigError
from venuewatch.base.files import CONFIG_MAX, read_regular
from venuewatch.doctor.findings import Finding, skipped, unknown, well, wrong
from venuewatch.doctor.site import Site

PLACES = frozenset({"host", "centre"})
NEEDS: tuple[str, ...] = ()

ACL_FILE: Final = Path("/etc/mosquitto/venuewatch.acl")

_USER = re.compile(r"^user\s+(\S+)\s*$", re.MULTILINE)
_PATTERN = re.compile(r"^pattern\s+write\s+venuewatch/v1/\S*%u/", re.MULTILINE)
_SHOWN = 3


class Said(NamedTuple):
    """What the inventory says: each host with its venue; why it can't be read.

    ``own``: the venue and host of this machine, None in the centre. ``birth_refused``: what the
    running agent was told by the centre. ``acl``: the text of the access rules, None where there
    are none here. ``revoked``: hosts that may say nothing any more.
    """

    path: str
    hosts: tuple[tuple[str, str], ...] | None = None
    error: str = ""
    own: tuple[str, str] | None = None
    birth_refused: str = ""
    acl: str | None = None
    revoked: frozenset[str] = frozenset()


def look(site: Site) -> Said:
    """Read the inventory, and the access rules beside it."""
    own = (site.agent.venue, site.agent.host) if site.place == "host" else None
    status = site.running.status
    refused = "" if status is None else status.birth_refused
    path = site.inventory
    if path is None:
        return Said("", own=own, birth_refused=refused)
    try:
        from aggregator.inventory import read_all  # noqa: PLC0415 - most hosts have none

        venues = read_all(path).venue
    except ConfigError as error:
        return Said(str(path), error=str(error), own=own)
    hosts = tuple((venue.code, host.name) for venue in venues for host in venue.host)
    revoked = frozenset(host.name for venue in venues for host in venue.host if host.revoked)
    acl = _text_of(ACL_FILE) if site.place == "centre" else None
    return Said(str(path), hosts, own=own, birth_refused=refused, acl=acl, revoked=revoked)


def judge(facts: Said) -> list[Finding]:
    """Find names on which they do not agree."""
    if facts.birth_refused:
        todo = "Correct agent.toml: venuewatch check-config agent.toml"
        return [wrong(f"the centre refuses this host's birth: {facts.birth_refused}", todo)]
    if facts.error:
        return [wrong(facts.error, "Correct the file: venuewatch check-config names its errors")]
    if facts.hosts is None:
        return [skipped("no inventory here: give one with --inventory")]
    if facts.own is not None:
        if facts.own[1] in facts.revoked:
            return [wrong(f"{facts.path} has {facts.own[1]} as revoked", "Ask the centre why")]
        return [_of_host(facts.path, facts.hosts, facts.own)]
    return _of_centre(facts)


def _of_host(path: str, hosts: Sequence[tuple[str, str]], own: tuple[str, str]) -> Finding:
    if own in hosts:
        return well(f"{path} lists this host in {own[0]}")
    elsewhere = [venue for venue, host in hosts if host == own[1]]
    if elsewhere:
        text = f"{path} has {own[1]} in {elsewhere[0]}, and agent.toml in {own[0]}"
        return wrong(text, "Correct `venue` in agent.toml")
    return wrong(f"{path} has no host {own[1]}", "Correct `host` in agent.toml, or have it added")


def _of_centre(facts: Said) -> list[Finding]:
    path, hosts, acl = facts.path, facts.hosts or (), facts.acl
    if not hosts:
        return [wrong(f"{path} lists no host", "Add a venue: venuewatch venue add")]
    if acl is None:
        return [unknown(f"{path} lists {len(hosts)} hosts; there is no {ACL_FILE} here to compare")]
    if _PATTERN.search(acl):
        return [well(f"{path} lists {len(hosts)} hosts; the ACL has one pattern for all")]
    users, names = set(_USER.findall(acl)), {host for _, host in hosts} - facts.revoked
    found = []
    if lacking := sorted(names - users):
        text = f"the ACL has no lines for {_some(lacking)}: the broker refuses them"
        found.append(wrong(text, "venuewatch venue add, or write the ACL anew"))
    others = {user for user in users - names if not user.startswith("_")}
    if others:
        text = f"the ACL has lines for {_some(sorted(others))}, revoked or not listed in {path}"
        found.append(wrong(text, "venuewatch venue revoke, or add them to the inventory"))
    return found or [well(f"{path} and the ACL agree on {len(hosts)} hosts")]


def _some(names: Sequence[str]) -> str:
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(names[:_SHOWN]) + more


def _text_of(path: Path) -> str | None:
    """Return what a file says, None without one. Raises OSError where it can't be read."""
    try:
        return read_regular(path, CONFIG_MAX).decode(errors="replace")
    except FileNotFoundError:
        return None
