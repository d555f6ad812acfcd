"""The contract of a fault, and how faults are found: one a file, named by the file.

A module ``faults/lost_cable.py`` has a class ``LostCable``, a :class:`Fault` whose fields are its
configuration (seconds, counts). A fault changes packets, processes and clocks only. It tells the
world's truth what it broke, and knows nothing of how that is to be noticed. ``_…`` are no faults.
"""

import importlib
import pkgutil
import random
from typing import ClassVar

import msgspec

from aggregator.core.detector import AWAY_LIMIT_S
from venuewatch.rehearsal.world.layout import Layout, any_layout
from venuewatch.rehearsal.world.world import World

NONE = "none"
"""The cause of what must accuse nobody."""


class Fault(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that goes wrong in a world, and is mended after ``lasts_s``.

    ``EXPECTED``: the cause that an honest operator would want for each subject that the truth
    names, as honest ones joined by ``|``, or ``none``. ``MAY_RECUR``: whether more than one
    incident about a subject is right. ``CONVERGES_WITHIN_S``: by when (s after it is mended) the
    world must be at peace. ``AWAY_LIMIT_S``: how long a host may stay away after a farewell.
    """

    EXPECTED: ClassVar[str]
    MAY_RECUR: ClassVar[bool] = False
    CONVERGES_WITHIN_S: ClassVar[float] = 120.0
    AWAY_LIMIT_S: ClassVar[float] = AWAY_LIMIT_S

    lasts_s: float = 30.0

    def layout(self, rng: random.Random) -> Layout:
        """Return a fleet that this can happen to."""
        return any_layout(rng)

    def inject(self, world: World, rng: random.Random) -> None:
        """Break something, and tell the truth about it."""
        raise NotImplementedError

    def heal(self, world: World) -> None:
        """Mend it; by default every host that the truth names."""
        for subject in world.truth.broken:
            if subject.host:
                world.host(subject).mend()


def names() -> tuple[str, ...]:
    """Return the faults there are, by name, without importing any."""
    found = (module.name for module in pkgutil.iter_modules(__path__))
    return tuple(sorted(name for name in found if not name.startswith("_")))


def load(name: str) -> type[Fault]:
    """Import one fault.

    Raises:
        ValueError: there is no such fault.
    """
    if name not in names():
        raise ValueError(f"Expected one of {', '.join(names())}, got {name!r}")
    module = importlib.import_module(f"{__name__}.{name}")
    kind: type[Fault] = getattr(module, name.title().replace("_", ""))
    return kind
