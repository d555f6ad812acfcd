"""The broker and the aggregator of most tests with real programs."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.real import Aggregator, Mosquitto


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Mosquitto]:
    with Mosquitto(tmp_path) as running:
        yield running


@pytest.fixture
def aggregator(tmp_path: Path, broker: Mosquitto) -> Iterator[Aggregator]:
    with Aggregator(tmp_path, broker.port) as running:
        yield running
