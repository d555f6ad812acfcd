"""Writes alerts as Alertmanager's API takes them: labels, texts and times."""

from collections.abc import Callable
from datetime import UTC, datetime

import msgspec

from aggregator import config
from aggregator.core.fleet import Fleet
from aggregator.core.incidents.alerts import description_of, labels_of, row_of
from aggregator.core.incidents.pushing import Push
from aggregator.core.incidents.record import Incident
from aggregator.shell.outlets.webhook import UrlOf
from aggregator.shell.walltime import WallTime
from venuewatch.base.exercise import marked

ENDS_EARLIER_S = 2.0
"""How much earlier (s) an end is said to be, so that our clock may be ahead of an Alertmanager's.

It takes an end that is still to come by its clock for no end: the one before, minutes ahead, stays.
"""


class AlertJson(msgspec.Struct, frozen=True, rename="camel"):
    """One alert, as Alertmanager's API takes it."""

    labels: dict[str, str]
    annotations: dict[str, str]
    starts_at: str
    ends_at: str
    generator_url: str = msgspec.field(name="generatorURL")


class AlertWriter:
    """Writes alerts; the labels of an alert stay the same from its first push to its end."""

    def __init__(
        self,
        where: config.Alertmanager,
        fleet: Fleet,
        wall: WallTime,
        url_of: UrlOf,
        lived_wall: Callable[[float], float | None] = lambda _: None,
        exercise: str = "",
    ) -> None:
        """``lived_wall``: the wall time of a moment at which our clock is in doubt, else None.

        ``exercise``: the name of the exercise that marks the texts of an alert, "" for none.
        """
        self._exercise = exercise
        self._lived_wall = lived_wall
        self._where = where
        self._fleet = fleet
        self._wall = wall
        self._url_of = url_of
        self._labels: dict[str, dict[str, str]] = {}

    def alert_of(self, push: Push) -> AlertJson:
        """Return one alert with its labels, texts and times.

        While our clock is in doubt, an Alertmanager may have the same clock, or the right one: an
        open alert ends at the later of both times, so that it is over by neither, and one that is
        over at the earlier. An alert never starts behind its end: it would be refused else.
        """
        incident, ends = push.incident, self._walls_of(push.ends_at)
        ends_at = min(ends) if push.is_over else max(ends)
        starts_at = min(*self._walls_of(push.starts_at), ends_at)
        if push.is_over:
            ends_at = max(starts_at, ends_at - ENDS_EARLIER_S)
        return AlertJson(
            self.labels_of(push),
            self._annotations_of(incident),
            _time(starts_at),
            _time(ends_at),
            self._url_of(f"/incidents/{incident.number}"),
        )

    def _walls_of(self, at: float) -> tuple[float, float]:
        """Return the wall time of a moment by our clock, and as it would be had it not jumped."""
        wall = self._wall.wall(at)
        lived = self._lived_wall(at)
        return wall, wall if lived is None else lived

    def labels_of(self, push: Push) -> dict[str, str]:
        """Return the labels by which an alert is told from others, at each aggregator equal."""
        known = self._labels.get(push.key)
        if known is not None:
            return known
        subject = push.incident.subject
        alert = row_of(subject, push.incident.cause).alert
        more = {name: text for name, text in self._where.labels.items() if text}  # as it keeps them
        labels = {**more, "alertname": alert.name, "severity": str(alert.severity)}
        labels |= labels_of(subject)
        host = self._fleet.find(subject.host)
        if host is not None and host.role:
            labels["role"] = host.role
        self._labels[push.key] = labels
        return labels

    def keep(self, keys: set[str]) -> None:
        """Forget the labels of all other alerts."""
        self._labels = {key: labels for key, labels in self._labels.items() if key in keys}

    def _annotations_of(self, incident: Incident) -> dict[str, str]:
        subject = incident.subject
        alert = row_of(subject, incident.cause).alert
        page = f"/hosts/{subject.host}" if subject.host else f"/venues/{subject.venue}"
        annotations = {
            "summary": marked(alert.summary, self._exercise),
            "description": marked(description_of(incident), self._exercise),
            "dashboard_url": self._url_of(page),
        }
        if self._where.runbooks_url:
            base = self._where.runbooks_url.rstrip("/")
            annotations["runbook_url"] = f"{base}/{alert.name}"
        return annotations


def _time(wall: float) -> str:
    return datetime.fromtimestamp(wall, UTC).isoformat(timespec="milliseconds")
