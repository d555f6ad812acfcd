"""Set-ups whose way to the broker is broken: names, routes, filters, proxies, neighbours."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

from tests.agent.checks.namespaces import Cable, cable
from tests.agent.checks.peers import LOOPBACK, refused_port, say, tcp_peer
from tests.agent.mqtt.played_proxy import refusing
from tests.integration.real import Mosquitto
from tests.venuewatch.doctor.real.set_up import (
    HOST,
    Broken,
    Lay,
    Words,
    agent_of,
    listed,
    tick_once,
)
from venuewatch.rehearsal.stage.machine import Machine, entered

THERE, NOBODY, ELSEWHERE = "10.9.0.2", "10.9.0.9", "192.0.2.1"
PORT = 1883
DROP = f"""table inet cut {{
  chain coming {{
    type filter hook input priority 0
    tcp dport {PORT} drop
  }}
}}"""


@contextlib.contextmanager
def name_that_no_dns_knows(folder: Path) -> Iterator[Words]:
    yield [str(agent_of(folder, address="broker.invalid"))]


@contextlib.contextmanager
def address_that_is_no_name(folder: Path) -> Iterator[Words]:
    yield [str(agent_of(folder, address=f"{'a' * 70}.example"))]


@contextlib.contextmanager
def broker_that_does_not_run(folder: Path) -> Iterator[Words]:
    yield [str(agent_of(folder, port=refused_port()))]


@contextlib.contextmanager
def proxy_that_does_not_run(folder: Path) -> Iterator[Words]:
    proxy = f"{LOOPBACK}:{refused_port()}"
    yield [str(agent_of(folder, address="mq.example", proxy=proxy))]


def proxy_that_answers(answer: bytes) -> Lay:
    @contextlib.contextmanager
    def lay(folder: Path) -> Iterator[Words]:
        with tcp_peer(refusing(answer)) as port:
            proxy = f"{LOOPBACK}:{port}"
            yield [str(agent_of(folder, address="mq.example", proxy=proxy))]

    return lay


@contextlib.contextmanager
def web_server_in_the_place_of_the_broker(folder: Path) -> Iterator[Words]:
    with tcp_peer(say(b"HTTP/1.1 400 Bad Request\r\n\r\n")) as port:
        yield [str(agent_of(folder, port=port))]


@contextlib.contextmanager
def without_a_route(folder: Path) -> Iterator[Words]:
    with cable() as net, entered(net.here):
        yield [str(agent_of(folder, address=ELSEWHERE))]


@contextlib.contextmanager
def far_broker(folder: Path, net: Cable) -> Iterator[None]:
    """Run a broker with a tick at the other end of a cable, and be at this one."""
    far = Mosquitto(folder, port=PORT, address="0.0.0.0").at(Machine("", net.there))  # noqa: S104
    with far:
        with entered(net.there):
            tick_once(PORT)
        with entered(net.here):
            yield


@contextlib.contextmanager
def filter_in_between(folder: Path) -> Iterator[Words]:
    with cable() as net, far_broker(folder, net):
        net.run(net.there, "nft", DROP)
        yield [str(agent_of(folder, address=THERE, port=PORT))]


@contextlib.contextmanager
def neighbour_that_does_not_answer(folder: Path) -> Iterator[Words]:
    inventory = listed(folder, [HOST], ["STA-2", f'address = "{NOBODY}"', "probe_port = 22"])
    with cable() as net, far_broker(folder, net):
        path = agent_of(folder, address=THERE, port=PORT)
        yield [str(path), "--inventory", str(inventory)]


ANSWERS_407 = b"HTTP/1.1 407 Who\r\nContent-Length: 0\r\n\r\n"
ANSWERS_403 = b"HTTP/1.1 403 No\r\nContent-Length: 0\r\n\r\n"

CASES = {
    "name that no DNS knows": Broken(
        "name", "broker.invalid: the name cannot be resolved", name_that_no_dns_knows
    ),
    "address that is no name": Broken(
        "name", "cannot be resolved: Not a name", address_that_is_no_name
    ),
    "no route": Broken("route", f"no route to {ELSEWHERE}", without_a_route),
    "broker that does not run": Broken("port", "nothing listens at", broker_that_does_not_run),
    "filter in between": Broken("port", f"{THERE}:{PORT} does not answer", filter_in_between),
    "proxy that does not run": Broken("port", "nothing listens at", proxy_that_does_not_run),
    "proxy that wants a password": Broken(
        "proxy", "the proxy answers 407", proxy_that_answers(ANSWERS_407)
    ),
    "proxy that lets nobody through": Broken(
        "proxy", "the proxy answers 403", proxy_that_answers(ANSWERS_403)
    ),
    "mail server in the proxy's place": Broken(
        "proxy", "this is no HTTP proxy", proxy_that_answers(b"220 mx.example ESMTP\r\n")
    ),
    "web server in the broker's place": Broken(
        "credentials",
        "a web server answers",
        web_server_in_the_place_of_the_broker,
    ),
    "neighbour that does not answer": Broken(
        "addresses", f"STA-2 can't be reached at {NOBODY}:22", neighbour_that_does_not_answer
    ),
}
