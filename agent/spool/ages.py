"""Stamps readings that are kept with the machine's own clock, and tells their age when they go.

The wall clock of a machine may be set while readings wait: from 1970 to now, in one step. So each
one is kept with the time since the machine began, sleep included, and goes with its age. Where the
machine has begun anew in between, that says nothing: the reading goes marked as such. No I/O.
"""

import re
from collections.abc import Callable
from typing import Final

_KEPT: Final = re.compile(rb',"kept":\[(\d+),"([^"]*)"\]\}$')


class Ages:
    """``machine`` names the run of this machine; ``since_boot`` returns the time (s) since then."""

    def __init__(self, machine: str, since_boot: Callable[[], float]) -> None:
        self._machine = machine
        self._since_boot = since_boot

    def begin_boot(self, boot: str) -> None:
        """Count from another start: the machine was put back, and ages from before mean nothing."""
        self._machine = f"{self._machine.partition('/')[0]}/{boot}"

    def stamped(self, payload: bytes, taken_at: float | None) -> bytes:
        """Return a message, a JSON object, with when (s since the machine began) it was taken."""
        if taken_at is None:
            return payload
        kept = f',"kept":[{round(taken_at * 1000)},"{self._machine}"]}}'
        return payload[:-1] + kept.encode()

    def aged(self, payload: bytes) -> bytes:
        """Return it with its age instead; one without a stamp is of an older agent, and goes so."""
        kept = _KEPT.search(payload)
        if kept is None:
            return payload
        age_ms = round(self._since_boot() * 1000) - int(kept[1])
        is_known = kept[2].decode() == self._machine and age_ms >= 0
        said = f',"age_ms":{age_ms}}}' if is_known else ',"restarted":true}'
        return payload[: kept.start()] + said.encode()
