"""Lists of allowed peers, and the addresses that sockets name."""

import pytest

from agent.checks.net.peers import Peers, is_own


@pytest.mark.parametrize(
    ("names", "address", "is_allowed"),
    [
        (["10.1.0.7"], "10.1.0.7", True),
        (["10.1.0.7"], "10.1.0.8", False),
        (["10.1.0.7"], "::ffff:10.1.0.7", True),
        (["::ffff:10.1.0.7"], "10.1.0.7", True),
        (["::ffff:10.1.0.0/120"], "10.1.0.200", True),
        (["::ffff:10.1.0.0/120"], "10.1.1.1", False),
        (["10.1.0.0/24", "fd00::/8"], "fd00::1", True),
        (["10.1.0.0/24", "fd00::/8"], "fe80::1", False),
        (["fe80::1"], "fe80::1%eth0", True),
        (["fe80::1%eth0"], "fe80::1%eth1", True),
        (["::/0"], "10.1.0.7", False),
        ([], "10.1.0.7", False),
        (["0.0.0.0/0"], "", False),
        (["0.0.0.0/0"], "@socket", False),
    ],
)
def test_peer_is_allowed_by_address_however_it_is_written(
    names: list[str], address: str, *, is_allowed: bool
) -> None:
    assert Peers(names).allow(address) == is_allowed


@pytest.mark.parametrize(
    ("name", "is_loopback"),
    [
        ("127.0.0.1", True),
        ("127.255.255.254", True),
        ("127.0.0.0/8", True),
        ("0.0.0.0/0", True),
        ("::1", True),
        ("::/0", True),
        ("::1%lo", True),
        ("::ffff:127.0.0.1", True),
        ("::ffff:0:0/96", True),
        ("126.0.0.0/7", True),
        ("126.0.0.0/8", False),
        ("10.1.0.0/24", False),
        ("fd00::/8", False),
    ],
)
def test_list_that_reaches_loopback_says_so(name: str, *, is_loopback: bool) -> None:
    assert Peers(["192.0.2.1", name]).names_loopback == is_loopback


@pytest.mark.parametrize("name", ["", "scoreboard", "10.1.0.7/24", "10.1.0", "fe80::/10%eth0"])
def test_name_that_is_no_address_is_refused_by_name(name: str) -> None:
    with pytest.raises(ValueError, match="Expected an IP address, or a network") as caught:
        Peers([name])

    assert repr(name) in str(caught.value)


@pytest.mark.parametrize("address", ["127.0.0.1", "127.9.0.1", "::1", "::ffff:127.0.0.1"])
def test_address_of_this_machine_is_known_by_any_name(address: str) -> None:
    assert is_own(address)


@pytest.mark.parametrize("address", ["::", "10.1.0.7", "::ffff:10.1.0.7", ""])
def test_address_beyond_this_machine_is_not_its_own(address: str) -> None:
    assert not is_own(address)
