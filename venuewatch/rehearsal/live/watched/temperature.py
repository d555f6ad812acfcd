"""A thermometer of a live host: a file that says degrees, and the plugin that reads it."""

import shlex
from collections.abc import Sequence
from functools import partial
from typing import Final

from venuewatch.rehearsal.live.watched.spoiling import Spoiling, write_whole
from venuewatch.rehearsal.live.watched.thing import Settings, Site, Thing
from venuewatch.rehearsal.stage.guardian import Guardian

LIMIT_C: Final = 35
"""From this temperature (degrees Celsius) on the plugin is critical."""

_USUAL: Final = "21.0\n"
_PLUGIN: Final = (
    'read -r celsius < "$1" || exit 3; echo "$celsius C|celsius=$celsius"; '
    f'[ "${{celsius%.*}}" -lt {LIMIT_C} ] || exit 2'
)


class Temperature(Thing):
    """A thermometer.

    Attributes:
        path: the file that says what it shows.
    """

    KIND = "exec"

    def __init__(self, check: str, site: Site) -> None:
        super().__init__(check, site)
        self.path = site.folder / f"{check}.celsius"

    @property
    def settings(self) -> Sequence[Settings]:
        """The check."""
        command = ["/bin/sh", "-c", _PLUGIN, self.check, str(self.path)]
        return [{"kind": self.KIND, "name": self.check, "command": command}]

    def make(self, guardian: Guardian) -> None:
        """Let it show what is usual."""
        del guardian
        write_whole(self.path, _USUAL.encode())

    def heating(self, celsius: float) -> Spoiling:
        """Return how it comes to show so many degrees."""
        path, new = shlex.quote(str(self.path)), shlex.quote(f"{self.path}.usual")
        cool = f"printf %s {shlex.quote(_USUAL)} > {new} && mv {new} {path}"
        heat = partial(write_whole, self.path, f"{celsius}\n".encode())
        return Spoiling(heat, ("sh", "-c", cool))
