"""The next router, found by itself."""

from collections.abc import Callable

import pytest

from agent.checks import gateway
from agent.checks.net.routes import Route, bsd, default_routes, linux_v4, linux_v6, windows
from agent.checks.reading.times import Deadline
from tests.agent.checks.namespaces import cable
from tests.agent.checks.peers import LOOPBACK, PATIENCE_S, read, refused_port

LINUX = (
    "Iface\tDestination\tGateway\tFlags\tRefCnt\tUse\tMetric\tMask\tMTU\tWindow\tIRTT\n"
    "eth0\t00000000\t0102000A\t0003\t0\t0\t600\t00000000\t0\t0\t0\n"
    "ppp0\t00000000\t00000000\t0001\t0\t0\t50\t00000000\t0\t0\t0\n"
    "eth0\t0002000A\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0\n"
    "*\t00000000\t00000000\t0200\t0\t0\t9\t00000000\t0\t0\t0\n"
)
NOTHING, LINK_LOCAL = "0" * 32, "fe80" + "0" * 24 + "0001"
LINUX_V6 = (
    f"{NOTHING} 00 {NOTHING} 00 {LINK_LOCAL} 00000400 00000002 00000000 00000003     eth0\n"
    f"{NOTHING} 00 {NOTHING} 00 {NOTHING} ffffffff 00000001 00000000 00200200       lo\n"
    f"{LINK_LOCAL} 80 {NOTHING} 00 {NOTHING} 00000000 00000002 00000000 80200001     eth0\n"
)
WINDOWS = """
Aktive Routen:
     Netzwerkziel    Netzwerkmaske          Gateway    Schnittstelle Metrik
          0.0.0.0          0.0.0.0         10.9.0.2         10.9.0.1     25
          0.0.0.0          0.0.0.0   Auf Verbindung         10.8.0.1     50
Ständige Routen:
  Netzwerkadresse          Netzmaske  Gatewayadresse  Metrik
          0.0.0.0          0.0.0.0         10.9.0.2  Standard
"""
MACOS = """Routing tables

Internet:
Destination        Gateway            Flags               Netif Expire
default            10.9.0.2           UGScg                 en0
default            link#18            UCSIg           bridge100      !
127                127.0.0.1          UCS                   lo0

Internet6:
Destination        Gateway                         Flags         Netif Expire
default            fe80::9:2%en0                   UGcg            en0
default
"""


@pytest.mark.real
def test_over_a_real_cable_the_gateway_is_found_and_reached_until_it_is_gone() -> None:
    with cable() as net:
        none = net.read("gateway")
        net.run(net.here, "ip", "route", "add", "default", "via", "10.9.0.2", "metric", "100")
        net.run(net.here, "ip", "-6", "route", "add", "default", "via", "fe80::9:2", "dev", "port0")
        reached = net.read("gateway")
        reached_v6 = net.read("gateway", family="ipv6", interface="port0")
        elsewhere = net.read("gateway", interface="port1")
        net.run(net.there, "ip", "addr", "del", "10.9.0.2/24", "dev", "port0")
        gone = net.read("gateway", timeout_s=1.0)

    assert none[:2] == ("critical", "no default route")
    assert reached.state == "ok"
    assert reached.detail.startswith("10.9.0.2: 0 of 3 lost; round trip 0.")
    assert reached.values.check_loss_ratio == 0
    assert reached_v6.state == "ok"
    assert reached_v6.detail.startswith("fe80::9:2%port0: 0 of 3 lost")
    assert elsewhere.detail == "no default route over port1"
    assert gone.state == "critical"
    assert gone.detail.startswith("10.9.0.2: ")


def never(_deadline: Deadline) -> list[Route]:
    raise TimeoutError


@pytest.mark.parametrize(
    ("routes", "state", "detail"),
    [
        (lambda _: [Route("lo", LOOPBACK, 0, is_v6=False)], "ok", "127.0.0.1: 0 of 3 lost; "),
        (
            lambda _: [Route("ppp0", None, 0, is_v6=False)],
            "unknown",
            "the default route over ppp0 names no gateway to ask",
        ),
        (never, "critical", "the routes can not be read: no answer in time"),
    ],
    ids=["refuses, which is an answer", "has no gateway", "can not be read"],
)
def test_what_the_system_says_of_its_routes_is_judged(
    monkeypatch: pytest.MonkeyPatch,
    routes: Callable[[Deadline], list[Route]],
    state: str,
    detail: str,
) -> None:
    monkeypatch.setattr(gateway, "default_routes", routes)

    reading = read("gateway", port=refused_port(), interval_s=0.01)

    assert reading.state == state
    assert reading.detail.startswith(detail)


def test_the_system_can_be_asked_here() -> None:
    routes = default_routes(Deadline(PATIENCE_S))

    assert all(isinstance(route, Route) for route in routes)


MACOS_ROUTES = [
    ("en0", "10.9.0.2", 4, False),
    ("bridge100", None, 5, False),
    ("en0", "fe80::9:2%en0", 10, True),
]


@pytest.mark.parametrize(
    ("read_routes", "table", "routes"),
    [
        (linux_v4, LINUX, [("eth0", "10.0.2.1", 600, False), ("ppp0", None, 50, False)]),
        (linux_v6, LINUX_V6, [("eth0", "fe80::1%eth0", 1024, True)]),
        (windows, WINDOWS, [("10.9.0.1", "10.9.0.2", 25, False)]),
        (bsd, MACOS, MACOS_ROUTES),
    ],
)
def test_default_routes_are_told_from_the_others(
    read_routes: Callable[[str], list[Route]], table: str, routes: list[Route]
) -> None:
    assert read_routes(table) == routes
