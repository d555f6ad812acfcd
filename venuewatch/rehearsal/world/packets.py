"""Lists the MQTT packets that travel on a connection, as far as they matter here."""

from typing import NamedTuple


class Connect(NamedTuple):
    """Ask for a session. ``will`` is a topic and a payload; both are published retained."""

    client: str
    keepalive_s: float
    will: tuple[str, bytes]
    is_persistent: bool = False


class Connack(NamedTuple):
    """The session is there; ``is_present`` if it was before."""

    is_present: bool = False


class Subscribe(NamedTuple):
    """Ask for what is published on these topics; ``+`` and a last ``#`` as in MQTT."""

    patterns: tuple[str, ...]


class Suback(NamedTuple):
    """Everything published from now on comes."""


class Publish(NamedTuple):
    """A message. ``number`` is there at QoS 1 only, and is to be acknowledged.

    ``retain``, as the core asks for it: whether the broker is to keep it, or had kept it.
    """

    topic: str
    payload: bytes
    number: int | None = None
    retain: bool = False


class Puback(NamedTuple):
    """The message of that number is taken care of."""

    number: int


class Ping(NamedTuple):
    """Are you there?"""


class Pong(NamedTuple):
    """Yes."""


class Disconnect(NamedTuple):
    """Goodbye: from a client without a will, from the broker because of a takeover."""


class BareConnect(NamedTuple):
    """A CONNECT without credentials, which any broker answers with a refusal."""


class Refusal(NamedTuple):
    """Not you."""
