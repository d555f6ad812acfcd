"""Connects to a TCP port, and compares its answer."""

import socket
from typing import Annotated

from agent.checks import CheckConfig, Reading, about
from agent.checks.net.connect import connect
from agent.checks.reading.asking import AskingCheck, CheckFailedError
from agent.checks.reading.escapes import refuse_escaped
from agent.checks.reading.times import Deadline
from agent.checks.reading.words import short
from venuewatch.base import clock
from venuewatch.base.config import Port
from venuewatch.base.wire.checks import CheckValues

_MAX_HEARD = 65_536  # bytes in which what is expected must come


class Config(CheckConfig, frozen=True, tag="tcp"):
    """Connects, sends and expects the configured text, and hangs up."""

    address: Annotated[str, about("host name or IP", "10.1.0.1")]
    port: Annotated[Port, about("TCP port", 443)]
    send: Annotated[str, about("text to send once connected, empty for none", "HELO\n")] = ""
    expect: Annotated[
        str,
        about("text that must come back within 64 KiB, empty for none", "SSH-2.0", max_length=1024),
    ] = ""

    def __post_init__(self) -> None:
        refuse_escaped("send", (self.send,))


class Check(AskingCheck[Config]):
    """A connection with the expected answer is ``ok``; any other, or none, is ``critical``."""

    def _ask(self, deadline: Deadline) -> Reading:
        begin = clock.monotonic()
        with connect(self._config.address, self._config.port, deadline) as sock:
            elapsed_s = clock.monotonic() - begin
            self._talk(sock, deadline)
        return Reading("ok", values=CheckValues(check_round_trip_avg_seconds=elapsed_s))

    def _talk(self, sock: socket.socket, deadline: Deadline) -> None:
        """Send and expect; raises when what is expected doesn't come."""
        if self._config.send:
            sock.settimeout(deadline.left_s())
            sock.sendall(self._config.send.encode())
        expected = self._config.expect.encode()
        heard = b""
        while expected not in heard:
            sock.settimeout(deadline.left_s())
            more = sock.recv(4096)
            heard += more
            if not more or len(heard) > _MAX_HEARD:
                said = short(repr(heard.decode(errors="replace")), 40)
                raise CheckFailedError(f"expected {self._config.expect!r}, got {said}")
