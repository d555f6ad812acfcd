from collections.abc import AsyncIterator

import pytest

from tests.aggregator.shell.mqtt.scripted_broker import Linked, Notes, ScriptedBroker


@pytest.fixture
async def notes() -> Notes:
    """A listener that notes what it receives."""
    return Notes()


@pytest.fixture
async def linked(notes: Notes) -> AsyncIterator[Linked]:
    """What runs a link to a broker that does what the test says."""
    async with ScriptedBroker().serving() as broker:
        yield Linked(broker, notes)
