"""Alerts of incidents: the name, the severity and the sentence of each cause in each scope.

:data:`ROWS` is the whole table. Prometheus' rules are made from it (``deploy/prometheus``), and
whatever tells people of an incident takes its words from here.

An alert's name, severity and labels are its identity. A cause that gets more precise may change
its sentence, and nothing else of it: so causes that can follow one another as news of one failure
share one alert. Only results that come late and then stop, or the reverse, are two.
"""

from collections.abc import Mapping
from typing import Final, Literal, NamedTuple, TypeAlias

from aggregator.core.incidents.record import Incident, Scope, Subject
from aggregator.core.verdicts.causes import Cause, ExplainedEnum

Kind: TypeAlias = Scope | Literal["venue link"]
"""A scope; the way to a whole venue is apart from the way to one of its hosts."""


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
    """What is told of one cause in one scope; ``sentence`` has the kind's labels in braces."""

    alert: Alert
    sentence: str


LABELS: Final[Mapping[Kind, tuple[str, ...]]] = {
    "centre": (),
    "venue": ("venue",),
    "venue link": ("venue",),
    "host": ("venue", "host"),
    "link": ("venue", "host"),
    "feed": ("venue", "host", "check"),
    "identity": ("venue", "host"),
    "clock": ("venue", "host"),
}
"""The labels by which an incident of each kind is told from others; its series have them, too."""

_BLIND = Alert("VenuewatchBlind", Severity.CRITICAL, "No venue is watched.")
_VENUE = Alert("VenuewatchVenueUnreachable", Severity.CRITICAL, "A venue can not be reached.")
_HOST = Alert("VenuewatchHostDown", Severity.CRITICAL, "A host is down or can not be heard.")
_VENUE_LINK = Alert(
    "VenuewatchVenueOneWay", Severity.WARNING, "A venue is heard and does not hear the centre."
)
_LINK = Alert(
    "VenuewatchHostOneWay", Severity.WARNING, "A host is heard and does not hear the centre."
)
_STOPPED = Alert("VenuewatchResultsStopped", Severity.CRITICAL, "Results have stopped.")
_DELAYED = Alert("VenuewatchResultsDelayed", Severity.WARNING, "Results come too late.")
_SPARE = Alert("VenuewatchRedundancyLost", Severity.WARNING, "A spare is lost.")
_TWINS = Alert(
    "VenuewatchDuplicateIdentity", Severity.WARNING, "Two agents run under one host's name."
)
_CLOCK = Alert("VenuewatchClockWrong", Severity.WARNING, "A host's clock is wrong.")

_FEED = "{check} on {host} in {venue}: "

ROWS: Final[Mapping[tuple[Kind, Cause], Row]] = {
    ("centre", Cause.AGGREGATOR_BLIND): Row(
        _BLIND, "The aggregator hears nothing of any venue. It accuses no host while that lasts."
    ),
    ("centre", Cause.BROKER_DOWN): Row(
        _BLIND, "The broker is gone: its port refuses, or answers nothing."
    ),
    ("venue", Cause.VENUE_UNREACHABLE): Row(
        _VENUE, "{venue} is cut off. Its hosts fell silent together, and may be well."
    ),
    ("venue", Cause.FLAPPING): Row(_VENUE, "{venue} is cut off again and again."),
    ("host", Cause.HOST_DOWN): Row(
        _HOST, "{host} in {venue} is gone: no neighbour that could try reaches it."
    ),
    ("host", Cause.HOST_FROZEN): Row(
        _HOST,
        "{host} in {venue} answers its neighbours and sends nothing; its connection is open.",
    ),
    ("host", Cause.AGENT_STOPPED): Row(
        _HOST, "The agent of {host} in {venue} has stopped; a neighbour reaches the machine."
    ),
    ("host", Cause.CONNECTION_LOST): Row(
        _HOST,
        "The connection of {host} in {venue} was closed; no neighbour could tell how it is.",
    ),
    ("host", Cause.SILENT): Row(
        _HOST, "{host} in {venue} sends nothing, and no neighbour could tell why."
    ),
    ("host", Cause.DID_NOT_RETURN): Row(
        _HOST, "{host} in {venue} was shut down in order, and has not come back in time."
    ),
    ("host", Cause.FLAPPING): Row(_HOST, "{host} in {venue} fails again and again."),
    ("venue link", Cause.ONE_WAY_LOSS): Row(
        _VENUE_LINK, "The hosts of {venue} are heard, and do not hear the centre."
    ),
    ("link", Cause.ONE_WAY_LOSS): Row(
        _LINK, "{host} in {venue} is heard, and does not hear the centre."
    ),
    ("feed", Cause.RESULTS_FROZEN): Row(
        _STOPPED, _FEED + "the results server talks, and its data rests while units are live."
    ),
    ("feed", Cause.RESULTS_SILENT): Row(
        _STOPPED, _FEED + "nothing comes from the results server, and now it should talk."
    ),
    ("feed", Cause.RESULTS_DELAYED): Row(_DELAYED, _FEED + "results move, and come too late."),
    ("feed", Cause.REDUNDANCY_LOST): Row(
        _SPARE, _FEED + "one of the parts that stand in for one another has failed."
    ),
    ("identity", Cause.DUPLICATE_IDENTITY): Row(
        _TWINS, "Two agents run as {host} in {venue} and throw each other out."
    ),
    ("clock", Cause.CLOCK_SKEW): Row(
        _CLOCK, "The clock of {host} in {venue} differs from the fleet's."
    ),
}


def kind_of(subject: Subject) -> Kind:
    """Return the kind of an incident's subject."""
    return "venue link" if subject.scope == "link" and not subject.host else subject.scope


def row_of(subject: Subject, cause: Cause) -> Row:
    """Return what is told of a cause.

    A journal of another version may hold a cause that has no row in its scope: then the alert is
    the first of that kind, and the sentence is the cause's own.
    """
    kind = kind_of(subject)
    known = ROWS.get((kind, cause))
    if known is not None:
        return known
    alert = next(row.alert for (other, _), row in ROWS.items() if other == kind)
    return Row(alert, cause.meaning)


def labels_of(subject: Subject) -> dict[str, str]:
    """Return the labels of a subject's alert, but ``role``, which the inventory has.

    A host is also the ``instance``, so that its alert meets those that other rules have of it.
    """
    labels = {name: str(getattr(subject, name)) for name in LABELS[kind_of(subject)]}
    return labels | ({"instance": subject.host} if subject.host else {})


def description_of(incident: Incident) -> str:
    """Return the sentence that tells an incident."""
    subject = incident.subject
    return row_of(subject, incident.cause).sentence.format(**subject._asdict())
