"""All that the checks of one live host look at, and how its agent is told of them."""

from collections.abc import Iterable, Mapping
from typing import Final, TypeVar

from venuewatch.base.in_toml import in_toml
from venuewatch.rehearsal.fleet import CHECK_EVERY_S, StageCheck
from venuewatch.rehearsal.live.watched.certificate import Certificate
from venuewatch.rehearsal.live.watched.disk import Disk
from venuewatch.rehearsal.live.watched.feed import Feed
from venuewatch.rehearsal.live.watched.lines import Lines
from venuewatch.rehearsal.live.watched.names import Names
from venuewatch.rehearsal.live.watched.page import Page
from venuewatch.rehearsal.live.watched.servers import Servers
from venuewatch.rehearsal.live.watched.service import Service
from venuewatch.rehearsal.live.watched.temperature import Temperature
from venuewatch.rehearsal.live.watched.thing import Site, Thing
from venuewatch.rehearsal.stage.guardian import Guardian
from venuewatch.rehearsal.stage.machine import Machine, StageError

T = TypeVar("T", bound=Thing)

KINDS: Final[Mapping[str, type[Thing]]] = {
    kind.KIND: kind
    for kind in (
        Certificate,
        Disk,
        Feed,
        Lines,
        Names,
        Page,
        Servers,
        Service,
        Temperature,
    )
}
"""What checks of the stage look at, by their kind; of the other kinds, no host has a check."""


class Equipment:
    """What the checks of a host look at.

    Attributes:
        things: by the name of their check.
    """

    def __init__(self, checks: Iterable[StageCheck], site: Site) -> None:
        self._host = site.host.name
        self._folder = site.folder
        self._machine: Machine | None = None
        self.things: dict[str, Thing] = {
            check.name: KINDS[check.kind](check.name, site)
            for check in checks
            if check.kind in KINDS
        }

    @property
    def settings(self) -> str:
        """Its checks, as ``agent.toml`` has them."""
        return self.settings_with("")

    def settings_with(self, check: str, **changed: object) -> str:
        """Return them with some settings of one check changed."""
        tables = [each for thing in self.things.values() for each in thing.settings]
        return "".join(
            _table({**each, "every_s": CHECK_EVERY_S, **(changed if each["name"] == check else {})})
            for each in tables
        )

    def thing(self, check: str, kind: type[T]) -> T:
        """Return what a check looks at.

        Raises:
            StageError: its host has no such check, or one of another kind.
        """
        found = self.things.get(check)
        if not isinstance(found, kind):
            raise StageError(f"{self._host} has no check {check} of the kind {kind.KIND}")
        return found

    def make(self, guardian: Guardian) -> None:
        """Make what has to be there before the hosts start. Raises StageError."""
        if not self.things:
            return
        try:
            self._folder.mkdir(parents=True)
            for thing in self.things.values():
                thing.make(guardian)
        except OSError as error:
            raise StageError(f"what {self._host} looks at can't be made: {error}") from None

    def start(self, machine: Machine) -> None:
        """Start what runs on its machine, if that is a fresh one. Raises StageError."""
        if machine is self._machine:
            return
        self._machine = machine
        for thing in self.things.values():
            thing.start(machine)

    def heal(self) -> None:
        """Undo what faults did to it, but for those that the guardian holds. Raises StageError."""
        for thing in self.things.values():
            thing.heal()

    def close(self) -> None:
        """End all that was started."""
        for thing in self.things.values():
            thing.close()


def _table(settings: Mapping[str, object]) -> str:
    lines = (f"{name} = {in_toml(value)}\n" for name, value in settings.items())
    return "\n[[check]]\n" + "".join(lines)
