"""Door for pushes: its address, and who may push what.

With a key, everybody who has it may push. Without one, a page in a browser may not: it can send to
addresses that only this machine reaches. It can't leave out ``Origin`` where it sends to another
place than its own, and asks no leave for text and forms (Fetch, 2.2.2). So forms need a key, or a
peer from a list that names no loopback address; text needs a key.
"""

import hmac
import ssl
from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple

from agent.checks.net.peers import Peers, plain
from agent.checks.results_feed.bodies import Part, is_form, kind_of
from agent.checks.results_feed.header import FeedError, Reason

_BY_BROWSER = ("Origin", "Sec-Fetch-Site")
_TEXT = "text/plain"


class HttpError(FeedError):
    """A request that gets another status than 200, or a connection that has no request."""

    def __init__(self, status: int, reason: Reason, text: str) -> None:
        super().__init__(text)
        self.status = status
        self.reason = reason


class Door(NamedTuple):
    """The address and the rules for pushes.

    ``key`` None lets in every sender but a page in a browser; ``peers`` None, of every address.
    ``max_bytes`` is the limit of a message, unpacked; ``request_s`` that of the time (s) from the
    first byte of a request to its last, ``idle_s`` before it. The head of each request, with the
    key, has to come within ``head_s``.
    """

    address: str
    port: int
    max_bytes: int
    key_header: str = "x-api-key"
    key: bytes | None = None
    tls: ssl.SSLContext | None = None
    request_s: float = 15.0  # a results server waits about 5 s for its 200
    idle_s: float = 60.0
    head_s: float = 5.0
    peers: Peers | None = None


class Push(NamedTuple):
    """A request that was let in: ``peer`` is its sender's address.

    ``parts`` are its documents. They are on their way still: iterating waits for them, and raises
    FeedError for a body that can't be taken.
    """

    peer: str
    content_type: str
    parts: Iterator[Part]


class Desk(NamedTuple):
    """Where pushes go. Both are called from many threads.

    ``take`` has read all that it keeps when it returns; its FeedError is the answer to the sender.
    ``refuse`` is told of every refusal, also of those by ``take``.
    """

    take: Callable[[Push], object]
    refuse: Callable[[FeedError], None]


def admit(door: Door, head: Mapping[bytes, bytes], peer: str, own: str) -> None:
    """Let a request in; ``peer`` and ``own`` are the addresses of its connection.

    Raises:
        HttpError: its sender may not push, or not this.
    """
    if door.peers is not None and not door.peers.allow(peer):
        raise HttpError(403, "peer", f"Expected another sender than {peer}: see `peers`")
    if door.key is None:
        _admit_without_key(door, head, peer, own)
    elif not hmac.compare_digest(head.get(door.key_header.encode(), b""), door.key):
        raise HttpError(401, "key", f"Expected the key in {door.key_header}")


def _admit_without_key(door: Door, head: Mapping[bytes, bytes], peer: str, own: str) -> None:
    for name in _BY_BROWSER:
        if name.lower().encode() in head:
            raise HttpError(
                403, "browser", f"Expected no {name}, or a key: browsers send it for pages"
            )
    listed = head.get(b"content-type", b"").decode("latin-1").split(",")
    kinds = {kind_of(each) for each in listed}
    if _TEXT in kinds:
        raise HttpError(
            415, "content_type", "Expected another Content-Type, as application/xml, or a key"
        )
    is_elsewhere = door.peers is not None and plain(peer) != plain(own)
    if any(is_form(kind) for kind in kinds) and not is_elsewhere:
        raise HttpError(
            415,
            "content_type",
            "Expected no form, or a key, or a sender elsewhere that `peers` names",
        )
