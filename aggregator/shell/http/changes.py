"""Changes: venues, hosts and incidents that outputs of the core have changed since a sending."""

from dataclasses import dataclass, field

from aggregator.core.incidents.record import Incident, IncidentChanged
from aggregator.core.outputs import (
    Connected,
    Disconnected,
    HostChanged,
    InventoryChanged,
    Output,
    Store,
)
from aggregator.core.verdicts.causes import Cause


@dataclass
class Changes:
    """What has changed since the last sending: venues by code, hosts by name, incidents by number.

    A venue is among them whenever one of its hosts or incidents is. What is named may be gone now.
    ``is_centre``: our own connection, or an incident of the centre, or the inventory has changed.
    """

    venues: set[str] = field(default_factory=set)
    hosts: set[str] = field(default_factory=set)
    incidents: set[int] = field(default_factory=set)
    is_centre: bool = False

    def __bool__(self) -> bool:
        """Tell whether anything has changed."""
        return self.is_centre or bool(self.venues or self.hosts or self.incidents)

    def note(self, output: Output) -> None:
        """Take in what an output changes."""
        match output:
            case HostChanged():
                self.venues.add(output.venue)
                self.hosts.add(output.host)
            case IncidentChanged():
                self._note_incident(output.incident)
            case Store():
                for incident in output.incidents:  # evidence and children are reported nowhere else
                    self._note_incident(incident)
            case InventoryChanged():
                self.venues.update(output.removed, output.changed)
                self.is_centre = True
            case Connected() | Disconnected():
                self.is_centre = True

    def _note_incident(self, incident: Incident) -> None:
        subject = incident.subject
        self.incidents.add(incident.number)
        self.is_centre |= not subject.venue
        if subject.venue:
            self.venues.add(subject.venue)
        if subject.host:
            self.hosts.add(subject.host)
        if incident.cause is Cause.CENTRE_SIDE_LOSS:
            self.venues.update(incident.children)
        else:
            self.hosts.update(incident.children)
