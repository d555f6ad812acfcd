import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from aggregator.config import Broker
from aggregator.shell.mqtt.link import BrokerLink, subscription
from tests.aggregator.shell.mqtt.scripted_broker import Chance, Linked, Notes, ScriptedBroker


@pytest.fixture
async def broker() -> AsyncIterator[ScriptedBroker]:
    """A broker that does what the test says."""
    async with ScriptedBroker().serving() as broker:
        yield broker


@pytest.fixture
async def notes() -> Notes:
    """A listener that notes what it receives."""
    return Notes()


@pytest.fixture
async def chance() -> Chance:
    """Chance that makes every wait nothing."""
    return Chance()


@pytest.fixture
def linked(broker: ScriptedBroker, notes: Notes, chance: Chance) -> Linked:
    """Return what runs a link for as long as a test needs one; it must not fail meanwhile."""

    @asynccontextmanager
    async def run(where: Broker | None = None) -> AsyncIterator[BrokerLink]:
        link = BrokerLink(
            where or Broker(port=broker.port),
            notes,
            client_id="centre",
            filters=[subscription("venuewatch/v1/+/+/#", no_local=True)],
            will=("venuewatch/v1/_centre/centre/state", b"gone"),
            rng=chance,
        )
        task = asyncio.create_task(link.run())
        try:
            yield link
        finally:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task

    return run
