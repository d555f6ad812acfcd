"""An outlet to Alertmanagers at work, and alerts for it."""

import contextlib
from collections.abc import AsyncIterator
from typing import Any

from aggregator.config import Alertmanager
from aggregator.core.centre import Centre
from aggregator.core.fleet import Fleet
from aggregator.core.incidents.pushing import Push, key_of
from aggregator.core.incidents.record import Incident, IncidentChanged, Subject
from aggregator.core.verdicts.causes import Cause
from aggregator.shell.outlets.alertmanager.outlet import AlertmanagerMetrics, AlertmanagerOutlet
from aggregator.shell.outlets.alertmanager.queue import AlertQueue
from aggregator.shell.outlets.own_metrics import OwnMetrics
from aggregator.shell.outlets.receivers import Receivers
from aggregator.shell.told import Told
from aggregator.shell.walltime import WallTime
from tests.aggregator.shell.mqtt.scripted_broker import Chance
from tests.kit.machine import WALL
from tests.kit.receiver import Receiver, timeout_s_for
from tests.kit.story import ALONE, fleet_of
from tests.kit.tasks import at_work
from venuewatch.base import clock
from venuewatch.base.wire.messages import CentreOpen, decode_centre_open
from venuewatch.rehearsal.live.pages import Page

ALPHA = Subject("host", "STA", "alpha")
LASTING_S = 1e6


class Pusher:
    """An outlet at work, and what it published for other aggregators."""

    def __init__(self, *urls: str, fleet: Fleet | None = None, **more: Any) -> None:
        where = Alertmanager(urls=urls, **{"timeout_s": timeout_s_for(), **more})
        self.chance = Chance()
        self.published: list[CentreOpen] = []
        self.is_heard = True
        self.told = Told()
        self.wrong: list[str] = []
        centre = Centre(fleet_of(ALONE) if fleet is None else fleet)
        centre.opened(0.0)
        self.outlet = AlertmanagerOutlet(
            where,
            centre,
            WallTime(0.0, WALL),
            name="centre",
            url_of=lambda path: f"https://mon.example{path}",
            publish=self._publish,
            rng=self.chance,
            receivers=Receivers(self.wrong.append, lambda: self.wrong.append("well")),
            told=self.told,
        )

    def _publish(self, topic: str, payload: bytes) -> bool:
        assert topic == "venuewatch/v1/_centre/centre/open"
        if self.is_heard:
            self.published.append(decode_centre_open(payload))
        return self.is_heard

    @property
    def queue(self) -> AlertQueue:
        return self.outlet.queues[0]

    def change(self, change: Any, incident: Incident, seq: int = 1) -> None:
        self.outlet.take([IncidentChanged(clock.monotonic(), change, incident, seq)])

    def add(self, *numbers: int, **said: Any) -> None:
        self.queue.add([push(number, **said) for number in numbers])

    def counted(self, what: str, at: int = 0) -> float:
        metrics = OwnMetrics(Centre(Fleet([])), version="1")
        metrics.add(AlertmanagerMetrics(self.outlet.queues))
        page, place = Page(metrics.render()), self.outlet.queues[at].place
        name = "venuewatch_aggregator_alertmanager"
        if what == "pending":
            return page.value(f"{name}_pending", alertmanager=place)
        return page.value(f"{name}_alerts_total", alertmanager=place, result=what)


def incident(number: int = 1, cause: Cause = Cause.SILENT, subject: Subject = ALPHA) -> Incident:
    return Incident(number, subject, cause, 10.0)


def push(number: int, **said: Any) -> Push:
    one = incident(number, subject=Subject("host", "STA", f"h{number}"))
    return Push(key_of(one), one, 10.0, **{"ends_at": LASTING_S, **said})


def hosts(receiver: Receiver) -> list[list[str]]:
    """Return whom each request was about."""
    return [[alert["labels"]["host"] for alert in sent.body] for sent in receiver.attempts]


@contextlib.asynccontextmanager
async def pushing(*urls: str, **more: Any) -> AsyncIterator[Pusher]:
    pusher = Pusher(*urls, **more)
    async with at_work(pusher.outlet.run()):
        yield pusher


def base(receiver: Receiver) -> str:
    return receiver.url.removesuffix("/notices")
