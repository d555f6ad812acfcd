"""Connects to the brokers' ports, or the proxy's, and hangs up: that is no session.

A broker without room, as Mosquitto at ``max_connections``, accepts a connection and hangs up before
anything was said. Every other broker waits for our first word.
"""

import errno
import socket
from collections.abc import Sequence
from typing import Literal, NamedTuple

from agent.checks.net.connect import connect
from agent.checks.reading.times import Deadline
from agent.config import Place
from venuewatch.base import clock
from venuewatch.base.config import in_words
from venuewatch.doctor.findings import Finding, well, wrong
from venuewatch.doctor.site import Site

PLACES = frozenset({"host", "centre"})
NEEDS = ("route",)

_TIMEOUT_S = 5.0
_LISTENS_S = 0.3
"""So long (s) a hang-up is waited for, and two round trips more."""


class Knock(NamedTuple):
    """One place, and what it answered; ``error``: what else the network said.

    ``who``: the program that should listen there.
    """

    place: str
    answer: Literal["open", "closed", "refused", "silent", "error"]
    error: str = ""
    who: Literal["broker", "proxy"] = "broker"


def look(site: Site) -> list[Knock]:
    """Knock at each."""
    who: Literal["broker", "proxy"] = "broker" if site.broker.proxy is None else "proxy"
    knocks = map(_knock, site.broker.connects_to)
    return [each._replace(who=who) for each in knocks]


def judge(facts: Sequence[Knock]) -> list[Finding]:
    """Find ports that do not open."""
    return [_judged(fact) for fact in facts]


def _judged(fact: Knock) -> Finding:
    if fact.answer == "open":
        return well(f"{fact.place} accepts connections")
    if fact.answer == "closed":
        text = f"{fact.place} hangs up at once: it has no room, or wants none of this address"
        if fact.who == "proxy":
            return wrong(text, "Have those who run the proxy let this host in")
        return wrong(text, "Look at the broker's log; raise max_connections in its mosquitto.conf")
    if fact.answer == "refused":
        setting = "port" if fact.who == "broker" else "proxy"
        todo = f"Start the {fact.who}, or correct [broker] {setting}"
        return wrong(f"nothing listens at {fact.place}", todo)
    if fact.answer == "silent":
        todo = "Have the firewall between let this host out to that port"
        return wrong(f"{fact.place} does not answer: something drops the packets", todo)
    todo = f"Ask the venue's network for the way to the {fact.who}"
    return wrong(f"{fact.place}: {fact.error}", todo)


def _knock(to: Place) -> Knock:
    place = str(to)
    began = clock.monotonic()
    try:
        sock = connect(to.address, to.port, Deadline(_TIMEOUT_S))
    except TimeoutError:
        return Knock(place, "silent")
    except OSError as error:
        if error.errno == errno.ECONNREFUSED:
            return Knock(place, "refused")
        return Knock(place, "error", in_words(error))
    trip_s = clock.monotonic() - began
    with sock:
        return Knock(place, "closed" if _is_closed(sock, _LISTENS_S + 2 * trip_s) else "open")


def _is_closed(sock: socket.socket, within_s: float) -> bool:
    """Tell whether the other side hangs up within so long (s)."""
    sock.settimeout(within_s)
    try:
        return not sock.recv(1)
    except TimeoutError:
        return False
    except OSError:
        return True
