"""Two lines of a live venue to its providers, each with an interface of its own at the gateway.

Traffic to the centre goes by neither: that line has faults of its own.
"""

import contextlib
from collections.abc import Sequence
from typing import Final, NamedTuple

from venuewatch.rehearsal.live.watched.thing import Settings, Thing
from venuewatch.rehearsal.stage.machine import Machine, StageError

_LINES: Final = (1, 2)


class Line(NamedTuple):
    """A line: its device at the host and on the router, and the address of each end."""

    here: str
    there: str
    near: str
    far: str


class Lines(Thing):
    """The lines, and the checks that look at each, and at both."""

    KIND = "uplinks"

    @property
    def settings(self) -> Sequence[Settings]:
        """A check of each interface, and the one that judges both."""
        each = [
            {"kind": "interface", "name": f"line-{at}", "interface": line.here}
            for at, line in zip(_LINES, self.lines, strict=True)
        ]
        members = [one["name"] for one in each]
        return [*each, {"kind": self.KIND, "name": self.check, "members": members}]

    @property
    def lines(self) -> tuple[Line, ...]:
        """Both; a network of the stage has no other addresses of this kind (RFC 3927)."""
        number = self.site.number
        return tuple(
            Line(f"line{at}", f"line{number}-{at}", f"{net}.2/30", f"{net}.1/30")
            for at, net in ((at, f"169.254.{len(_LINES) * number + at}") for at in _LINES)
        )

    def start(self, machine: Machine) -> None:
        """Lay both, where those of an earlier machine may still be. Raises StageError."""
        router = self.site.lan.router
        for line in self.lines:
            with contextlib.suppress(StageError):
                router.ip(f"link del {line.there}")
            machine.ip(
                f"link add name {line.here} type veth peer name {line.there}"
                f" netns {router.namespace}",
                f"addr add {line.near} dev {line.here}",
                f"link set {line.here} up",
            )
            router.ip(f"addr add {line.far} dev {line.there}", f"link set {line.there} up")
