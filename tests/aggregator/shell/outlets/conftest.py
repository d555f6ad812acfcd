"""Another server that answers as the test says."""

from collections.abc import AsyncIterator

import pytest

from tests.kit.receiver import Receiver


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with Receiver.serving() as receiver:
        yield receiver
