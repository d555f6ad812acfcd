"""What the core says has happened, as data.

Times are monotonic seconds of the aggregator; the shell maps them to wall time. A change is
stamped with the moment at which it became true, not with the moment at which somebody looked.
"""

from typing import Literal, NamedTuple, TypeAlias

from aggregator.core.evidence import Evidence
from aggregator.core.states import HostState, Trigger
from venuewatch.base.wire.messages import Checks, Vitals


class HostChanged(NamedTuple):
    """One host went from one state to another.

    ``silent_since`` is the last evidence of life by ``at``; None if there never was any.
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


class ProbeWanted(NamedTuple):
    """Ask the host ``by`` to reach ``host`` within ``timeout_s``; both are of ``venue``.

    ``address`` and ``port`` are the inventory's: nothing else is ever probed.
    """

    at: float
    venue: str
    by: str
    number: int
    host: str
    address: str
    port: int | None
    timeout_s: float


class PortWanted(NamedTuple):
    """Find out what the broker's port says to a stranger, and tell the core (``hear_port``)."""

    at: float


Scope: TypeAlias = Literal["centre", "venue", "host", "link", "feed", "identity", "clock"]


class Subject(NamedTuple):
    """What an incident is about; of each subject at most one is open."""

    scope: Scope
    venue: str = ""
    host: str = ""
    check: str = ""


class Alive(NamedTuple):
    """A host's backlog shows that it lived from ``start`` to ``end``, while it was not heard."""

    host: str
    start: float
    end: float
    readings: int


class Incident(NamedTuple):
    """One incident as it stands.

    ``number`` is unique for ever. ``opened_at`` is when it became true, ``silent_since`` the last
    evidence before. ``children`` are the hosts behind a venue's incident, which have none of their
    own; ``falls`` counts how often the subject fell within it. ``alive`` corrects the record.
    """

    number: int
    subject: Subject
    cause: str
    opened_at: float
    silent_since: float | None = None
    evidence: tuple[Evidence, ...] = ()
    children: tuple[str, ...] = ()
    falls: int = 1
    alive: tuple[Alive, ...] = ()
    closed_at: float | None = None


IncidentChange: TypeAlias = Literal["opened", "sharpened", "closed", "corrected"]


class IncidentChanged(NamedTuple):
    """An incident was opened, got a better cause, was closed, or its record was corrected."""

    at: float
    change: IncidentChange
    incident: Incident


Event: TypeAlias = HostChanged | BirthWanted | ProbeWanted | PortWanted | IncidentChanged
