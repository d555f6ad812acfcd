"""Alerts of incidents: the name, the severity and the sentence of each cause in each scope.

:data:`ROWS` is the whole table. Prometheus' rules are made from it (``deploy/prometheus``), so is
``docs/causes.md``, and whatever tells people of an incident takes its words from here. What is
told without an incident is in ``standing.py``.

An alert's name, severity and labels are its identity. A cause that gets more precise may change
its sentence, and nothing else of it: so causes that can follow one another as news of one failure
share one alert. Results that come late and then stop, or the reverse, are two. So are hosts of a
venue that hung up together, beside others that are heard, and the venue, should it be cut off then:
what is said of other hosts is told beside the first, and not beside the second.
"""

from collections.abc import Mapping
from typing import Final, Literal, NamedTuple, TypeAlias

from aggregator.core.incidents.record import Incident, Scope, Subject
from aggregator.core.verdicts.causes import Cause, ExplainedEnum

Kind: TypeAlias = Scope | Literal["centre part", "venue link", "venue check"]
"""A scope, but where one scope has subjects of two sizes.

The way to a whole venue is apart from the way to one of its hosts, a check likewise, and a part of
the aggregator from what it hears.
"""


class Severity(ExplainedEnum):
    """How urgent an alert is, by its effect, each with what it means."""

    CRITICAL = (
        "critical",
        "Competition or its results suffer now, or nobody would see if they did. Act at once.",
    )
    WARNING = (
        "warning",
        "All works, with less in reserve or not for long. Act within the shift.",
    )
    INFO = ("info", "Nothing suffers. It is shown to those who look, and sent to nobody.")


class Alert(NamedTuple):
    """One alert. ``summary`` names the problem for every subject, so that it can head a group."""

    name: str
    severity: Severity
    summary: str


class Row(NamedTuple):
    """What is told of a cause in a scope; labels stand in braces, ``first`` is what to do first."""

    alert: Alert
    sentence: str
    first: str


LABELS: Final[Mapping[Kind, tuple[str, ...]]] = {
    "centre": (),
    "centre part": (),
    "venue": ("venue",),
    "bridge": ("venue",),
    "venue link": ("venue",),
    "host": ("venue", "host"),
    "link": ("venue", "host"),
    "feed": ("venue", "host", "check"),
    "source": ("venue", "host", "check"),
    "venue check": ("venue", "check"),
    "check": ("venue", "host", "check"),
    "identity": ("venue", "host"),
    "clock": ("venue", "host"),
    "budget": ("venue", "host"),
    "terms": ("venue", "host"),
}
"""The labels by which an incident of each kind is told from others; its series have them, too."""

_WITHOUT_HOST: Final[Mapping[Scope, Kind]] = {"link": "venue link", "check": "venue check"}
_CAUSES = frozenset(Cause)
_RANKS: Final = {severity: rank for rank, severity in enumerate(Severity)}

