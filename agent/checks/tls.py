"""Connects with TLS, and judges trust and expiry of the certificate."""

from typing import Annotated

from agent.checks import Reading, about
from agent.checks.net import tls
from agent.checks.reading.asking import AskingCheck
from agent.checks.reading.limits import LimitedConfig, together
from agent.checks.reading.times import Deadline
from venuewatch.base import clock
from venuewatch.base.config import Port
from venuewatch.base.wire.checks import CheckValues


class Config(LimitedConfig, frozen=True, tag="tls"):
    """Shakes hands, looks at the certificate, and hangs up."""

    address: Annotated[str, about("host name or IP", "10.1.0.1", min_length=1)]
    port: Annotated[Port, about("TCP port", 8883)] = 443
    server_name: Annotated[
        str, about("name that the certificate must have; empty for the address", "results.example")
    ] = ""
    ca_file: tls.CaFile = None
    verify: tls.Verify = True
    warning_days: Annotated[tls.Days, about("warning when it is valid for fewer days", 30.0)] = 14.0
    critical_days: Annotated[tls.Days, about("critical when it is valid for fewer days", 7.0)] = 3.0


class Check(AskingCheck[Config]):
    """A trusted certificate with time left is ``ok``; an untrusted one is ``critical``."""

    def _ask(self, deadline: Deadline) -> Reading:
        """Shake hands once; twice where the certificate is not trusted, to see when it expires."""
        config = self._config
        trust = tls.Trust(config.ca_file, config.verify)
        name = config.server_name or config.address
        begin = clock.monotonic()
        with tls.dial(config.address, config.port, name, trust, deadline) as stream:
            elapsed_s = clock.monotonic() - begin
            expires = tls.expires_at(stream)
        values = CheckValues(
            check_round_trip_avg_seconds=elapsed_s,
            check_certificate_expiry_timestamp_seconds=expires,
        )
        days = config.limits("days")
        return together([tls.judge_expiry(expires, clock.wall(), days)], values)
