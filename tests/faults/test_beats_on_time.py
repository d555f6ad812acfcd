"""A beat is on time while every check hangs."""

import math
import socket
from collections.abc import Iterator, Sequence
from pathlib import Path

import psutil
import pytest

from tests.deploy.peer import Peer
from tests.integration.real import Agent, Mosquitto, until
from venuewatch.base.wire.messages import Beat, decode_beat

pytestmark = [pytest.mark.real, pytest.mark.timed]

BEATS = 100
WINDOWS = 9
"""A busy machine makes single windows late; hanging checks would make every window late."""

INTERVAL_S = 0.1
LATE_MS = 20
HANGING = 8  # each hanging check has a thread of its own, beside the loop's and the spool's

HERE = 'address = "127.0.0.1"\nport = '
CHECKS = {
    "tcp": HERE + "{full}",
    "http": 'url = "http://127.0.0.1:{deaf}/"',
    "tls": HERE + "{deaf}",
    "dns": 'server = "127.0.0.1"\nport = {dumb}\nquery = "centre.example.org"',
    "ntp": HERE + "{dumb}",
    "line": HERE + "{deaf}",
    "exec": 'command = ["sleep", "600"]',
}


def table(kind: str, name: str) -> str:
    """Return the configuration of a check that may hang for a minute, with its ports left open."""
    head = f'[[check]]\nkind = "{kind}"\nname = "{name}"\nevery_s = 1\ntimeout_s = 60\n'
    return f"{head}{CHECKS[kind]}\n"


@pytest.fixture
def silence() -> Iterator[dict[str, int]]:
    """Yield ports that take a connection, or a datagram, and never answer."""
    with (
        socket.create_server(("127.0.0.1", 0), backlog=100) as deaf,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as dumb,
        socket.create_server(("127.0.0.1", 0), backlog=0) as full,
        socket.create_connection(full.getsockname()),
    ):
        dumb.bind(("127.0.0.1", 0))
        yield {
            "deaf": deaf.getsockname()[1],
            "dumb": dumb.getsockname()[1],
            "full": full.getsockname()[1],
        }


def test_beats_are_on_time_while_every_check_hangs(tmp_path: Path, silence: dict[str, int]) -> None:
    lateness_ms: list[float] = []

    with Mosquitto(tmp_path) as broker, Peer(broker.port, "ear") as ear:
        named = [*((kind, kind) for kind in CHECKS), ("exec", "exec-2")]
        checks = "".join(table(kind, name) for kind, name in named).format(**silence)
        heartbeat = f"[heartbeat]\ninterval_s = {INTERVAL_S}\nvitals_every_s = 1\n{checks}"
        with Agent(tmp_path, broker.port, "STA-1", broker=heartbeat) as agent:
            process = psutil.Process(agent.pid)
            until("every check hangs", lambda: process.num_threads() >= HANGING, within_s=60.0)
            ear.listen("venuewatch/v1/STA/STA-1/beat")
            for _ in range(WINDOWS):
                beats = [decode_beat(ear.hear()[1]) for _ in range(BEATS)]
                lateness_ms.append(late_at_p99(beats))
                if lateness_ms[-1] <= LATE_MS:
                    break
            threads = process.num_threads()

    assert threads >= HANGING
    assert min(lateness_ms) <= LATE_MS


def late_at_p99(beats: Sequence[Beat]) -> float:
    """Return by how much (ms) all but one in a hundred beats were late at most."""
    planned = [beat.mono_ms - beat.seq * INTERVAL_S * 1000 for beat in beats]
    return sorted(moment - min(planned) for moment in planned)[math.ceil(0.99 * len(beats)) - 1]
