"""Looks at this machine's clock: certificates and times of readings depend on it."""

from datetime import UTC, datetime
from typing import NamedTuple

from agent.vitals import timex
from venuewatch.doctor.findings import Finding, unknown, well, wrong
from venuewatch.doctor.site import Site

PLACES = frozenset({"host", "centre"})
NEEDS: tuple[str, ...] = ()

_MINUTE_S = 60.0


class Clock(NamedTuple):
    """The time of this machine (unixtime), and when its configuration was written by it.

    ``is_kept``: a time service keeps the clock, as the kernel knows; None where it can't be asked.
    """

    now: float
    written_at: float
    is_kept: bool | None


def look(site: Site) -> Clock:
    """Ask the kernel."""
    synchronised = timex.read().get("node_timex_sync_status")
    is_kept = None if synchronised is None else bool(synchronised)
    return Clock(site.wall, site.path.stat().st_mtime, is_kept)


def judge(facts: Clock) -> list[Finding]:
    """Find a clock that is wrong, or will be."""
    shown = datetime.fromtimestamp(facts.now, UTC).strftime("%Y-%m-%d %H:%M UTC")
    if facts.now < facts.written_at - _MINUTE_S:
        todo = "Set it (timedatectl set-time), and install chrony"
        return [
            wrong(f"this machine's clock shows {shown}, before its configuration was written", todo)
        ]
    if facts.is_kept is None:
        return [unknown(f"it shows {shown}; the kernel does not say if a time service keeps it")]
    if not facts.is_kept:
        todo = "Install chrony, and let it reach a time server: chronyc tracking"
        text = f"no time service keeps this machine's clock, which shows {shown}"
        return [wrong(text, todo, is_usable=True)]
    return [well(f"a time service keeps it: {shown}")]
