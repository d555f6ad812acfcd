"""An agent whose network says nothing at all: it goes on reading, and ends when it is told to."""

import random
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from agent import config
from agent.mqtt import connecting
from agent.shell import Agent
from agent.spool.disk import Spool
from tests.integration.real import pause
from venuewatch.base import clock
from venuewatch.base.lookups import Lookups

PATIENCE_S = 30.0
READ_FOR_S = 3.2
SETTINGS = """
venue = "STA"
host = "STA-1"
[broker]
address = "{address}"
port = {port}
[heartbeat]
vitals_every_s = 1
"""


@pytest.fixture
def silent_names(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    over = threading.Event()
    silent = Lookups(lambda *_: over.wait(PATIENCE_S), most=connecting.HANGING_MAX)
    monkeypatch.setattr(connecting, "_lookups", silent)
    yield
    over.set()


@pytest.fixture
def silent_port() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield int(listening.getsockname()[1])


def kept_by_an_agent(folder: Path, address: str, port: int) -> tuple[int, float]:
    """Run an agent for a while; return how many readings it has kept, and how long its end took."""
    (folder / "agent.toml").write_text(SETTINGS.format(address=address, port=port))
    settings = config.read(folder / "agent.toml")
    agent = Agent(settings, rng=random.Random(0))
    thread = threading.Thread(target=agent.run)
    thread.start()
    pause(READ_FOR_S)
    begin = clock.monotonic()
    agent.stop()
    thread.join(PATIENCE_S)
    took_s = clock.monotonic() - begin
    spool = Spool(str(settings.spool.directory), host=settings.host, max_bytes=1 << 20)
    kept = spool.pending
    spool.close()
    return kept, took_s


@pytest.mark.timed
@pytest.mark.usefixtures("silent_names")
def test_readings_go_on_while_no_name_is_resolved(tmp_path: Path) -> None:
    kept, took_s = kept_by_an_agent(tmp_path, "broker.example", 1883)

    assert kept >= READ_FOR_S - 1.0
    assert took_s < 1.0


@pytest.mark.timed
def test_readings_go_on_while_a_broker_accepts_and_says_nothing(
    tmp_path: Path, silent_port: int
) -> None:
    kept, took_s = kept_by_an_agent(tmp_path, "127.0.0.1", silent_port)

    assert kept >= READ_FOR_S - 1.0
    assert took_s < 1.0
