"""Asks the HTTP proxy for a tunnel to the first broker, and hangs up: that is no session."""

from collections.abc import Mapping
from typing import Final, NamedTuple

from agent.mqtt.connecting import proxy_of, reach
from agent.mqtt.proxy import ProxyError
from venuewatch.base.config import ConfigError, in_words
from venuewatch.doctor.findings import Finding, well, wrong
from venuewatch.doctor.site import Site

PLACES = frozenset({"host"})
NEEDS = ("port", "modes")

_LET_THROUGH: Final = "Have those who run the proxy let CONNECT to {broker} through"
_NOT_REACHED: Final = "Correct [broker] address and port, or have the proxy reach {broker}"
_TODO: Final[Mapping[int, str]] = {
    403: _LET_THROUGH,
    405: _LET_THROUGH,
    407: "Correct [broker] proxy_username and the first line of proxy_password_file",
    502: _NOT_REACHED,
    503: _NOT_REACHED,
    504: _NOT_REACHED,
}
"""The next step, by the number that the proxy answers (RFC 9110, 15)."""


class Asked(NamedTuple):
    """The proxy that was asked, "" where none is configured, and why there is no tunnel.

    ``status``: the number that it answered, None where it did not.
    """

    proxy: str = ""
    broker: str = ""
    error: str = ""
    status: int | None = None


def look(site: Site) -> Asked:
    """Ask for a tunnel."""
    where = site.broker
    if where.proxy is None:
        return Asked()
    place = where.places[0]
    asked = Asked(where.proxy, str(place))
    try:
        reach(place, proxy_of(where)).close()
    except ProxyError as error:
        return asked._replace(error=str(error), status=error.status)
    except (ConfigError, ValueError) as error:
        return asked._replace(error=in_words(error))
    return asked


def judge(facts: Asked) -> list[Finding]:
    """Find a proxy that opens no tunnel."""
    if not facts.proxy:
        return [well("none is configured")]
    if not facts.error:
        return [well(f"{facts.proxy} opens a tunnel to {facts.broker}")]
    todo = _TODO.get(facts.status or 0, "Correct [broker] proxy, or ask those who run it")
    return [wrong(facts.error, todo.format(broker=facts.broker))]
