"""A webhook at work, and notices for it."""

import contextlib
from collections.abc import AsyncIterator, Sequence

import msgspec

from aggregator.config import Notify
from aggregator.core.centre import Centre
from aggregator.core.fleet import Fleet
from aggregator.shell.journal.rows import Notice
from aggregator.shell.outlets.own_metrics import OwnMetrics
from aggregator.shell.outlets.receivers import Receivers
from aggregator.shell.outlets.webhook import Webhook
from aggregator.shell.told import Told
from tests.aggregator.shell.mqtt.scripted_broker import Chance
from tests.kit.tasks import at_work
from tests.kit.waiting import Waiting
from venuewatch.rehearsal.live.pages import Page

TIMEOUT_S = 0.2


class Sending:
    """A webhook at work, and what became of its notices."""

    def __init__(self, where: Notify) -> None:
        self.settled: list[str] = []
        self.chance = Chance()
        self.told = Told()
        self.wrong: list[str] = []
        self._metrics = OwnMetrics(Centre(Fleet([])), version="1")
        self._waiting = Waiting()
        self.webhook = Webhook(
            where,
            self._settle,
            self._metrics,
            notice_of=lambda changed: notice(f"{changed.incident.number}-{changed.seq}"),
            rng=self.chance,
            receivers=Receivers(self.wrong.append, lambda: self.wrong.append("well")),
            told=self.told,
        )

    def add(self, *names: str) -> None:
        self.webhook.add([notice(name) for name in names])

    async def until_settled(self, count: int) -> None:
        await self._waiting.until(lambda: len(self.settled) >= count)

    def counted(self, what: str) -> float:
        """Return how many notices were delivered or dropped, or are pending."""
        page, name = Page(self._metrics.render()), "venuewatch_aggregator_notices"
        if what == "pending":
            return page.value(f"{name}_pending")
        return page.value(f"{name}_total", result=what)

    def _settle(self, ids: Sequence[str]) -> None:
        self.settled += ids
        self._waiting.note()


def notice(name: str) -> Notice:
    """Return a notice, as 7-1; each incident has a host of its own, and its first one opens it."""
    number, seq = name.split("-")
    subject = {"venue": "STA", "host": f"STA-{number}"}
    change = "opened" if seq == "1" else "sharpened"
    return Notice(name, msgspec.json.encode({"id": name, "change": change, "incident": subject}))


def where(url: str, **more: str | float) -> Notify:
    return msgspec.convert({"webhook_url": url, "timeout_s": TIMEOUT_S, **more}, Notify)


@contextlib.asynccontextmanager
async def sending(where: Notify) -> AsyncIterator[Sending]:
    sending = Sending(where)
    async with at_work(sending.webhook.run()):
        yield sending


async def sent(where: Notify, *names: str) -> Sending:
    """Send notices until all are settled."""
    async with sending(where) as at_work:
        at_work.add(*names)
        await at_work.until_settled(len(names))
    return at_work
