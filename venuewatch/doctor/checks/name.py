"""Resolves the brokers' names, or the name of the proxy that resolves them."""

from collections.abc import Sequence
from typing import NamedTuple

from agent.checks.net.connect import resolve
from agent.checks.reading.times import Deadline
from venuewatch.base.config import in_words
from venuewatch.doctor.findings import Finding, well, wrong
from venuewatch.doctor.site import Site

PLACES = frozenset({"host", "centre"})
NEEDS: tuple[str, ...] = ()

_TIMEOUT_S = 6.0  # a lost question is asked again after 5 s (resolv.conf(5))


class Resolved(NamedTuple):
    """One name, its numbers, and why there are none; ``setting``: the key of [broker] with it."""

    name: str
    numbers: tuple[str, ...] = ()
    error: str = ""
    setting: str = "address"


def look(site: Site) -> list[Resolved]:
    """Resolve each name that this machine has to."""
    setting = "address" if site.broker.proxy is None else "proxy"
    found = (_resolved(place.address) for place in site.broker.connects_to)
    return [each._replace(setting=setting) for each in found]


def judge(facts: Sequence[Resolved]) -> list[Finding]:
    """Find names without a number."""
    return [_judged(fact) for fact in facts]


def _judged(fact: Resolved) -> Finding:
    if fact.error:
        todo = f"Correct [broker] {fact.setting}, or this machine's DNS (/etc/resolv.conf)"
        return wrong(f"{fact.name}: {fact.error}", todo)
    if fact.numbers == (fact.name,):
        return well(f"{fact.name} is a number, and needs no DNS")
    return well(f"{fact.name} is {', '.join(fact.numbers)}")


def _resolved(name: str) -> Resolved:
    try:
        found = resolve(name, 0, Deadline(_TIMEOUT_S))
    except OSError as error:
        return Resolved(name, error=in_words(error))
    return Resolved(name, tuple(dict.fromkeys(str(target.address[0]) for target in found)))
