"""An agent's TCP connection on a line that loses every packet, in the real kernel."""

import socket
from functools import partial

import pytest

from agent.mqtt import thin_tcp
from tests.faults.stage import RETRANSMITTED, Site, tcp_info
from tests.integration.real import until
from venuewatch.base import clock
from venuewatch.rehearsal.stage.delay_line import Way

pytestmark = [pytest.mark.real, pytest.mark.timed]

WAY = Way(delay_s=0.1)
CUT_S = 4.0
REPEATS = 3


def connection_of(site: Site) -> tuple[socket.socket, socket.socket]:
    """Return both ends of a connection that has measured its round trip."""
    near, far = site.connection()
    near.settimeout(5.0)
    far.settimeout(5.0)
    for _ in range(8):
        near.send(b".")
        far.recv(1)
    return near, far


def is_repeated(sock: socket.socket, times: int) -> bool:
    return tcp_info(sock, RETRANSMITTED) >= times


def test_an_agents_connection_tries_again_and_again_where_a_stock_one_doubles_its_wait(
    site: Site,
) -> None:
    stock, stock_far = connection_of(site)
    ours, ours_far = connection_of(site)
    thin_tcp.tune(ours)
    with stock, stock_far, ours, ours_far:
        before = tcp_info(stock, RETRANSMITTED), tcp_info(ours, RETRANSMITTED)
        site.lan.uplink.cut()
        begin = clock.monotonic()
        stock.send(b"!")
        ours.send(b"!")
        until("the cut has lasted", lambda: clock.monotonic() >= begin + CUT_S)
        of_stock = tcp_info(stock, RETRANSMITTED) - before[0]
        of_ours = tcp_info(ours, RETRANSMITTED) - before[1]

    assert of_stock <= 5
    assert of_ours >= of_stock + 2


def after_a_beat(site: Site) -> tuple[socket.socket, socket.socket, thin_tcp.Connection]:
    """Return both ends and ours, once a beat has arrived and the line has been cut."""
    near, far = connection_of(site)
    connection = thin_tcp.Connection(near)
    near.send(b"!")
    connection.wrote()
    until("it is acknowledged", connection.is_acknowledged)
    site.lan.uplink.cut()
    return near, far, connection


def test_a_beat_that_is_lost_is_known_not_to_have_arrived_until_it_has(site: Site) -> None:
    near, far, connection = after_a_beat(site)
    with near, far:
        before = tcp_info(near, RETRANSMITTED)
        near.send(b"!")
        connection.wrote()
        lost = [connection.is_acknowledged()]
        until("it is repeated", partial(is_repeated, near, before + REPEATS))
        lost.append(connection.is_acknowledged())
        site.lan.uplink.heal()
        until("it is acknowledged", connection.is_acknowledged)

    assert lost == [False, False]
    assert connection.round_trip_s == pytest.approx(2 * WAY.delay_s, abs=0.1)


def test_what_is_written_after_a_beat_does_not_make_the_next_one_wait(site: Site) -> None:
    near, far, connection = after_a_beat(site)
    with near, far:
        near.send(b"a reading")

        is_acknowledged = connection.is_acknowledged()

    assert is_acknowledged
