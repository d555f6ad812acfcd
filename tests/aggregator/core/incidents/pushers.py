"""Aggregators that push, and alerts to be pushed."""

from aggregator.core.incidents.pushing import RESEND_S, Push, Pushing, key_of
from aggregator.core.incidents.record import Incident, IncidentChanged, Subject
from aggregator.core.verdicts.causes import Cause
from venuewatch.base.wire.messages import CentreOpen

LIST_WAIT_S = RESEND_S + 5.0
ALPHA = Subject("host", "STA", "alpha")
VENUE = Subject("venue", "AQU")
FEED = Subject("feed", "STA", "alpha", "odf")


def incident(
    subject: Subject = ALPHA, cause: Cause = Cause.SILENT, *, at: float = 0.0, number: int = 1
) -> Incident:
    return Incident(number, subject, cause, at)


ALERT = key_of(incident())


class Aggregator:
    """One aggregator that pushes, hears, and has settled; ``pushed`` is the last ``look``."""

    def __init__(self, name: str = "a") -> None:
        self.pushing = Pushing(name)
        self.known: dict[Subject, Incident] = {}
        self.pushed: list[Push] = []
        self.now = 0.0
        self.look(0.0)

    def look(self, now: float, *, is_blind: bool = False, is_settled: bool = True) -> list[Push]:
        self.now = now
        self.pushing.hear(now, is_blind=is_blind, is_settled=is_settled)
        self.pushed = self.pushing.take(now)
        return self.pushed

    def open(self, at: float, subject: Subject = ALPHA, cause: Cause = Cause.SILENT) -> None:
        self.known[subject] = incident(subject, cause, at=at)
        self.pushing.take_change(IncidentChanged(at, "opened", self.known[subject], 1))

    def sharpen(self, at: float, cause: Cause, subject: Subject = ALPHA) -> None:
        self.known[subject] = self.known[subject]._replace(cause=cause)
        self.pushing.take_change(IncidentChanged(at, "sharpened", self.known[subject], 2))

    def close(self, at: float, subject: Subject = ALPHA) -> None:
        ended = self.known.pop(subject)._replace(closed_at=at)
        self.pushing.take_change(IncidentChanged(at, "closed", ended, 3))

    def hear_of(self, name: str, now: float, *keys: str, is_whole: bool = True) -> None:
        """Hear that another aggregator is online, and its list."""
        self.pushing.take_state(name, now, is_online=True)
        self.pushing.take_list(name, CentreOpen(keys, is_whole), now)


def over(pushes: list[Push]) -> list[str]:
    return [push.key for push in pushes if push.is_over]


def firing(pushes: list[Push]) -> list[str]:
    return [push.key for push in pushes if not push.is_over]
