"""Chooses the hosts and bridges whose certificates are renewed, and says which are left out."""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from aggregator.inventory import VenueEntry
from venuewatch.venue import credentials, fleet
from venuewatch.venue.authority.register import Issued, Register
from venuewatch.venue.credentials import BRIDGE
from venuewatch.venue.fleet import Fleet
from venuewatch.venue.settings import Settings


class Choice(NamedTuple):
    """What is renewed: ``names`` of hosts and bridges by venue. ``left``: a line for others."""

    settings: Settings
    known: Fleet
    register: Register
    names: dict[str, set[str]]
    left: list[str]

    def add_expiring(self, until: float) -> None:
        """Add those whose latest certificate ends by ``until`` (s since 1970), or has ended."""
        latest_of = self.register.latest_of_all()
        for code, venue in self.known.ours.items():
            for name in self._due(venue, latest_of, until):
                self.names.setdefault(code, set()).add(name)

    def _due(self, venue: VenueEntry, latest_of: dict[str, Issued], until: float) -> Iterator[str]:
        bridge = f"{BRIDGE}{venue.code}"
        for name in [*(host.name for host in venue.host if not host.revoked), bridge]:
            latest = latest_of.get(name)
            if latest is not None and latest.not_after <= until:
                yield name
            elif latest is None and name != bridge and not self.is_foreign(venue.code, name):
                yield name  # the register forgets what ended long ago

    def is_foreign(self, code: str, name: str) -> bool:
        """Tell whether a foreign authority signs a host."""
        return credentials.is_foreign(self.settings, self.register, code, name)


def chosen_by(settings: Settings, known: Fleet, register: Register, named: Iterable[str]) -> Choice:
    """Return what ``VENUE`` or ``VENUE/HOST`` name.

    A host that is revoked, or that a foreign authority signs, has to be named itself.

    Raises:
        ConfigError: one is not there.
    """
    bridges, what = _bridges(known, register, named)
    choice = Choice(settings, known, register, fleet.targets(known, what), [])
    for code, every in choice.names.items():
        by_venue = {name for name in every if f"{code}/{name}" not in what}
        revoked = {host.name for host in known.ours[code].host if host.revoked} & by_venue
        foreign = {name for name in by_venue - revoked if choice.is_foreign(code, name)}
        every.difference_update(revoked, foreign)
        choice.left.extend(_left("it is revoked", code, revoked))
        choice.left.extend(_left("a foreign authority signs", code, foreign))
    for code, name in bridges:
        choice.names.setdefault(code, set()).add(name)
    for code in [code for code, every in choice.names.items() if not every]:
        del choice.names[code]
    return choice


def _left(why: str, code: str, names: Iterable[str]) -> list[str]:
    return [f"not renewed, since {why}: {code}/{name} (name it itself)" for name in sorted(names)]


def _bridges(
    known: Fleet, register: Register, named: Iterable[str]
) -> tuple[set[tuple[str, str]], set[str]]:
    """Return the bridges that are named, themselves or by their venue; and all other names."""
    bridges, others = set(), set()
    for each in named:
        code, _, host = each.partition("/")
        name = f"{BRIDGE}{code}"
        is_itself = host == name and name in register.names_of(known.venue(code).code)
        if is_itself or (not host and register.latest(name) is not None):
            bridges.add((code, name))
        if not is_itself:
            others.add(each)
    return bridges, others
