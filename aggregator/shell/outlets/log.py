"""Log outlet: one line for each change of a host or an incident, and for our own trouble."""

import logging
from collections.abc import Sequence

from aggregator.core.incidents.alerts import description_of, severity_of
from aggregator.core.incidents.record import IncidentChanged
from aggregator.core.outputs import HostChanged, Output, Refused, Stalled
from aggregator.core.states import HostState
from venuewatch.base import log

_logger = logging.getLogger("aggregator")
_WORTH_A_WARNING = frozenset({HostState.DOWN, HostState.UNREACHABLE})


class LogOutlet:
    """Writes to the log; without state of its own."""

    def take(self, outputs: Sequence[Output]) -> None:
        """Log what is worth a line."""
        for output in outputs:
            match output:
                case HostChanged():
                    _host_changed(output)
                case IncidentChanged():
                    _incident_changed(output)
                case Stalled():
                    log.event(_logger, logging.WARNING, "stalled", lag_s=round(output.lag_s, 3))
                case Refused():
                    _message_refused(output)


def _host_changed(change: HostChanged) -> None:
    """Log a host's change of state; a warning where it is down or unreachable now."""
    is_bad = change.after in _WORTH_A_WARNING
    is_news = is_bad or change.before in _WORTH_A_WARNING
    silent_s = None if change.silent_since is None else round(change.at - change.silent_since, 3)
    log.event(
        _logger,
        logging.WARNING if is_bad else logging.INFO if is_news else logging.DEBUG,
        "host_changed",
        venue=change.venue,
        host=change.host,
        before=change.before,
        after=change.after,
        trigger=change.trigger,
        silent_s=silent_s,
    )


def _incident_changed(event: IncidentChanged) -> None:
    """Log that an incident was opened, sharpened, closed, removed or corrected."""
    incident = event.incident
    log.event(
        _logger,
        logging.WARNING if event.change in {"opened", "sharpened"} else logging.INFO,
        "incident",
        change=event.change,
        number=incident.number,
        **incident.subject._asdict(),
        cause=incident.cause,
        severity=severity_of(incident),
        sentence=description_of(incident),
        children=len(incident.children),
    )


def _message_refused(refused: Refused) -> None:
    """Log the first message that was refused for a reason."""
    log.event(
        _logger,
        logging.WARNING,
        "message_refused",
        reason=refused.reason,
        expected=refused.expected,
        topic=refused.topic[:200],
        note="further ones are counted in venuewatch_aggregator_rejected_total",
    )
