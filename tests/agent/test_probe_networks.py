"""Networks that may be probed: a machine's own ones, or those that are named."""

import socket
from collections.abc import Mapping, Sequence
from types import SimpleNamespace

import psutil
import pytest

from agent.checks.net import icmp, reach
from agent.checks.net.reach import Rounds
from agent.probes import ask
from tests.agent.checks.peers import refused_port


@pytest.fixture
def no_icmp(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_family: int) -> None:
        raise PermissionError("not allowed")

    monkeypatch.setattr(icmp, "_open", refuse)


PERMITTED = """127.0.0.1 10.0.0.0/8 127.0.0.0/8, ::1 ::1/128, localhost 127.0.0.0/8 ::1/128,
    ::ffff:127.0.0.1 127.0.0.0/8"""
FORBIDDEN = """127.0.0.1 10.0.0.0/8, 127.0.0.1 ::/0, ::1 10.0.0.0/8, localhost 10.0.0.0/8,
    127.1 10.0.0.0/8, ::ffff:127.0.0.1 ::/0, 0.0.0.0, ::, 224.0.0.1, 127.0.0.1 0.0.0.0/0, ::1 ::/0,
    fe80::1%lo ::/0, 224.0.0.1 0.0.0.0/0, 169.254.1.1 0.0.0.0/0, 0.0.0.0 0.0.0.0/0"""


@pytest.mark.usefixtures("no_icmp")
@pytest.mark.parametrize("question", PERMITTED.split(","))
def test_an_address_in_a_permitted_network_is_asked(question: str) -> None:
    address, *networks = question.split()

    answer = ask(address, refused_port(), 1.0, networks)

    assert answer.is_reached


@pytest.mark.usefixtures("no_icmp")
@pytest.mark.parametrize("question", FORBIDDEN.split(","))
def test_any_other_address_is_not_asked_and_it_is_said_why(
    question: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reach, "probe", None)
    address, *networks = question.split()

    answer = ask(address, 9, 1.0, networks)

    assert answer.is_reached is None
    assert answer.detail.endswith(
        ("is in none of the networks that may be probed from here", "is no machine's address")
    )


EVERYWHERE = "0.0.0.0"  # noqa: S104 - a netmask
OWN: Mapping[str, Sequence[tuple[str, str | None]]] = {
    "eth0": [("10.1.2.3", "255.255.254.0"), ("2001:db8:1::5", "ffff:ffff:ffff:ffff::")],
    "lo": [("127.0.0.1", "255.0.0.0"), ("::1", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff")],
    "eth1": [("169.254.7.7", "255.255.0.0"), ("fe80::5%eth1", "ffff:ffff:ffff:ffff::")],
    "tun0": [("192.0.2.9", None), ("10.8.0.1", "255.255.255.255"), ("10.9.0.1", EVERYWHERE)],
    "mac": [("00:11:22:33:44:55", None)],
}


@pytest.mark.parametrize(
    ("address", "is_asked"),
    [
        ("10.1.2.200", True),
        ("10.1.3.1", True),
        ("::ffff:10.1.3.1", True),
        ("10.1.4.1", False),
        ("2001:db8:1::77", True),
        ("2001:db8:2::77", False),
        ("10.8.0.1", True),
        ("10.8.0.2", False),
        ("192.0.2.9", False),
        ("198.51.100.1", False),
        ("127.0.0.1", False),
        ("::1", False),
        ("169.254.7.8", False),
        ("fe80::6%eth1", False),
        ("224.0.0.251", False),
        ("ff02::1", False),
    ],
)
def test_by_default_only_neighbours_on_our_own_networks_are_asked(
    monkeypatch: pytest.MonkeyPatch, address: str, *, is_asked: bool
) -> None:
    def family(text: str) -> int:
        if text.count(":") == 5:
            return socket.AF_PACKET
        return socket.AF_INET6 if ":" in text else socket.AF_INET

    own = {
        name: [
            SimpleNamespace(family=family(each), address=each, netmask=mask) for each, mask in of
        ]
        for name, of in OWN.items()
    }
    monkeypatch.setattr(psutil, "net_if_addrs", lambda: own)
    monkeypatch.setattr(reach, "number_of", lambda text, _deadline: text)
    monkeypatch.setattr(reach, "probe", lambda *_: Rounds("tcp", 3, (0.1,), None))

    answer = ask(address, 22, 1.0, ())

    assert answer.is_reached is (True if is_asked else None)
