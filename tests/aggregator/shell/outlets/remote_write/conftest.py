"""A receiver that reads write requests, at the time of the stories' backlogs."""

from collections.abc import AsyncIterator

import pytest

from tests.aggregator.shell.outlets.remote_write import written
from tests.aggregator.shell.outlets.remote_write.backlogs import AT
from tests.kit.machine import WALL
from tests.kit.receiver import Receiver
from venuewatch.base import clock


@pytest.fixture
async def receiver(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Receiver]:
    monkeypatch.setattr(clock, "wall", lambda: WALL + AT)
    async with Receiver.serving() as receiver:
        receiver.decode = written.read
        receiver.usual = 204
        yield receiver