_BLIND = Alert("VenuewatchBlind", Severity.CRITICAL, "No venue is watched.")
_CENTRE_SIDE = Alert(
    "VenuewatchCentreSideLoss", Severity.CRITICAL, "Most venues were lost at one moment."
)
_TOGETHER = Alert(
    "VenuewatchHungUpTogether", Severity.CRITICAL, "Hosts of several venues hung up together."
)
_BULK = Alert("VenuewatchBulkLost", Severity.WARNING, "No readings come to the aggregator.")
_TWO_CENTRES = Alert(
    "VenuewatchDuplicateAggregator", Severity.CRITICAL, "Two aggregators run under one name."
)
_GRACE = Alert(
    "VenuewatchGraceTooLong", Severity.WARNING, "Hosts are not judged for longer than promised."
)
_MEMORY = Alert("VenuewatchMemoryLost", Severity.WARNING, "Part of the record is lost.")
_JOURNAL = Alert("VenuewatchJournalFailing", Severity.WARNING, "Nothing can be recorded.")
_NOTICES = Alert("VenuewatchNoticesFailing", Severity.CRITICAL, "A receiver takes no notices.")
_JUMP = Alert("VenuewatchClockJump", Severity.WARNING, "The aggregator's wall clock jumped.")
_VENUE = Alert("VenuewatchVenueUnreachable", Severity.CRITICAL, "A venue can not be reached.")
_VENUE_HUNG_UP = Alert(
    "VenuewatchVenueHungUp", Severity.CRITICAL, "Hosts of a venue hung up together."
)
_HOST = Alert("VenuewatchHostDown", Severity.CRITICAL, "A host is down or can not be heard.")
_VENUE_LINK = Alert(
    "VenuewatchVenueOneWay", Severity.WARNING, "A venue is heard and does not hear the centre."
)
_LINK = Alert(
    "VenuewatchHostOneWay", Severity.WARNING, "A host is heard and does not hear the centre."
)
_STOPPED = Alert("VenuewatchResultsStopped", Severity.CRITICAL, "Results have stopped.")
_DELAYED = Alert("VenuewatchResultsDelayed", Severity.WARNING, "Results come too late.")
_UNREADABLE = Alert(
    "VenuewatchResultsUnreadable", Severity.CRITICAL, "A results feed can not be read."
)
_RESULTS_CLOCK = Alert(
    "VenuewatchResultsClockWrong", Severity.WARNING, "The times of results are wrong."
)
_SPARE = Alert("VenuewatchRedundancyLost", Severity.WARNING, "A spare is lost.")
_VENUE_CHECK = Alert(
    "VenuewatchVenueCheckFailing", Severity.CRITICAL, "A check fails on most hosts of a venue."
)
_CHECK = Alert("VenuewatchCheckFailing", Severity.WARNING, "A check fails.")
_TWINS = Alert(
    "VenuewatchDuplicateIdentity", Severity.WARNING, "Two agents run under one host's name."
)
_CLOCK = Alert("VenuewatchClockWrong", Severity.WARNING, "A host's clock is wrong.")
_BRIDGE = Alert("VenuewatchBridgeUnstable", Severity.WARNING, "A venue's bridge is unstable.")
_BUDGET = Alert(
    "VenuewatchOverBudget", Severity.WARNING, "A host sends more than the centre takes."
)
_TERMS = Alert("VenuewatchTermsRefused", Severity.WARNING, "What a host announces is refused.")

_ON = "{check} on {host} in {venue}: "
_NOBODY = "nobody there to ask, or nobody who could tell."

