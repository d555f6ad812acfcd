"""A remote-write receiver that answers as the test says, and an outlet at work."""

import contextlib
from collections.abc import AsyncIterator
from typing import Any

from aggregator.config import RemoteWrite, RemoteWriteLabels
from aggregator.core.centre import Centre
from aggregator.core.fleet import Fleet
from aggregator.core.outputs import Store
from aggregator.shell.outlets.own_metrics import OwnMetrics
from aggregator.shell.outlets.remote_write.backfill import Reason
from aggregator.shell.outlets.remote_write.outlet import RemoteWriteMetrics, RemoteWriteOutlet
from tests.aggregator.shell.mqtt.scripted_broker import Chance
from tests.aggregator.shell.outlets.remote_write.backlogs import JOBS, late, vitals
from tests.kit.receiver import Receiver, timeout_s_for
from tests.kit.story import ALONE, fleet_of
from tests.kit.tasks import at_work
from venuewatch.base import clock
from venuewatch.rehearsal.live.pages import Page

NAME = "venuewatch_aggregator_remote_write_samples"


class Writer:
    """An outlet, and its counters as Prometheus reads them."""

    def __init__(self, url: str, **more: Any) -> None:
        where = RemoteWrite(url=url, **{"timeout_s": timeout_s_for(), **more})
        labels = RemoteWriteLabels(dict(JOBS.vitals), dict(JOBS.checks))
        self.chance = Chance()
        self.fleet = fleet_of(ALONE)
        self.is_in_doubt = False
        self.outlet = RemoteWriteOutlet(
            where, labels, self.fleet, rng=self.chance, wall_now=self._wall_now
        )

    def _wall_now(self) -> float | None:
        return None if self.is_in_doubt else clock.wall()

    def send(self, *ats: float) -> None:
        """Have the outlet told of vitals that were read at these times and came late."""
        readings = late(*(vitals(seq, at) for seq, at in enumerate(ats)))
        self.outlet.take([Store(1, 0.0, readings=readings)])

    @property
    def is_done(self) -> bool:
        return self.outlet.is_idle

    def page(self) -> Page:
        metrics = OwnMetrics(Centre(Fleet([])), version="1")
        metrics.add(RemoteWriteMetrics(self.outlet.backfill))
        return Page(metrics.render())

    def counted(self) -> tuple[float, dict[str, float]]:
        """Return how many samples were written, and how many were dropped, by reason."""
        page = self.page()
        dropped = {
            reason.value: page.value(f"{NAME}_dropped_total", reason=reason) for reason in Reason
        }
        return page.value(f"{NAME}_total"), {why: count for why, count in dropped.items() if count}


@contextlib.asynccontextmanager
async def writing(to: Receiver | str, **more: Any) -> AsyncIterator[Writer]:
    writer = Writer(to if isinstance(to, str) else to.url, **more)
    async with at_work(writer.outlet.run()):
        yield writer
