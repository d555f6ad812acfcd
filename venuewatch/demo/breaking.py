"""Breaks things in the demo, and mends them: by ``--break``, or by a key in its table."""

import asyncio
from collections.abc import Sequence

from aggregator.core.verdicts.causes import Cause
from venuewatch.demo.parts import Broker
from venuewatch.demo.scenes import SCENES
from venuewatch.demo.tethered import Part, PartError

NAMES: Sequence[str] = tuple(SCENES)
KEYS = {str(at): name for at, name in enumerate(NAMES, 1)}
"""The key of each scene; 0 mends all."""

MEND_ALL = "0"


class Breaker:
    """Plays scenes: the broker's here, all others by orders to the ``fleet``.

    Attributes:
        on: the scenes that are on, in the order in which they began.
    """

    def __init__(self, broker: Broker, fleet: Part) -> None:
        self._broker = broker
        self._fleet = fleet
        self.on: dict[str, None] = {}

    async def press(self, key: str) -> list[str]:
        """Do what a key means; return what was done, in words."""
        if key == MEND_ALL:
            return [await self.mend(name) for name in list(self.on)]
        name = KEYS.get(key)
        if name is None:
            return []
        return [await (self.mend(name) if name in self.on else self.begin(name))]

    async def begin(self, name: str) -> str:
        """Break what the scene breaks; return that in words."""
        self.on[name] = None
        if name == Cause.BROKER_DOWN:
            await asyncio.to_thread(self._broker.stop)
        else:
            self._fleet.tell(f"break {name}")
        return f"{name}: the demo {SCENES[name].says}"

    async def mend(self, name: str) -> str:
        """Mend it again; return that in words."""
        if name == Cause.BROKER_DOWN:
            try:
                await asyncio.to_thread(self._broker.start)
            except PartError as error:
                return f"{name}: it stays so: {error}"
        else:
            self._fleet.tell(f"mend {name}")
        del self.on[name]
        return f"{name}: mended"
