"""Words for why a broker lets no session begin: what is wrong, and what to do.

The same reason comes from the broker's answer in a trial (``NOT_AUTHORIZED``), or in what a running
agent says of its last attempt (``the broker refused the session: Not authorized``).
"""

from collections.abc import Iterable
from typing import Final, Literal, NamedTuple, TypeAlias

from venuewatch.doctor.site import Running
from venuewatch.doctor.trial import Trial

Kind: TypeAlias = Literal["credentials", "limits"]


class Reason(NamedTuple):
    """One reason: the check that tells it, what is wrong, and what to do."""

    kind: Kind
    text: str
    todo: str


_RENEW: Final = "Copy the host's certificate and key from the centre anew: venuewatch venue renew"
_NOT_READY: Final = "the aggregator is not subscribed, or began moments ago"
_PORT: Final = "Correct [broker] address and port"
_WAIT: Final = "Ask again in a minute; if it stays so, look at the broker's log"
_TABLE: Final[tuple[tuple[str, Reason], ...]] = (
    (
        "bad user name or password",
        Reason(
            "credentials",
            "the broker does not take this user and password",
            "Correct [broker] username and the first line of password_file",
        ),
    ),
    (
        "not authorized",
        Reason(
            "credentials",
            "the broker does not know this user, or its password is another",
            "Correct username and password_file, or have the host added: venuewatch venue add",
        ),
    ),
    (
        "client id not valid",
        Reason(
            "credentials",
            "the broker does not take this client id",
            "Give `host` in agent.toml the name that the certificate or user has",
        ),
    ),
    (
        "session taken over",
        Reason(
            "credentials",
            "another program has this host's name at the broker",
            "If an agent has just started, ask again; else look for a second machine of this name",
        ),
    ),
    (
        "banned",
        Reason("credentials", "the broker has banned this host", "Ask the centre why"),
    ),
    (
        "certificate revoked",
        Reason(
            "credentials",
            "this host's certificate is revoked",
            "Ask the centre why: venuewatch venue renew lets a host in again that it names",
        ),
    ),
    (
        "certificate expired",
        Reason(
            "credentials",
            "the broker takes this host's certificate for expired",
            "Compare the broker's clock with this one's, and renew its CRL: venuewatch venue renew",
        ),
    ),
    (
        "certificate required",
        Reason(
            "credentials",
            "the broker wants a certificate",
            "Set [broker] cert_file and key_file",
        ),
    ),
    (
        "unknown ca",
        Reason("credentials", "the broker does not trust the authority of our certificate", _RENEW),
    ),
    (
        "bad certificate",
        Reason("credentials", "the broker does not take this host's certificate", _RENEW),
    ),
    (
        "a web server answered",
        Reason(
            "credentials",
            "a web server answers in the broker's place",
            f"{_PORT}, or sign in to the network, as a person at a browser does",
        ),
    ),
    (
        "no mqtt",
        Reason("credentials", "another program answers in the broker's place", _PORT),
    ),
    (
        "did not answer",
        Reason("credentials", "a program that says nothing is in the broker's place", _PORT),
    ),
    (
        "not connected yet",
        Reason("credentials", "the agent has only just started", "Ask again in a few seconds"),
    ),
    (
        _NOT_READY,
        Reason(
            "credentials",
            _NOT_READY,
            "Ask again in a minute; then read why: journalctl -u venuewatch-aggregator -n 20",
        ),
    ),
    (
        "has our name",
        Reason(
            "credentials",
            "another agent has this host's name, and ours makes way for it",
            "Look for a second machine of this name, and stop its agent",
        ),
    ),
    (
        "permission denied",
        Reason(
            "credentials",
            "the agent may not read a file that agent.toml names",
            "Run venuewatch doctor as root: it names the file",
        ),
    ),
    (
        "quota exceeded",
        Reason(
            "limits",
            "the broker has no room for another connection",
            "Raise max_connections in the centre's mosquitto.conf",
        ),
    ),
    (
        "server busy",
        Reason("limits", "the broker is too busy for another connection", "Look at the broker"),
    ),
    (
        "server unavailable",
        Reason("limits", "the broker takes no connections just now", "Look at the broker's log"),
    ),
    (
        "connection rate exceeded",
        Reason(
            "limits",
            "the broker lets no more connections in for now",
            "Wait a minute; then look for a second program with this host's name",
        ),
    ),
    (
        "retain not supported",
        Reason(
            "limits",
            "the broker retains nothing, so births and ends are lost",
            "Set retain_available in the centre's mosquitto.conf to true",
        ),
    ),
    (
        "quality not supported",
        Reason(
            "limits",
            "the broker acknowledges no message",
            "Set max_qos in the centre's mosquitto.conf to 1 or 2",
        ),
    ),
    (
        "packet too large",
        Reason(
            "limits",
            "the broker takes no packets as large as ours",
            "Raise max_packet_size in the centre's mosquitto.conf",
        ),
    ),
)


def reason_of(error: str) -> Reason:
    """Return what an error says, in words with a next step; any other is of the credentials."""
    plain = error.replace("_", " ").lower()
    found = next((reason for words, reason in _TABLE if words in plain), None)
    if found is not None:
        return found
    return Reason("credentials", f"no session with the broker: {error}", _WAIT)


def is_about_us(error: str) -> bool:
    """Tell whether a handshake failed for our own certificate: a session would say why."""
    plain = error.replace("_", " ").lower()
    return "alert" in plain and "certificate" in reason_of(error).text


def error_of(running: Running, trial: Trial | None) -> str | None:
    """Return why there is no session, "" where there is one, None where nothing is known."""
    status = running.status
    if status is not None:
        return "" if status.is_connected else status.trouble or "it is not connected"
    if running.is_ready is not None:
        return "" if running.is_ready else _NOT_READY
    return None if trial is None else trial.error


def about_packets(refused: Iterable[str]) -> list[str]:
    """Return those of the lines about what was refused that are about the size of packets."""
    return [line for line in refused if "packets of" in line]
