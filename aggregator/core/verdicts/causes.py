"""Causes of a problem, the form of a verdict, and the excuses that put one off.

A verdict is a cause with the evidence that it stands on. An excuse exists only where evidence
cannot arrive: our process stalled, the way was cut, hosts are finding their way back, or two agents
throw each other out. It never means that a silence is welcome.

Times are monotonic seconds of the aggregator; the shell maps them to wall time.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import NamedTuple, Self, TypeAlias

Scalar: TypeAlias = str | float | bool | None

CENTRE = "centre"
BROKER = "broker"


class ExplainedEnum(StrEnum):
    """A base of enumerations: each member is made of its value and the line that explains it."""

    meaning: str

    def __new__(cls, value: str, meaning: str = "") -> Self:
        """Make a member; ``meaning`` is its line."""
        member = str.__new__(cls, value)
        member._value_ = value
        member.meaning = meaning
        return member


class Cause(ExplainedEnum):
    """Every cause that an incident can have, each with its line for the documentation."""

    BROKER_DOWN = (
        "broker_down",
        "The broker is gone: its port refuses, or answers nothing to a stranger.",
    )
    DUPLICATE_IDENTITY = (
        "duplicate_identity",
        "Two agents run under one name: their boots alternate.",
    )
    AGGREGATOR_BLIND = (
        "aggregator_blind",
        "The aggregator itself hears nothing: no host is accused, every deadline is credited.",
    )
    CENTRE_SIDE_LOSS = (
        "centre_side_loss",
        "Most venues were lost at one moment: what they share is near the centre, not at them.",
    )
    BULK_LOST = (
        "bulk_lost",
        "The connection for readings is gone. Beats come, so hosts are judged as ever.",
    )
    DUPLICATE_AGGREGATOR = (
        "duplicate_aggregator",
        "Two aggregators run under one name, and throw each other off the broker.",
    )
    GRACE_TOO_LONG = (
        "grace_too_long",
        "Hosts were given time to find their way back, and it lasted longer than was promised.",
    )
    MEMORY_LOST = (
        "memory_lost",
        "The journal was damaged, or replaced: some of what happened before is not known.",
    )
    JOURNAL_FAILING = (
        "journal_failing",
        "The journal takes nothing: a restart now would forget what happened since.",
    )
    NOTICES_FAILING = (
        "notices_failing",
        "A receiver of notices has taken none for long: people are not told by it.",
    )
    CLOCK_JUMP = (
        "clock_jump",
        "The wall clock of the aggregator's machine jumped: times in the record are doubtful.",
    )
    VENUE_UNREACHABLE = (
        "venue_unreachable",
        "A venue is cut off: its hosts fell silent together, and other venues are heard.",
    )
    HUNG_UP_TOGETHER = (
        "hung_up_together",
        "Many connections were closed at one moment, and these hosts are not back.",
    )
    BRIDGE_UNSTABLE = (
        "bridge_unstable",
        "A venue's bridge connects and disconnects again and again.",
    )
    ONE_WAY_LOSS = (
        "one_way_loss",
        "Beats arrive that echo no tick: the host is heard, and does not hear the centre.",
    )
    AGENT_STOPPED = (
        "agent_stopped",
        "The agent is gone, its machine is not: connection closed, a neighbour reaches it.",
    )
    HOST_FROZEN = (
        "host_frozen",
        "The machine answers its neighbours, sends nothing, and its connection was not closed.",
    )
    HOST_DOWN = ("host_down", "The machine is gone: no neighbour that could try reaches it.")
    CONNECTION_LOST = (
        "connection_lost",
        "The connection was closed, and no neighbour could tell (yet) how the machine is.",
    )
    SILENT = ("silent", "The host sends nothing, and no neighbour could tell (yet) why.")
    DID_NOT_RETURN = ("did_not_return", "A host sent a farewell and did not come back in time.")
    LEFT_WHILE_REQUIRED = (
        "left_while_required",
        "A host that is required sent a farewell, and no birth followed within 15 s.",
    )
    RESULTS_FROZEN = (
        "results_frozen",
        "The results server talks, and its data does not move while units are live.",
    )
    RESULTS_DELAYED = ("results_delayed", "The results move, but come too late.")
    RESULTS_SILENT = (
        "results_silent",
        "Nothing comes from the results server inside its talking window.",
    )
    RESULTS_UNREADABLE = (
        "results_unreadable",
        "The results feed can not be read: its check was critical in two readings in a row.",
    )
    RESULTS_CLOCK = (
        "results_clock",
        "The dates and times of a results source were wrong in three readings in a row.",
    )
    REDUNDANCY_LOST = (
        "redundancy_lost",
        "The results work, and one of the two parts that make them redundant is gone.",
    )
    CHECK_FAILED = (
        "check_failed",
        "A check was critical in two readings in a row; of a venue: on most of its hosts.",
    )
    CLOCK_SKEW = ("clock_skew", "A host's clock is wrong: it differs from the fleet's median.")
    OVER_BUDGET = (
        "over_budget",
        "A host sends more than it may. What is over its budget is thrown away, and counted.",
    )
    TERMS_REFUSED = (
        "terms_refused",
        "A host announced terms that are out of bounds: it is judged by the bounds.",
    )
    BIRTH_REFUSED = (
        "birth_refused",
        "What an agent says of itself can not be read: its host is watched by its beats alone.",
    )
    FLAPPING = ("flapping", "It falls and rises again and again: one incident for all of it.")


class Evidence(NamedTuple):
    """One thing seen. ``by`` is ``centre``, ``broker`` or the name of a host.

    ``seen`` is one word for what it is (``silence``, ``will``, ``probe`` …), ``detail`` the
    figures and names that go with it.
    """

    at: float
    by: str
    seen: str
    detail: Mapping[str, Scalar] = {}


class Verdict(NamedTuple):
    """A cause, and the evidence that it stands on."""

    cause: Cause
    evidence: tuple[Evidence, ...] = ()


class Reason(StrEnum):
    """Why no verdict can be given yet. The value is what evidence and API show."""

    STALL = "our process did not run"
    DOUBT = "our own tick was late"
    BLIND = "we hear nothing"
    START = "hosts find their way to us after our start"
    RETURN = "hosts find their way back to us"
    CUT = "its venue was cut off, and hosts find their way back"
    SILENCE = "it was silent, and may still hang up the connection it had then"
    BRIDGE = "its venue's bridge has just reconnected"
    TWIN = "two agents have its name and throw each other out"
    VOTES = "the other hosts of its venue are overdue, too"
    HUNG_UP = "others hung up with it, and all of them have time to come back"
    STARVED = "its agent gets no time of this machine's CPU"


class Excuse(NamedTuple):
    """An excuse of a host, a venue or everybody. ``until`` is INF while its end is open."""

    reason: Reason
    since: float
    until: float
