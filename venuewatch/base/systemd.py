"""Notices to systemd: ready, alive, stopping; only where systemd asks for them (sd_notify(3))."""

import contextlib
import os
import socket
import weakref
from collections.abc import Mapping
from typing import Final

READY_WITHIN_S: Final = 10.0
"""How long (s) the end of start-up may wait to be told: without it the service never starts."""

CONNECTED = "connected to "
HEARS = ", hears the centre"
"""An agent's status begins so while it is connected, and ends so once a tick came."""


class Systemd:
    """Speaks to the service manager; without one every call does nothing.

    Attributes:
        watchdog_every_s: the interval (s) of ``alive``, None without a watchdog.
    """

    def __init__(self, environment: Mapping[str, str] = os.environ) -> None:
        address = environment.get("NOTIFY_SOCKET", "")
        self._address = "\0" + address[1:] if address.startswith("@") else address
        self._socket: socket.socket | None = None
        if self._address:  # now: later there may be no descriptor left for it
            with contextlib.suppress(OSError):
                self._socket = self._datagrams()
        self.watchdog_every_s: float | None = None
        limit_us = environment.get("WATCHDOG_USEC", "")
        watched = environment.get("WATCHDOG_PID", "")
        if self._address and limit_us.isdigit() and watched in {"", str(os.getpid())}:
            self.watchdog_every_s = int(limit_us) / 1_000_000 / 2  # as the manual page advises

    def ready(self, status: str) -> None:
        """Report the end of start-up, with a status (one line)."""
        self._say(f"READY=1\nSTATUS={status}", READY_WITHIN_S)

    def status(self, status: str) -> None:
        """Report a status (one line)."""
        self._say(f"STATUS={status}")

    def alive(self) -> None:
        """Report that the loop still turns."""
        self._say("WATCHDOG=1")

    def stopping(self) -> None:
        """Report the end."""
        self._say("STOPPING=1")

    def _say(self, text: str, within_s: float = 0.0) -> None:
        """Send it, if the manager takes it within that time: its queue may be full."""
        if not self._address:
            return
        with contextlib.suppress(OSError):
            if self._socket is None:
                self._socket = self._datagrams()
            self._socket.settimeout(within_s)
            self._socket.sendto(text.encode(), self._address)

    def _datagrams(self) -> socket.socket:
        made = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        weakref.finalize(self, made.close)
        return made
