"""Listens for the datagrams of a box or a program; each is one whole piece.

Datagrams wait in the kernel until the next reading; what it has no room for is lost there. UDP
tells an address that anybody on the way could have written: `peers` keep errors out, no attack.
"""

import socket
from typing import Annotated, Final

import msgspec

from agent.checks import about
from agent.checks.net.peers import Peers, peers_at
from agent.checks.net.url import own_endpoint
from agent.checks.reading.times import Deadline, Now
from agent.checks.reading.words import short
from agent.checks.results_feed.header import Reason
from agent.checks.ways import Heard, Piece, Terms
from venuewatch.base.config import in_words

MAX_DATAGRAMS: Final = 4_000  # a hearing, those of others among them
MAX_BYTES: Final = 1024 * 1024  # a hearing
_MAX_DATAGRAM: Final = 65_535
_ROOM_BYTES: Final = 1024 * 1024  # asked of the kernel, which may give less
_ANSWERED_MAX: Final = 16  # senders that are remembered, to send to


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Listens for datagrams at one IP address and port, the first field of `udp`."""

    address: Annotated[str, about("IP address and UDP port to listen at", "127.0.0.1:5100")]
    peers: Annotated[
        tuple[str, ...],
        about(
            "addresses and networks that may send; must be given to listen beyond this machine",
            ["10.1.0.0/24"],
            max_length=64,
        ),
    ] = ()

    def __post_init__(self) -> None:
        address, _ = own_endpoint(self.address)
        peers_at(address, self.peers)


def open_way(settings: Settings, terms: Terms) -> "Udp":
    """Return the way; it listens from now on, if it can."""
    address, port = own_endpoint(settings.address)
    return Udp(address, port, peers_at(address, settings.peers), terms.max_bytes)


class Udp:
    """Listens at an IP address and port for the datagrams of ``peers``."""

    def __init__(self, address: str, port: int, peers: Peers, max_bytes: int) -> None:
        self._where = (address, port)
        self._peers = peers
        self._max_bytes = max_bytes
        self._sock: socket.socket | None = None
        self._senders: dict[str, tuple[str, int]] = {}
        self._listen()

    def hear(self, _now: Now, deadline: Deadline) -> Heard:
        """Return the datagrams that wait; it never waits itself."""
        trouble = self._listen()
        if self._sock is None:
            return Heard(trouble=trouble, is_unreadable=True)
        pieces: list[Piece] = []
        refused, refusals, oversized, taken_bytes, is_over = "", 0, 0, 0, False
        for _ in range(MAX_DATAGRAMS):
            if taken_bytes > MAX_BYTES or deadline.is_over():
                break
            try:
                content, sender = self._sock.recvfrom(_MAX_DATAGRAM)
            except BlockingIOError:
                is_over = True
                break
            except OSError:  # what was sent earlier was refused there, or one was too long
                continue
            if not self._peers.allow(sender[0]):
                refused, refusals = f"{short(sender[0], 60)} is not among `peers`", refusals + 1
                continue
            taken_bytes += len(content)
            source = self._noted(sender)
            if len(content) > self._max_bytes:
                oversized += 1
            else:
                pieces.append(Piece(content, is_whole=True, source=source))
        unread = 0 if is_over else int(self._has_more(self._sock))
        told: dict[Reason, int] = {"peer": refusals} if refusals else {}
        return Heard(
            tuple(pieces), refused=refused, refusals=told, oversized=oversized, unread=unread
        )

    def say(self, content: bytes, source: str = "") -> str:
        """Send one datagram to a sender, or to all of the last ones."""
        if self._sock is None:
            return "it does not listen"
        targets = [source] if source else list(self._senders)
        for target in targets:
            if target not in self._senders:
                return f"nothing was heard of {short(target, 80)} lately"
            try:
                self._sock.sendto(content, self._senders[target])
            except OSError as error:
                return short(f"{target}: {in_words(error)}")
        return "" if targets else "nobody to send to has been heard yet"

    def close(self) -> None:
        """Stop listening."""
        if self._sock is not None:
            self._sock.close()
            self._sock = None

    @property
    def port(self) -> int:
        """The port that it listens at; 0 while it does not."""
        return 0 if self._sock is None else int(self._sock.getsockname()[1])

    def _listen(self) -> str:
        """Listen if nothing does yet; return what keeps it from that, "" if nothing."""
        if self._sock is not None:
            return ""
        address, port = self._where
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        sock = socket.socket(family, socket.SOCK_DGRAM)
        try:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _ROOM_BYTES)
            sock.bind(self._where)
            sock.settimeout(0)
        except OSError as error:
            sock.close()
            return short(f"{address}, port {port}: {in_words(error)}")
        self._sock = sock
        return ""

    def _noted(self, sender: tuple[str, int]) -> str:
        """Return the name of a sender, and remember it as the newest."""
        source = f"{sender[0]}:{sender[1]}"
        self._senders.pop(source, None)
        self._senders[source] = sender
        if len(self._senders) > _ANSWERED_MAX:
            del self._senders[next(iter(self._senders))]
        return source

    def _has_more(self, sock: socket.socket) -> bool:
        """Return whether another datagram waits, left where it is."""
        try:
            return bool(sock.recvfrom(1, socket.MSG_PEEK))
        except BlockingIOError:
            return False
        except OSError:  # on Windows: it is longer than what was looked at
            return True
