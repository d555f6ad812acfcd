"""Connects to the brokers' ports over TCP, and hangs up at once: that is no session."""

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
    """One broker's place, and what it answered; ``error``: what else the network said."""

    place: str
    answer: Literal["open", "refused", "silent", "error"]
    error: str = ""


def look(site: Site) -> list[Knock]:
    """Knock at each broker."""
    return [_knock(place.address, place.port) for place in site.broker.places]


def judge(facts: Sequence[Knock]) -> list[Finding]:
    """Find ports that do not open."""
    return [_judged(fact) for fact in facts]


def _judged(fact: Knock) -> Finding:
    if fact.answer == "open":
        return well(f"{fact.place} accepts connections")
    if fact.answer == "refused":
        todo = "Start the broker, or correct [broker] port"
        return wrong(f"nothing listens at {fact.place}", todo)
    if fact.answer == "silent":
        todo = "Have the firewall between let this host out to that port"
        return wrong(f"{fact.place} does not answer: something drops the packets", todo)
    return wrong(f"{fact.place}: {fact.error}", "Ask the venue's network for the way to the broker")


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
