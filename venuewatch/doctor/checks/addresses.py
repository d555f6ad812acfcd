"""Reaches the other machines: a host its neighbours, the centre the receivers of its notices."""

from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple
from urllib.parse import urlsplit

from agent.checks.net.reach import NotAskedError, Plan, probe
from agent.checks.reading.times import Deadline
from agent.config import Place
from venuewatch.base.config import ConfigError, in_words
from venuewatch.doctor.findings import Finding, skipped, unknown, well, wrong
from venuewatch.doctor.site import Site

PLACES = frozenset({"host", "centre"})
NEEDS = ("inventory",)

MACHINES_MAX: Final = 60
"""How many are tried, so that a venue with a broken switch is told of within a minute or two."""

_TIMEOUT_S = 2.0
_PLAN = Plan(probes=2, interval_s=0.5, enough=1)
_PORTS: Final = {"http": 80, "https": 443}


class Machine(NamedTuple):
    """One machine to reach: its name for people, its address, and a port, None for any."""

    name: str
    address: str
    port: int | None


class Reached(NamedTuple):
    """One machine, and why nothing came back from it, "" where something did.

    ``is_asked``: it was; else the error is why not.
    """

    machine: Machine
    error: str = ""
    is_asked: bool = True


def look(site: Site) -> list[Reached]:
    """Try each machine; a refusal is an answer, too."""
    machines = list(_neighbours(site) if site.place == "host" else _receivers(site))
    return [_reached(machine) for machine in machines[:MACHINES_MAX]]


def judge(facts: Sequence[Reached]) -> list[Finding]:
    """Find machines that nothing comes back from."""
    if not facts:
        return [skipped("no other machine is known here: give --inventory on a venue's host")]
    silent = [
        wrong(
            f"{fact.machine.name} can't be reached at {_shown(fact.machine)}: {fact.error}",
            "Correct its address, or have the network let this machine through",
        )
        for fact in facts
        if fact.error and fact.is_asked
    ]
    not_asked = [
        unknown(f"{fact.machine.name} was not asked: {fact.error}")
        for fact in facts
        if not fact.is_asked
    ]
    return silent + not_asked or [well(f"{len(facts)} other machines can be reached")]


def _shown(machine: Machine) -> str:
    return machine.address if machine.port is None else str(Place(machine.address, machine.port))


def _neighbours(site: Site) -> Iterator[Machine]:
    """Yield the other hosts of this host's venue that the inventory has an address of."""
    if site.inventory is None:
        return
    from aggregator.inventory import read_all  # noqa: PLC0415 - most hosts have no inventory

    try:
        venues = read_all(site.inventory).venue
    except ConfigError:  # the check `inventory` has told so
        return
    for venue in venues:
        for host in venue.host if venue.code == site.agent.venue else ():
            if host.address and host.name != site.agent.host:
                yield Machine(host.name, host.address, host.probe_port)


def _receivers(site: Site) -> Iterator[Machine]:
    """Yield the servers that the aggregator sends to; secrets in their addresses stay here."""
    centre = site.centre
    named: list[tuple[str, str | None]] = [
        ("the webhook", centre.notify.webhook_url),
        ("remote write", centre.remote_write.url),
    ]
    named += [(f"Alertmanager {at}", url) for at, url in enumerate(centre.alertmanager.urls, 1)]
    for name, url in named:
        if url:
            parts = urlsplit(url)
            yield Machine(name, parts.hostname or "", parts.port or _PORTS.get(parts.scheme, 443))


def _reached(machine: Machine) -> Reached:
    try:
        rounds = probe(machine.address, machine.port, _PLAN, Deadline(_TIMEOUT_S))
    except NotAskedError as error:
        return Reached(machine, str(error), is_asked=False)
    except OSError as error:
        return Reached(machine, in_words(error))
    if rounds.is_reached:
        return Reached(machine)
    return Reached(machine, "no answer in time" if rounds.error is None else in_words(rounds.error))
