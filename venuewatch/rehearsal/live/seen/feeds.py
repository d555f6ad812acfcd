"""Witness of a results feed: reads what a source has written, as any stranger may.

It knows nothing of instructions to sources, and nothing of the agent's check.
"""

import re
from collections.abc import Iterable, Sequence
from datetime import datetime, tzinfo
from pathlib import Path
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

from venuewatch.base import clock
from venuewatch.rehearsal.live.watched.feed import Feed

RECENT_S: Final = 6.0
"""How far back (s) messages are looked at: three scores of a source that plays."""

_OFF_S: Final = 10.0
_ATTRIBUTE: Final = re.compile(r'(\w+)="([^"]*)"')
_ROOT: Final = re.compile(r"<OdfBody ([^>]*)>")


class Written(NamedTuple):
    """A message, and when (unixtime) it was written."""

    at_s: float
    text: str


def feed(thing: Feed) -> bool:
    """Tell whether what came lately is as it should be."""
    try:
        written = _recent(thing.folder, clock.wall() - RECENT_S)
    except OSError:  # it is not there
        return False
    return is_well(written, ZoneInfo(thing.zone))


def is_well(recent: Iterable[Written], zone: tzinfo) -> bool:
    """Tell whether the messages of the last ``RECENT_S`` are those of a source that plays.

    There are scores of a live unit, one version after the other; all dates and times are right, and
    nothing is of a test.
    """
    versions = []
    for written in sorted(recent):
        header = _header(written.text)
        if header.get("FeedFlag") != "P" or _is_off(header, written.at_s, zone):
            return False
        if header.get("DocumentType") == "DT_CURRENT" and header.get("ResultStatus") == "LIVE":
            versions.append(int(header["Version"]))
    return bool(versions) and versions == list(range(versions[0], versions[0] + len(versions)))


def _is_off(header: dict[str, str], at_s: float, zone: tzinfo) -> bool:
    stamp = f"{header['Date']} {header['Time'][:6]}"
    said = datetime.strptime(stamp, "%Y-%m-%d %H%M%S").replace(tzinfo=zone)
    return abs(said.timestamp() - at_s) > _OFF_S


def _header(text: str) -> dict[str, str]:
    root = _ROOT.search(text)
    return dict(_ATTRIBUTE.findall(root[1])) if root else {}


def _recent(folder: Path, since_s: float) -> Sequence[Written]:
    """Return what was written since then. Raises OSError."""
    found = []
    for path in folder.iterdir():
        try:
            at_s = path.stat().st_mtime
            if path.suffix == ".xml" and at_s >= since_s:
                found.append(Written(at_s, path.read_text(encoding="utf-8")))
        except FileNotFoundError:  # it is being written anew
            continue
    return found
