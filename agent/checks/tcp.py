"""Whether a TCP port can be connected to."""

import socket
from typing import Annotated

import msgspec

from agent.checks import CheckConfig, Latest, Reading
from venuewatch import clock
from venuewatch.config import Port, in_words
from venuewatch.wire.checks import CheckValues


class Config(CheckConfig, frozen=True, tag="tcp"):
    """Connects, and hangs up at once."""

    address: Annotated[str, msgspec.Meta(description="host name or IP", examples=["10.1.0.1"])]
    port: Annotated[Port, msgspec.Meta(description="TCP port", examples=[443])]


class Check:
    """A connection that is made is ``ok``; anything else is ``critical``."""

    def __init__(self, config: Config, _latest: Latest) -> None:
        self._config = config

    def read(self) -> Reading:
        """Connect once."""
        config = self._config
        begin = clock.monotonic()
        try:
            socket.create_connection((config.address, config.port), config.timeout_s).close()
        except OSError as error:
            return Reading("critical", in_words(error))
        elapsed_s = clock.monotonic() - begin
        return Reading("ok", values=CheckValues(check_round_trip_avg_seconds=elapsed_s))

    def close(self) -> None:
        """Nothing is held."""
