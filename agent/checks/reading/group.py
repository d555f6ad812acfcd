"""Judges a group of checks that stand in for one another: pure, shared by kinds."""

from collections.abc import Mapping
from typing import Annotated

import msgspec

from agent.checks import CheckConfig, Reading, SimpleCheck
from venuewatch.base.config import Name
from venuewatch.base.wire.checks import WELL, CheckState, CheckValues

_NAMED = 4  # members that a detail names before it only counts

Members = Annotated[tuple[Name, ...], msgspec.Meta(min_length=2, max_length=64)]


class GroupConfig(CheckConfig, frozen=True):
    """Settings of a group: it looks at other checks, and measures nothing by itself."""

    members: Members

    def __post_init__(self) -> None:
        if len(set(self.members)) < len(self.members):
            raise ValueError("Expected each of `members` once")
        if self.name in self.members:
            raise ValueError("Expected `members` to be other checks than this one")


class GroupCheck(SimpleCheck[GroupConfig]):
    """Begins a check that judges by the latest readings of others."""

    def latest(self) -> dict[str, Reading | None]:
        """Return the latest reading of each member by name; None where it has none yet."""
        return {name: self._latest(name) for name in self._config.members}


def judge(members: Mapping[str, Reading | None]) -> Reading:
    """Judge the group, from the latest reading of each member by name.

    A member is up when its state is one of ``WELL``; it is not known while it has no reading
    (None) or says ``unknown``. What isn't known is never guessed: the group is ``unknown`` unless
    the others decide alone (one up and one down is ``redundancy_lost``, whatever the third is).
    An empty group is ``unknown``.
    """
    known = {name: it for name, it in members.items() if it is not None and it.state != "unknown"}
    down = [name for name, it in known.items() if it.state not in WELL]
    unknown = [name for name in members if name not in known]
    up = len(known) - len(down)
    values = CheckValues(check_members_up=float(up), check_members=float(len(members)))
    parts = [f"{up} of {len(members)} up"]
    if down:
        parts.append(f"down: {_named([_with_reason(name, members[name]) for name in down])}")
    if unread := [name for name in unknown if members[name] is None]:
        parts.append(f"no reading yet: {_named(unread)}")
    if unsure := [name for name in unknown if members[name] is not None]:
        parts.append(f"unknown: {_named([_with_reason(name, members[name]) for name in unsure])}")
    return Reading(_state(up, len(down), len(unknown)), "; ".join(parts), values)


def _state(up: int, down: int, unknown: int) -> CheckState:
    if up and down:
        return "redundancy_lost"
    if unknown or not up + down:
        return "unknown"
    return "ok" if up else "critical"


def _with_reason(name: str, reading: Reading | None) -> str:
    return f"{name} ({reading.detail[:80]})" if reading and reading.detail else name


def _named(names: list[str]) -> str:
    more = len(names) - _NAMED
    return ", ".join(names[:_NAMED]) + (f" and {more} more" if more > 0 else "")
