"""Connects to the brokers' ports, or the proxy's, and hangs up at once: that is no session."""

import errno
from collections.abc import Sequence
from typing import Literal, NamedTuple

from agent.checks.net.connect import connect
from agent.checks.reading.times import Deadline
from venuewatch.base.config import in_words
from venuewatch.doctor.findings import Finding, well, wrong
from venuewatch.doctor.site import Site

PLACES = frozenset({"host", "centre"})
NEEDS = ("route",)

_TIMEOUT_S = 5.0


class Knock(NamedTuple):
    """One place, and what it answered; ``error``: what else the network said.

    ``who``: the program that should listen there.
    """

    place: str
    answer: Literal["open", "refused", "silent", "error"]
    error: str = ""
    who: Literal["broker", "proxy"] = "broker"


def look(site: Site) -> list[Knock]:
    """Knock at each."""
    who: Literal["broker", "proxy"] = "broker" if site.broker.proxy is None else "proxy"
    knocks = (_knock(place.address, place.port) for place in site.broker.connects_to)
    return [each._replace(who=who) for each in knocks]


def judge(facts: Sequence[Knock]) -> list[Finding]:
    """Find ports that do not open."""
    return [_judged(fact) for fact in facts]


def _judged(fact: Knock) -> Finding:
    if fact.answer == "open":
        return well(f"{fact.place} accepts connections")
    if fact.answer == "refused":
        setting = "port" if fact.who == "broker" else "proxy"
        todo = f"Start the {fact.who}, or correct [broker] {setting}"
        return wrong(f"nothing listens at {fact.place}", todo)
    if fact.answer == "silent":
        todo = "Have the firewall between let this host out to that port"
        return wrong(f"{fact.place} does not answer: something drops the packets", todo)
    todo = f"Ask the venue's network for the way to the {fact.who}"
    return wrong(f"{fact.place}: {fact.error}", todo)


def _knock(address: str, port: int) -> Knock:
    place = f"{address}:{port}"
    try:
        connect(address, port, Deadline(_TIMEOUT_S)).close()
    except TimeoutError:
        return Knock(place, "silent")
    except OSError as error:
        if error.errno == errno.ECONNREFUSED:
            return Knock(place, "refused")
        return Knock(place, "error", in_words(error))
    return Knock(place, "open")
