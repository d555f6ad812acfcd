from collections.abc import Iterator

import pytest

from tests.deploy import brokers
from tests.deploy.peer import Peer


@pytest.fixture(scope="module")
def centre(tmp_path_factory: pytest.TempPathFactory) -> Iterator[brokers.Centre]:
    with brokers.Centre(tmp_path_factory.mktemp("centre")) as broker:
        yield broker


@pytest.fixture
def aggregator(centre: brokers.Centre) -> Iterator[Peer]:
    with centre.peer(brokers.AGGREGATOR) as peer:
        yield peer


@pytest.fixture
def host(centre: brokers.Centre) -> Iterator[Peer]:
    with centre.peer(brokers.HOST) as peer:
        yield peer
