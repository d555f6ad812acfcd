"""Probes a machine: an answer, its round trip, and the loss on the way."""

from typing import Annotated

from agent.checks import Reading, SimpleCheck, about
from agent.checks.net.probing import ProbeConfig, read
from agent.checks.reading.times import for_reading


class Config(ProbeConfig, frozen=True, kw_only=True, tag="ping"):
    """Sends ICMP echoes, or connects to ``port`` where they are not allowed or not answered."""

    address: Annotated[str, about("host name or IP", "10.1.0.1", min_length=1)]


class Check(SimpleCheck[Config]):
    """No answer is ``critical``; loss and round trip count where limits are set."""

    def read(self) -> Reading:
        """Probe once, ``count`` times."""
        config = self._config
        return read(config, config.address, for_reading(config.timeout_s))
