"""Asks the kernel for a route to the brokers, or to the proxy; no packet is sent."""

import socket
from collections.abc import Sequence
from typing import NamedTuple

from agent.checks.net.connect import Target, resolve
from agent.checks.reading.times import Deadline
from venuewatch.base.config import in_words
from venuewatch.doctor.findings import Finding, well, wrong
from venuewatch.doctor.site import Site

PLACES = frozenset({"host", "centre"})
NEEDS = ("name",)


class Way(NamedTuple):
    """A name, the address that packets for it leave from, and why there is no route."""

    name: str
    address: str = ""
    error: str = ""


def look(site: Site) -> list[Way]:
    """Ask for the way to each."""
    return [_way(place.address, place.port) for place in site.broker.connects_to]


def judge(facts: Sequence[Way]) -> list[Finding]:
    """Find those that no packet leaves for."""
    return [
        wrong(
            f"no route to {fact.name}: {fact.error}",
            "Give this machine a default route (ip route show), and plug in its cable",
        )
        if fact.error
        else well(f"packets to {fact.name} leave from {fact.address}")
        for fact in facts
    ]


def _way(name: str, port: int) -> Way:
    error = "it has no address"
    for target in resolve(name, port, Deadline(6.0)):
        try:
            return Way(name, _own_address(target))
        except OSError as raised:
            error = in_words(raised)
    return Way(name, error=error)


def _own_address(target: Target) -> str:
    with socket.socket(target.family, socket.SOCK_DGRAM) as sock:
        sock.connect(target.address)
        return str(sock.getsockname()[0])