ROWS: Final[Mapping[tuple[Kind, Cause], Row]] = {
    ("centre", Cause.AGGREGATOR_BLIND): Row(
        _BLIND,
        "The aggregator hears nothing of any venue. It accuses no host while that lasts.",
        "Look at the aggregator's machine and its link to the broker. Watch venues by phone.",
    ),
    ("centre", Cause.BROKER_DOWN): Row(
        _BLIND,
        "The broker is gone: its port refuses, or answers nothing.",
        "On the broker's machine: `systemctl status mosquitto`, then its log. Start it again.",
    ),
    ("centre part", Cause.CENTRE_SIDE_LOSS): Row(
        _CENTRE_SIDE,
        "Most venues were lost at one moment. What they share is near the centre.",
        "Look at the broker's machine, its network and the firewall before it. Watch venues by "
        "phone.",
    ),
    ("centre part", Cause.HUNG_UP_TOGETHER): Row(
        _TOGETHER,
        "Connections of several venues were closed at one moment, and some hosts are not back.",
        "Look at what these connections share: the broker, a firewall, a load balancer. Its log "
        "has the moment.",
    ),
    ("centre part", Cause.BULK_LOST): Row(
        _BULK,
        "The aggregator's connection for readings is gone. Checks and results are not known; "
        "hosts are watched as ever.",
        "In the aggregator's log: why is the connection refused? Look at `[broker.bulk]` and at "
        "its user at the broker.",
    ),
    ("centre part", Cause.DUPLICATE_AGGREGATOR): Row(
        _TWO_CENTRES,
        "Another aggregator runs under the name of this one, and they throw each other off the "
        "broker.",
        "Stop one of them, or give it a `name` of its own.",
    ),
    ("centre part", Cause.GRACE_TOO_LONG): Row(
        _GRACE,
        "Hosts were given time to find their way back, and it lasts longer than was promised.",
        "Look at the evidence: what begins that time again and again?",
    ),
    ("centre part", Cause.MEMORY_LOST): Row(
        _MEMORY,
        "The journal was damaged or replaced. It was set aside, and watching goes on.",
        "Look at the disk of the aggregator's machine. The file that was set aside lies beside "
        "the journal.",
    ),
    ("centre part", Cause.JOURNAL_FAILING): Row(
        _JOURNAL,
        "The journal can not be written. People are told as ever; a restart would forget.",
        "On the aggregator's machine: is the disk full, read-only, or the file locked?",
    ),
    ("centre part", Cause.NOTICES_FAILING): Row(
        _NOTICES,
        "A receiver of notices has taken none for long. Nobody is told by it.",
        "Look at the receiver, then at its address and secret in the configuration.",
    ),
    ("centre part", Cause.CLOCK_JUMP): Row(
        _JUMP,
        "The wall clock of the aggregator's machine jumped. Times in the record are doubtful.",
        "On the aggregator's machine: `timedatectl`. Let it ask its time server again.",
    ),
    ("venue", Cause.HUNG_UP_TOGETHER): Row(
        _VENUE_HUNG_UP,
        "Hosts of {venue} were cut off at one moment, and are not back. They may be well.",
        "Look at what their connections share: the venue's firewall, its bridge, its line.",
    ),
    ("bridge", Cause.BRIDGE_UNSTABLE): Row(
        _BRIDGE,
        "The bridge of {venue} connects and disconnects again and again.",
        "On the venue's broker: its log, and who else connects under the bridge's name.",
    ),
    ("venue", Cause.VENUE_UNREACHABLE): Row(
        _VENUE,
        "{venue} is cut off. Its hosts fell silent together, and may be well.",
        "Call the venue: do its machines run? Then call who runs its line.",
    ),
    ("venue", Cause.FLAPPING): Row(
        _VENUE,
        "{venue} is cut off again and again.",
        "Call who runs its line, with the times of the incident's evidence.",
    ),
    ("host", Cause.HOST_DOWN): Row(
        _HOST,
        "{host} in {venue} is gone: no neighbour that could try reaches it.",
        "Call the venue: has the machine power, is its network cable in place?",
    ),
    ("host", Cause.HOST_FROZEN): Row(
        _HOST,
        "{host} in {venue} answers its neighbours and sends nothing; its connection is open.",
        "Look at the machine's console. Restart the agent if the machine answers you.",
    ),
    ("host", Cause.AGENT_STOPPED): Row(
        _HOST,
        "The agent stopped on {host} in {venue}; the machine answers.",
        "On the host: `systemctl status venuewatch-agent`, then its log. Start it again.",
    ),
    ("host", Cause.CONNECTION_LOST): Row(
        _HOST,
        "The connection of {host} in {venue} was closed. Agent, machine or link: " + _NOBODY,
        "Ping it from another machine of the venue. Give `address` in the inventory, so that "
        "neighbours can.",
    ),
    ("host", Cause.SILENT): Row(
        _HOST,
        "{host} in {venue} sends nothing. Machine or link: " + _NOBODY,
        "Call the venue: does the machine run, does its link work? Give `address` in the "
        "inventory, so that neighbours can be asked.",
    ),
    ("host", Cause.LEFT_WHILE_REQUIRED): Row(
        _HOST,
        "{host} in {venue} was shut down in order, and it is required: it is to run at all times.",
        "Ask at the venue who shut it down, and why. Start it again.",
    ),
    ("host", Cause.DID_NOT_RETURN): Row(
        _HOST,
        "{host} in {venue} was shut down in order, and has not come back in time.",
        "Ask at the venue. Is it switched off for good? Then take it out of the inventory.",
    ),
    ("host", Cause.FLAPPING): Row(
        _HOST,
        "{host} in {venue} fails again and again.",
        "Compare the times of the falls with the machine's log: power, cable, restarts.",
    ),
    ("venue link", Cause.ONE_WAY_LOSS): Row(
        _VENUE_LINK,
        "The hosts of {venue} are heard, and do not hear the centre.",
        "Look at the way from the centre to the venue: firewall, bridge, the broker's ACL.",
    ),
    ("link", Cause.ONE_WAY_LOSS): Row(
        _LINK,
        "{host} in {venue} is heard, and does not hear the centre.",
        "Look at the host's firewall and at the broker's ACL for its user.",
    ),
    ("feed", Cause.RESULTS_FROZEN): Row(
        _STOPPED,
        _ON + "the results server talks, and its data rests while units are live.",
        "Call the results team of the venue: does the timing system still deliver?",
    ),
    ("feed", Cause.RESULTS_SILENT): Row(
        _STOPPED,
        _ON + "nothing comes from the results server, and now it should talk.",
        "Call the results team of the venue: does the results server run, and does it send?",
    ),
    ("feed", Cause.RESULTS_DELAYED): Row(
        _DELAYED,
        _ON + "results move, and come too late.",
        "Look at the load and the link of the results server. Tell who reads the results.",
    ),
    ("feed", Cause.RESULTS_UNREADABLE): Row(
        _UNREADABLE,
        _ON + "the results can not be read, so nobody would see if they stopped.",
        "Read the check's detail: is the folder there, is the port free, what is refused and why?",
    ),
    ("feed", Cause.REDUNDANCY_LOST): Row(
        _SPARE,
        _ON + "one of the parts that stand in for one another has failed.",
        "Find the part in the check's detail, and repair it while the other one works.",
    ),
    ("source", Cause.RESULTS_CLOCK): Row(
        _RESULTS_CLOCK,
        _ON + "the times of results are wrong: the zone, the source's clock, or a queue.",
        "Read the offset in the check's detail. Whole hours: correct `zone`. Else ask for the "
        "clock of the results server, and for messages that wait.",
    ),
    ("venue check", Cause.CHECK_FAILED): Row(
        _VENUE_CHECK,
        "{check} is critical on most hosts of {venue} that have it.",
        "Look at what these hosts share: the router, the name server, a switch, the server that "
        "is asked.",
    ),
    ("venue check", Cause.FLAPPING): Row(
        _VENUE_CHECK,
        "{check} fails on most hosts of {venue} again and again.",
        "Compare the times of the falls with what these hosts share.",
    ),
    ("check", Cause.CHECK_FAILED): Row(
        _CHECK,
        _ON + "it is critical, so what it looks at does not do its work.",
        "Do by hand, on the host, what the check does. Repair what it looks at.",
    ),
    ("check", Cause.FLAPPING): Row(
        _CHECK,
        _ON + "it fails again and again.",
        "Compare the times of the falls with the log of what it looks at.",
    ),
    ("identity", Cause.DUPLICATE_IDENTITY): Row(
        _TWINS,
        "Two agents run as {host} in {venue} and throw each other out.",
        "Find the machine that was copied, and give its agent a name of its own.",
    ),
    ("clock", Cause.CLOCK_SKEW): Row(
        _CLOCK,
        "The clock of {host} in {venue} differs from the fleet's.",
        "On the host: `timedatectl`. Let it ask the venue's time server again.",
    ),
    ("budget", Cause.OVER_BUDGET): Row(
        _BUDGET,
        "{host} in {venue} sends more than it may. The rest is thrown away; it counts as alive.",
        "Look at what runs on the host under the agent's name. Stop it if it is not the agent.",
    ),
    ("terms", Cause.TERMS_REFUSED): Row(
        _TERMS,
        "{host} in {venue} announced terms that are out of bounds. It is judged by the bounds.",
        "Look at `[heartbeat]` and `[broker]` in the host's configuration.",
    ),
    ("terms", Cause.BIRTH_REFUSED): Row(
        _TERMS,
        "The birth of {host} in {venue} can not be read. It is watched by its beats alone.",
        "The evidence names the field. On the host: `venuewatch check-config agent.toml`.",
    ),
}


