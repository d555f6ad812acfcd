"""Reads the broker's lists of revoked certificates, where the aggregator's file names them.

An outdated list locks every host out. A missing or broken one lets revoked certificates in.
"""

from pathlib import Path
from typing import NamedTuple

from venuewatch.base.config import in_words
from venuewatch.base.files import CONFIG_MAX, read_regular
from venuewatch.base.validity import lists_end
from venuewatch.doctor.findings import Finding, well, wrong
from venuewatch.doctor.site import Site

PLACES = frozenset({"centre"})
NEEDS = ("clock",)

_DAY_S = 86_400.0
_SOON_DAYS = 14.0
_TODO = "venuewatch venue renew, then systemctl reload mosquitto"


class Lists(NamedTuple):
    """The file, "" where none is named; why it can't be read; when its first list is outdated."""

    path: str
    now: float
    error: str = ""
    ends_at: float | None = None


def look(site: Site) -> Lists:
    """Read them."""
    path, now = site.centre.broker.crl_file, site.wall
    if path is None:
        return Lists("", now)
    try:
        content = read_regular(Path(path), CONFIG_MAX)
    except PermissionError:
        raise
    except (OSError, ValueError) as error:
        return Lists(path, now, in_words(error))
    return Lists(path, now, ends_at=lists_end(content))


def judge(facts: Lists) -> list[Finding]:
    """Find lists that are outdated, or will be, or are none."""
    path = facts.path
    if not path:
        return [well("none are named: [broker] crl_file")]
    if facts.error or facts.ends_at is None:
        why = facts.error or "expected lists of revoked certificates (CRL)"
        text = f"{path}: {why}: the broker may let revoked hosts in"
        return [wrong(text, _TODO, is_usable=True)]
    days = (facts.ends_at - facts.now) / _DAY_S
    if days < 0:
        return [wrong(f"{path} is outdated for {-days:.0f} days: no host is let in", _TODO)]
    if days < _SOON_DAYS:
        text = f"{path} is outdated in {days:.0f} days: no host is let in then"
        return [wrong(text, _TODO, is_usable=True)]
    return [well(f"{path} is good for {days:.0f} days more")]
