"""Signals to a process of the centre, and from its loop to the service manager's watchdog."""

import asyncio
import contextlib
import signal
from typing import Final

from venuewatch.base.systemd import Systemd

FEED_S: Final = 1.0
"""How often (s) the loop reports at least: one that stands still for less than the watchdog's limit
ends nothing."""


def stop_on_signals(stop: asyncio.Event, hangup: asyncio.Event | None = None) -> list[int]:
    """Set ``stop`` at the first such signal; return the list that will hold its number.

    SIGHUP sets ``hangup`` instead, where there is one.
    """
    received: list[int] = []

    def note(number: int) -> None:
        received.append(number)
        stop.set()

    loop = asyncio.get_running_loop()
    for name in ("SIGINT", "SIGTERM", "SIGHUP"):
        if hasattr(signal, name):
            with contextlib.suppress(NotImplementedError):  # Windows: KeyboardInterrupt instead
                number = int(getattr(signal, name))
                if name == "SIGHUP" and hangup is not None:
                    loop.add_signal_handler(number, hangup.set)
                else:
                    loop.add_signal_handler(number, note, number)
    return received


async def feed_watchdog(systemd: Systemd) -> None:
    """Report that the event loop turns, for as long as it does, where there is a watchdog."""
    while systemd.watchdog_every_s is not None:
        systemd.alive()
        await asyncio.sleep(min(systemd.watchdog_every_s, FEED_S))
