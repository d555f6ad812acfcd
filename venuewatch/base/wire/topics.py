"""Topic names of venuewatch, composed and taken apart.

``venuewatch/v1/{venue}/{host}/{stream}`` goes upward. Messages of the centre to all of its agents
are under the reserved venue ``_centre``. Names are ``[A-Za-z0-9._-]{1,64}`` and never start with an
underscore, so no host or venue can be called ``_centre``.
"""

import re
from enum import StrEnum
from typing import Final, NamedTuple

from venuewatch.base.wire.bounds import NAME
from venuewatch.base.wire.errors import MalformedMessageError, Reason

ROOT = "venuewatch/v1"
TICK = f"{ROOT}/_centre/tick"
"""The tick of one aggregator, for agents that do not know ``TICKS`` yet."""

TICKS = f"{ROOT}/_centre/+/tick"
"""Below it each aggregator has its own tick."""

CENTRE_STATES = f"{ROOT}/_centre/+/state"
FOR_AGENTS = (TICK, TICKS, CENTRE_STATES)
"""Patterns of all that every agent subscribes to."""

BRIDGES = f"{ROOT}/_bridge/"
"""Below it each venue's bridge says, retained, whether it is connected: ``1`` or ``0``."""

BROKER_DROPPED = "$SYS/broker/publish/messages/dropped"
EVERYTHING_UPWARD = f"{ROOT}/+/+/#"

CENTRE_OPENS = f"{ROOT}/_centre/+/open"
"""On it each aggregator says which of its incidents are open."""

_NAME = re.compile(NAME)


class Stream(StrEnum):
    """The streams of one host."""

    BIRTH = "birth"
    BEAT = "beat"
    CATALOGUE = "catalogue"
    VITALS = "vitals"
    CHECKS = "checks"
    DEATH = "death"
    BACKLOG = "backlog"
    PROBED = "probed"
    CMD = "cmd"


LIVE: Final = (Stream.BEAT, Stream.BIRTH, Stream.DEATH, Stream.PROBED)
"""What shows life and its end: small, and never behind anything that is not."""

BULK: Final = (Stream.VITALS, Stream.CATALOGUE, Stream.CHECKS, Stream.BACKLOG)
"""What was measured: it may be large, and shows no life."""

_STREAMS = {stream.value: stream for stream in Stream}


class Address(NamedTuple):
    """The sender or the receiver of a message."""

    venue: str
    host: str
    stream: Stream


def is_name(text: str) -> bool:
    """Tell whether ``text`` can be the name of a venue, host or aggregator."""
    return _NAME.fullmatch(text) is not None


def topic(venue: str, host: str, stream: Stream) -> str:
    """Return the topic of one host's stream.

    Raises:
        ValueError: ``venue`` or ``host`` is not a name; that is our bug or configuration.
    """
    return f"{ROOT}/{_checked(venue)}/{_checked(host)}/{stream}"


def centre_state(aggregator: str) -> str:
    """Return the topic on which one aggregator says whether it is there."""
    return f"{ROOT}/_centre/{_checked(aggregator)}/state"


def centre_tick(aggregator: str) -> str:
    """Return the topic of one aggregator's own tick."""
    return f"{ROOT}/_centre/{_checked(aggregator)}/tick"


def centre_bulk(aggregator: str) -> str:
    """Return the topic of what one aggregator sends to its own bulk connection, as a canary."""
    return f"{ROOT}/_centre/{_checked(aggregator)}/bulk"


def upward(stream: Stream) -> str:
    """Return the subscription to one stream of every host."""
    return f"{ROOT}/+/+/{stream}"


def centre_open(aggregator: str) -> str:
    """Return the topic on which one aggregator says which of its incidents are open."""
    return f"{ROOT}/_centre/{_checked(aggregator)}/open"


def aggregator_of(topic: str, last: str) -> str | None:
    """Return whose ``last`` (``state``, ``tick``, ``open``) a topic is; None if it is nobody's."""
    name = topic.removeprefix(f"{ROOT}/_centre/").removesuffix(f"/{last}")
    return name if is_name(name) and topic == f"{ROOT}/_centre/{name}/{last}" else None


def venue_status(venue: str) -> str:
    """Return the topic on which the centre says how a venue stands."""
    return f"{ROOT}/_status/{_checked(venue)}"


def _checked(name: str) -> str:
    if not is_name(name):
        raise ValueError(f"not a name: {name!r}")
    return name


def matches(pattern: str, topic: str) -> bool:
    """Tell whether a subscription takes a topic (MQTT 5, 4.7): ``+`` is a level, ``#`` the rest."""
    levels, names = pattern.split("/"), topic.split("/")
    if names[0].startswith("$") and levels[0] in {"+", "#"}:
        return False
    for at, level in enumerate(levels):
        if level == "#":
            return True
        if at == len(names) or level not in {"+", names[at]}:
            return False
    return len(levels) == len(names)


def live_client(name: str) -> str:
    """Return the client id, and the user, of the live connection of the aggregator ``name``."""
    return f"_centre-{name}"


def bulk_client(name: str) -> str:
    """Return those of its bulk connection."""
    return f"_bulk-{name}"


def is_reserved(topic: str) -> bool:
    """Tell whether ``topic`` is under a reserved name, such as another aggregator's state."""
    return topic.startswith(f"{ROOT}/_")


def parse(topic: str) -> Address:
    """Take an upward topic apart.

    Raises:
        MalformedMessageError: not one of ours, or a stream that this version does not know.
    """
    parts = topic.split("/")
    if len(parts) != 5 or f"{parts[0]}/{parts[1]}" != ROOT:  # noqa: PLR2004 - counted in ROOT's line
        raise MalformedMessageError(Reason.BAD_TOPIC, f"expected {ROOT}/venue/host/stream")
    _, _, venue, host, stream = parts
    if not (is_name(venue) and is_name(host)):
        raise MalformedMessageError(
            Reason.BAD_TOPIC, "expected names of 1 to 64 letters, digits, '.', '_' or '-'"
        )
    known = _STREAMS.get(stream)
    if known is None:
        raise MalformedMessageError(Reason.UNKNOWN_STREAM, f"expected one of {', '.join(_STREAMS)}")
    return Address(venue, host, known)
