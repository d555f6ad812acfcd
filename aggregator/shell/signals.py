"""Signals that end a process of the centre, or have it read its configuration again."""

import asyncio
import contextlib
import signal


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
