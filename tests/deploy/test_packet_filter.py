"""The shipped packet filter, loaded into a real kernel: how much each address gets."""

import contextlib
import select
import socket
import threading
from collections.abc import Iterator
from functools import partial

import pytest

from bench.kit.cable import CENTRE, HOSTS, KNOWN, UNKNOWN, Cable, cable
from bench.kit.processes import wait_for
from tests.integration.real import pause
from venuewatch.base import clock
from venuewatch.rehearsal.stage.machine import Machine, StageError, inside

pytestmark = [pytest.mark.real, pytest.mark.long]

PORT, OTHER_PORT = 8883, 8884
FLOOD_S = 4.0
BEHIND = 120
DATAGRAMS = 100
DATAGRAM_S = 5.0
WITHIN_S = 40.0  # a connection whose first packet was dropped tries again after 1, 3, 7 and 15 s
KB = 1_024  # as nft counts
ADDRESSES = pytest.mark.parametrize("family", [0, 1], ids=["ipv4", "ipv6"])


class Site:
    """A centre that listens behind the filter, takes what comes, and counts it by address."""

    def __init__(self, laid: Cable, stack: contextlib.ExitStack) -> None:
        self.laid = laid
        self._stack = stack
        self.taken: dict[str, int] = {}
        self._stop = threading.Event()
        listeners = [
            stack.enter_context(self._listener(family, port))
            for family in (0, 1)
            for port in (PORT, OTHER_PORT)
        ]
        thread = threading.Thread(target=self._take, args=(listeners,))
        thread.start()
        stack.callback(thread.join)
        stack.callback(self._stop.set)

    def connect(self, address: str, family: int, port: int = PORT) -> socket.socket:
        """Begin to connect from an address, and do not wait for it."""
        kind = socket.AF_INET6 if family else socket.AF_INET
        made = inside(self.laid.outside.namespace, partial(socket.socket, kind))
        self._stack.callback(made.close)
        made.bind((address, 0))
        made.settimeout(0.0)
        made.connect_ex((CENTRE[family], port))
        return made

    def flood(self, address: str, family: int, port: int = PORT) -> int:
        """Send as fast as it goes for ``FLOOD_S``; return how many bytes had arrived by then."""
        sock, end = self.connect(address, family, port), clock.monotonic() + FLOOD_S
        while (left := end - clock.monotonic()) > 0:
            if select.select([], [sock], [], left)[1]:
                with contextlib.suppress(BlockingIOError):
                    sock.send(bytes(65_536))
        sock.close()
        return self.taken.get(address, 0)

    def datagrams(self, machine: Machine, address: str, family: int) -> socket.socket:
        """Return a UDP socket of a machine, which waits a few seconds for a datagram."""
        kind = socket.AF_INET6 if family else socket.AF_INET
        made = inside(machine.namespace, partial(socket.socket, kind, socket.SOCK_DGRAM))
        self._stack.callback(made.close)
        made.bind((address, 0))
        made.settimeout(DATAGRAM_S)
        return made

    def _listener(self, family: int, port: int) -> socket.socket:
        kind = socket.AF_INET6 if family else socket.AF_INET

        def listen() -> socket.socket:
            return socket.create_server((CENTRE[family], port), family=kind, backlog=4_096)

        made = inside(self.laid.centre.namespace, listen)
        made.settimeout(0.0)
        return made

    def _take(self, listeners: list[socket.socket]) -> None:
        poll, of = select.epoll(), {each.fileno(): (each, "") for each in listeners}
        for number in of:
            poll.register(number, select.EPOLLIN)
        while not self._stop.is_set():
            for number, _ in poll.poll(0.1):
                sock, address = of[number]
                with contextlib.suppress(OSError):
                    if not address:
                        client, (peer, *_) = sock.accept()
                        client.settimeout(0.0)
                        of[client.fileno()] = (client, peer)
                        poll.register(client, select.EPOLLIN)
                        continue
                    size = len(sock.recv(262_144))
                    self.taken[address] = self.taken.get(address, 0) + size
                    if size:
                        continue
                if address:
                    poll.unregister(number)
                    of.pop(number)[0].close()
        for sock, _ in of.values():
            sock.close()
        poll.close()


@pytest.fixture
def site() -> Iterator[Site]:
    with contextlib.ExitStack() as stack:
        try:
            laid = stack.enter_context(cable())
        except StageError as error:
            pytest.skip(str(error))
        laid.load_filter(PORT)
        yield Site(laid, stack)


def is_connected(sock: socket.socket) -> bool:
    with contextlib.suppress(OSError):
        sock.getpeername()
        return True
    return False


def connected(socks: list[socket.socket]) -> int:
    return sum(map(is_connected, socks))


def test_loading_it_again_replaces_it(site: Site) -> None:
    site.laid.load_filter(PORT)

    assert site.laid.nft("list tables\n").split() == ["table", "inet", "venuewatch"]


@ADDRESSES
def test_unknown_address_gets_500_kilobytes_a_second(site: Site, family: int) -> None:
    taken = site.flood(UNKNOWN[family], family)

    assert 500 * KB < taken <= (2_000 + 500 * (FLOOD_S + 0.5)) * KB
    assert site.laid.dropped("unknown_bytes") > 0
    assert site.laid.dropped("venue_STA_bytes") == 0