def kind_of(subject: Subject) -> Kind:
    """Return the kind of an incident's subject."""
    if subject.host:
        return subject.scope
    if subject.scope == "centre" and subject.check:
        return "centre part"
    return _WITHOUT_HOST.get(subject.scope, subject.scope)


def row_of(subject: Subject, cause: str) -> Row:
    """Return what is told of a cause, by its name.

    A journal of another version may hold a cause that has no row in its scope, or that is not
    known: then the alert is the first of that kind, and the sentence is the cause's own.
    """
    kind, known = kind_of(subject), Cause(cause) if cause in _CAUSES else None
    row = ROWS.get((kind, known)) if known is not None else None
    if row is not None:
        return row
    of_kind = next(row for (other, _), row in ROWS.items() if other == kind)
    meaning = cause if known is None else known.meaning
    return of_kind._replace(sentence=meaning.replace("{", "{{").replace("}", "}}"))


def labels_of(subject: Subject) -> dict[str, str]:
    """Return the labels of a subject's alert, but ``role``, which the inventory has.

    A host is also the ``instance``, so that its alert meets those that other rules have of it.
    """
    labels = {name: str(getattr(subject, name)) for name in LABELS[kind_of(subject)]}
    return labels | ({"instance": subject.host} if subject.host else {})


def sentence_of(subject: Subject, cause: str) -> str:
    """Return the sentence that tells what is wrong with a subject."""
    return row_of(subject, cause).sentence.format(**subject._asdict())


def description_of(incident: Incident) -> str:
    """Return the sentence that tells an incident."""
    return sentence_of(incident.subject, incident.cause)


def severity_of(incident: Incident) -> Severity:
    """Return how urgent an incident is."""
    return row_of(incident.subject, incident.cause).alert.severity


def urgency_of(incident: Incident) -> tuple[int, float, int]:
    """Return by what incidents are sorted: the worst first, then the oldest."""
    return _RANKS[severity_of(incident)], incident.opened_at, incident.number
