"""A real agent on a real broker that takes less than it has to say."""

import signal
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from agent import config
from agent.mqtt.connecting import connect
from agent.mqtt.paths import Paths
from agent.mqtt.session import Name, Session
from agent.mqtt.stream import Stream
from tests.agent.narrow_path import HOST, add_interfaces
from tests.faults.stage import staged
from tests.integration.real import Agent, Aggregator, Mosquitto, inventory_of, pause, until
from venuewatch.base import clock
from venuewatch.rehearsal.stage.machine import Machine

pytestmark = [pytest.mark.real, pytest.mark.timed, pytest.mark.long]

CHECKS_TOPIC = f"venuewatch/v1/STA/{HOST}/checks"
PACKET_BYTES_MAX = 2_000
LASTS_S = 12.0
"""Twice what it takes until a host that is not heard is down."""

CHECKS = 4
PORT = 1883
_CHECK = """[[check]]
kind = "tcp"
name = "broker-{at}"
address = "127.0.0.1"
port = {port}
every_s = 2
"""
FAULTS_OF_A_LINK = {"connection_lost", "flapping", "silent"}


def settings(port: int) -> str:
    """Return an agent's settings: vitals each second, and checks of the broker."""
    checks = "".join(_CHECK.format(at=at, port=port) for at in range(CHECKS))
    return f"reconnect_max_s = 1.0\n[heartbeat]\nvitals_every_s = 1\n{checks}"


def checks_known(aggregator: Aggregator) -> set[str]:
    found = aggregator.page().of("venuewatch_check_state", host=HOST)
    return {labels["check"] for labels, _ in found}


@pytest.fixture
def machine() -> Iterator[Machine]:
    """Yield a machine of many interfaces, on which all run."""
    with staged() as run:
        made = Machine(run.prefix, "busy")
        made.make()
        add_interfaces(made)
        yield made


def test_machine_of_many_interfaces_is_up_though_its_vitals_never_fit(
    tmp_path: Path, machine: Machine
) -> None:
    extra = [f"max_packet_size {PACKET_BYTES_MAX}"]
    broker = Mosquitto(tmp_path, port=PORT, extra=extra).at(machine)
    inventory = inventory_of(("STA", "wired", 1))
    aggregator = Aggregator(tmp_path, PORT, inventory=inventory).at(machine)
    agent = Agent(tmp_path, PORT, HOST, broker=settings(PORT)).at(machine)

    with broker, aggregator, agent:
        aggregator.wait_for(HOST, "up")
        until("it says what is refused", lambda: agent.events("publication_refused"))
        until(
            "results of all checks come",
            lambda: len(checks_known(aggregator)) == CHECKS,
            within_s=30.0,
        )
        pause(LASTS_S)
        refused = agent.events("publication_refused")
        causes = {each.cause for each in aggregator.incidents().incidents}

        assert aggregator.state(HOST) == "up"
        assert aggregator.accused() == []
        assert causes.isdisjoint(FAULTS_OF_A_LINK)
        assert all("2,000 bytes at most" in str(each["why"]) for each in refused)
        assert len({str(each["topic"]) for each in refused}) == len(refused), "each is said once"
        assert len(agent.events("broker_connected")) == 1
        assert "Traceback" not in agent.said()


def test_refused_publications_are_counted_and_come_by_another_way(tmp_path: Path) -> None:
    refused_total = "venuewatch_agent_publications_refused_total"
    acl = tmp_path / "acl"
    acl.write_text(f"topic readwrite #\ntopic deny {CHECKS_TOPIC}\n")
    broker = Mosquitto(tmp_path, extra=[f"acl_file {acl}"])
    aggregator = Aggregator(tmp_path, broker.port, inventory=inventory_of(("STA", "wired", 1)))
    agent = Agent(tmp_path, broker.port, HOST, broker=settings(broker.port))

    def refused() -> float:
        return aggregator.value(refused_total, host=HOST, reason="not_authorized") or 0.0

    with broker, aggregator, agent:
        aggregator.wait_for(HOST, "up")
        until("refusals are counted", lambda: refused() >= 3, within_s=30.0)
        until("results come late", lambda: len(checks_known(aggregator)) == CHECKS, within_s=30.0)
        (told,) = agent.events("publication_refused")

        assert (told["topic"], told["why"]) == (CHECKS_TOPIC, "Not authorized")
        assert aggregator.value("venuewatch_agent_dropped_total", host=HOST) == 0


class Counted(Stream):
    """A connection that counts the vitals that are written."""

    vitals = 0

    def write(self, data: bytes) -> None:
        self.vitals += data.count(b"vitals")
        super().write(data)


def session_with(broker: Mosquitto) -> tuple[Session, Counted]:
    where = config.Broker(port=broker.port, keepalive_s=60)
    line = connect(where, Paths(), config.Place("127.0.0.1", broker.port))
    assert line.sock is not None
    stream = Counted(line.sock)
    session = Session(
        where,
        line._replace(stream=stream),
        name=Name(HOST, ("death", b"lost")),
        subscriptions=["tick"],
        on_message=lambda _topic, _payload: None,
    )
    return session, stream


@pytest.fixture
def wake() -> Iterator[socket.socket]:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        yield ours


def test_no_more_is_under_way_than_the_broker_takes_at_a_time(
    tmp_path: Path, wake: socket.socket
) -> None:
    with Mosquitto(tmp_path, extra=["max_inflight_messages 2"]) as broker:
        session, stream = session_with(broker)
        end = clock.monotonic() + 10.0
        while not session.is_open and clock.monotonic() < end:
            session.wait(1.0, wake)
        broker.signal(signal.SIGSTOP)
        receipts = [session.publish("vitals", b"%d" % at, qos=1) for at in range(50)]
        under_way = stream.vitals
        broker.signal(signal.SIGCONT)
        while not all(each.is_published() for each in receipts) and clock.monotonic() < end:
            session.wait(1.0, wake)
        session.drop()

    assert under_way == 2
    assert all(each.is_published() for each in receipts)


def test_broker_that_wants_a_shorter_keepalive_hears_a_silent_agent(
    tmp_path: Path, wake: socket.socket
) -> None:
    with Mosquitto(tmp_path, extra=["max_keepalive 10"]) as broker:
        session, _ = session_with(broker)
        end = clock.monotonic() + 25.0  # it would end a session after 15 s
        while clock.monotonic() < end:
            session.wait(end - clock.monotonic(), wake)
        is_open = session.is_open
        session.drop()

    assert is_open
