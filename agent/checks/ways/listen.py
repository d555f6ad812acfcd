"""Listens for boxes that connect over TCP: timers, decoders and scoreboards that dial.

A box is silent between heats, and nothing ends its connection for that. One that comes back after
a power cut leaves its old connection behind: of one address the newest four stay.
"""

import contextlib
import socket
from typing import Annotated, Final

import msgspec

from agent.checks import about
from agent.checks.net.draining import drain, put
from agent.checks.net.peers import Peers, peers_at, plain
from agent.checks.net.url import own_endpoint
from agent.checks.reading.times import Deadline, Now
from agent.checks.reading.words import short
from agent.checks.results_feed.header import Reason
from agent.checks.ways import Heard, Piece, Terms
from venuewatch.base.config import in_words

PLACES: Final = 16
PER_PEER: Final = 4
MAX_BYTES: Final = 256 * 1024
"""What one hearing takes, of all together; each connection has an equal part."""

_ACCEPTED_MAX: Final = 256  # a hearing
_WAITING_MAX: Final = 64  # in the kernel, between two hearings


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Listens at one IP address and TCP port. Of 16 connections, one address may have 4."""

    address: Annotated[str, about("IP address and TCP port to listen at", "0.0.0.0:53135")]
    peers: Annotated[
        tuple[str, ...],
        about(
            "addresses and networks that may connect; must be given to listen beyond this machine",
            ["10.1.0.0/24"],
            max_length=64,
        ),
    ] = ()

    def __post_init__(self) -> None:
        address, _ = own_endpoint(self.address)
        peers_at(address, self.peers)


def open_way(settings: Settings, terms: Terms) -> "Listen":  # noqa: ARG001 - none of them
    """Return the way; it listens from now on, if it can."""
    address, port = own_endpoint(settings.address)
    return Listen(address, port, peers_at(address, settings.peers))


class _Box:
    """One connection."""

    def __init__(self, sock: socket.socket, whose: str, source: str) -> None:
        self.sock, self.whose, self.source = sock, whose, source


class Listen:
    """Listens at an address and port for the connections of ``peers``."""

    def __init__(self, address: str, port: int, peers: Peers) -> None:
        self._where = (address, port)
        self._peers = peers
        self._listener: socket.socket | None = None
        self._boxes: dict[str, _Box] = {}  # the oldest first
        self._numbers = 0
        self._listen()

    def hear(self, _now: Now, deadline: Deadline) -> Heard:
        """Return what has come of all connections, those that wait at the door among them."""
        trouble = self._listen()
        if self._listener is None:
            return Heard(trouble=trouble, is_unreadable=True)
        before = self._drain(list(self._boxes.values()))
        door = self._accept(self._listener, deadline)
        new = self._drain([self._boxes[source] for source in door.begun])
        return door._replace(
            pieces=(*before.pieces, *new.pieces),
            ended=(*before.ended, *door.ended, *new.ended),
            unread=before.unread or new.unread,
        )

    def say(self, content: bytes, source: str = "") -> str:
        """Send to one connection, or to all."""
        boxes = [box for box in self._boxes.values() if source in ("", box.source)]
        if not boxes:
            return "nobody is connected" if not source else "it has hung up"
        return next(filter(None, [put(box.sock, content) for box in boxes]), "")

    def close(self) -> None:
        """Hang up on all, and stop listening."""
        for source in list(self._boxes):
            self._end(source)
        if self._listener is not None:
            self._listener.close()
            self._listener = None

    @property
    def port(self) -> int:
        """The port that it listens at; 0 while it does not."""
        return 0 if self._listener is None else int(self._listener.getsockname()[1])

    def _listen(self) -> str:
        """Listen if nothing does yet; return what keeps it from that, "" if nothing."""
        if self._listener is not None:
            return ""
        address, port = self._where
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        try:
            self._listener = socket.create_server(self._where, family=family, backlog=_WAITING_MAX)
        except OSError as error:
            return short(f"{address}, port {port}: {in_words(error)}")
        self._listener.settimeout(0)
        return ""

    def _accept(self, listener: socket.socket, deadline: Deadline) -> Heard:
        """Return which connections began and ended, and who was refused."""
        begun: list[str] = []
        ended: list[str] = []
        refused, refusals, trouble = "", 0, ""
        for _ in range(_ACCEPTED_MAX):
            if deadline.is_over():
                break
            try:
                sock, (address, *_) = listener.accept()
            except BlockingIOError:
                break
            except ConnectionError:  # it has hung up meanwhile
                continue
            except OSError as error:  # no descriptor is left, say
                trouble = short(f"nobody can be let in: {in_words(error)}")
                break
            if not self._peers.allow(address):
                sock.close()
                refused, refusals = f"{short(address, 60)} is not among `peers`", refusals + 1
                continue
            sock.settimeout(0)
            self._numbers += 1
            box = _Box(sock, str(plain(address)), f"{address} {self._numbers}")
            self._boxes[box.source] = box
            begun.append(box.source)
            ended += self._make_room(box.whose)
        here = tuple(source for source in begun if source in self._boxes)
        told: dict[Reason, int] = {"peer": refusals} if refusals else {}
        return Heard((), trouble, refused, begun=here, ended=tuple(ended), refusals=told)

    def _make_room(self, whose: str) -> list[str]:
        """End the oldest connection of a peer that has too many, or of the one with most."""
        owners = [box.whose for box in self._boxes.values()]
        if owners.count(whose) <= PER_PEER:
            if len(owners) <= PLACES:
                return []
            whose = max(owners, key=owners.count)
        oldest = next(source for source, box in self._boxes.items() if box.whose == whose)
        self._end(oldest)
        return [oldest]

    def _drain(self, boxes: list[_Box]) -> Heard:
        pieces: list[Piece] = []
        ended: list[str] = []
        has_more = False
        for box in boxes:
            drained = drain(box.sock, MAX_BYTES // len(boxes))
            pieces += (Piece(each, source=box.source) for each in drained.contents)
            has_more = has_more or drained.has_more
            if drained.ended:
                self._end(box.source)
                ended.append(box.source)
        return Heard(tuple(pieces), ended=ended, unread=int(has_more))

    def _end(self, source: str) -> None:
        box = self._boxes.pop(source)
        with contextlib.suppress(OSError):
            box.sock.close()
