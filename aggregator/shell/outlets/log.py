"""What the log says of the core's events."""

import logging

from aggregator.core.events import HostChanged, IncidentChanged
from aggregator.core.states import HostState
from venuewatch.base import log
from venuewatch.base.wire.errors import MalformedMessageError

_logger = logging.getLogger("aggregator")
_WORTH_A_WARNING = frozenset({HostState.DOWN, HostState.UNREACHABLE})


def host_changed(change: HostChanged) -> None:
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


def incident_changed(event: IncidentChanged) -> None:
    """Log that an incident was opened, sharpened, closed or corrected."""
    incident = event.incident
    log.event(
        _logger,
        logging.WARNING if event.change in {"opened", "sharpened"} else logging.INFO,
        "incident",
        change=event.change,
        number=incident.number,
        scope=incident.subject.scope,
        venue=incident.subject.venue,
        host=incident.subject.host,
        check=incident.subject.check,
        cause=incident.cause,
        children=len(incident.children),
    )


def message_refused(error: MalformedMessageError, topic: str) -> None:
    """Log the first message that was refused for a reason."""
    log.event(
        _logger,
        logging.WARNING,
        "message_refused",
        reason=error.reason,
        expected=error.detail,
        topic=topic[:200],
        note="further ones are counted in venuewatch_aggregator_rejected_total",
    )