@ADDRESSES
def test_a_venue_gets_4_megabytes_a_second(site: Site, family: int) -> None:
    taken = site.flood(KNOWN[family], family)

    assert 6_000 * KB < taken <= (16 + 4 * (FLOOD_S + 0.5)) * KB * KB
    assert site.laid.dropped("unknown_bytes") == 0


@ADDRESSES
def test_unknown_address_gets_64_connections_20_a_second(site: Site, family: int) -> None:
    began = clock.monotonic()
    socks = [site.connect(UNKNOWN[family], family) for _ in range(80)]
    at_once, took_s = connected(socks), clock.monotonic() - began

    assert wait_for(lambda: connected(socks) == 64, at_most_s=WITHIN_S)
    assert at_once <= 20 + 20 * took_s
    pause(3.0)
    assert connected(socks) == 64
    assert site.laid.dropped("unknown_new") > 0
    assert site.laid.dropped("unknown_open") > 0


@ADDRESSES
def test_hosts_behind_one_address_of_a_venue_return_at_once(site: Site, family: int) -> None:
    socks = [site.connect(KNOWN[family], family) for _ in range(HOSTS)]

    assert wait_for(lambda: connected(socks) == HOSTS, at_most_s=WITHIN_S)
    counters = ("venue_STA_new", "venue_STA_open", "unknown_new", "unknown_open")
    assert [site.laid.dropped(each) for each in counters] == [0] * 4


def test_hosts_behind_one_address_return_from_a_cut_undropped(site: Site) -> None:
    site.laid.load_filter(PORT, hosts=BEHIND)
    lost = [site.connect(KNOWN[0], 0) for _ in range(BEHIND)]
    assert wait_for(lambda: connected(lost) == BEHIND, at_most_s=WITHIN_S)

    site.laid.cut()
    for sock in lost:  # the centre does not learn of it
        sock.close()
    pause(3.0)
    site.laid.mend()
    back = [site.connect(KNOWN[0], 0) for _ in range(BEHIND)]

    assert wait_for(lambda: connected(back) == BEHIND, at_most_s=WITHIN_S)
    assert [site.laid.dropped(f"venue_STA_{what}") for what in ("new", "open", "bytes")] == [0] * 3


@ADDRESSES
def test_other_ports_are_not_touched(site: Site, family: int) -> None:
    taken = site.flood(UNKNOWN[family], family, OTHER_PORT)

    assert taken > 2 * (2_000 + 500 * (FLOOD_S + 0.5)) * KB


@ADDRESSES
@pytest.mark.parametrize("from_where", [UNKNOWN, KNOWN], ids=["unknown", "known"])
def test_other_protocols_are_not_touched(
    site: Site, family: int, from_where: tuple[str, str]
) -> None:
    """To the kernel's tracking each datagram from a port of its own is a new connection."""
    site.laid.load_filter(PORT, hosts=1)
    there = site.datagrams(site.laid.centre, CENTRE[family], family)
    target = there.getsockname()[:2]

    for _ in range(DATAGRAMS):
        site.datagrams(site.laid.outside, from_where[family], family).sendto(b"any", target)

    assert [there.recv(3) for _ in range(DATAGRAMS)] == [b"any"] * DATAGRAMS
    assert site.laid.dropped("unknown_new") == site.laid.dropped("venue_STA_new") == 0


def test_both_families_of_a_venue_share_one_bound_of_connections(site: Site) -> None:
    site.laid.nft(
        "flush chain inet venuewatch venue_STA\n"
        "add rule inet venuewatch venue_STA ct state new "
        "add @venue_STA_open { tcp dport ct count over 20 } counter name venue_STA_open drop\n"
    )

    socks = [site.connect(KNOWN[family], family) for family in (0, 1) for _ in range(20)]

    assert wait_for(lambda: connected(socks) == 20, at_most_s=WITHIN_S)
    pause(3.0)
    assert connected(socks) == 20
    assert site.laid.dropped("venue_STA_open") > 0
    assert site.laid.dropped("unknown_open") == 0


def test_full_venue_keeps_no_other_address_out(site: Site) -> None:
    site.laid.nft(
        "flush chain inet venuewatch venue_STA\nadd rule inet venuewatch venue_STA drop\n"
    )

    kept_out = site.connect(KNOWN[0], 0)
    other = site.connect(UNKNOWN[0], 0)

    assert wait_for(lambda: is_connected(other), at_most_s=WITHIN_S)
    assert not is_connected(kept_out)


def test_overlapping_networks_of_two_venues_are_refused_whole(site: Site) -> None:
    with pytest.raises(StageError, match=r"conflicting intervals|overlap|exists"):
        site.laid.nft(
            "add chain inet venuewatch venue_TAH\n"
            "add element inet venuewatch venues_ipv4 { 10.79.0.0/28 : goto venue_TAH }\n"
        )

    assert "venue_TAH" not in site.laid.nft("list table inet venuewatch\n")
