"""What the core says has happened, as data.

Times are monotonic seconds of the aggregator; the shell maps them to wall time. A change is
stamped with the moment at which it became true, not with the moment at which somebody looked.
"""

from typing import NamedTuple, TypeAlias

from aggregator.core.states import HostState, Trigger
from venuewatch.wire.messages import Checks, Vitals


class HostChanged(NamedTuple):
    """One host went from one state to another.

    ``silent_since`` is the last evidence of life before ``at``; None if there never was any.
    """

    at: float
    venue: str
    host: str
    before: HostState
    after: HostState
    trigger: Trigger
    silent_since: float | None


class BirthWanted(NamedTuple):
    """A host beats under a boot id whose birth we never heard: ask it for one."""

    at: float
    venue: str
    host: str


class BacklogHeard(NamedTuple):
    """A host's backlog up to ``number`` of its spool: acknowledge it when all before is stored."""

    at: float
    venue: str
    host: str
    boot: str
    number: int


class ReadingHeard(NamedTuple):
    """A reading that came late, from a backlog, and was not heard before: to be stored.

    ``wall_ms`` is the host's own clock when it was taken.
    """

    host: str
    boot: str
    stream: str
    seq: int
    wall_ms: int
    message: Vitals | Checks


Event: TypeAlias = HostChanged | BirthWanted
