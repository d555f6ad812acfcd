"""Places: who may be connected to a receiver of pushes, and who makes room.

There are ``PLACES``. Of one address at most ``PER_CLIENT`` may be silent: they have not sent a
whole head with a key yet. The oldest of them makes room for its next. Where all places are taken,
the oldest silent connection of all makes room, else the one that has waited longest for its next
message. While all of them are sending, one more is refused.

Nothing tells a stranger from a sender before the key. But a sender comes again: an address that has
shown the key is known. Strangers elsewhere press out none of its connections, and it may have more
silent ones, so that a stranger behind the same address needs many at once to press out a head that
is under way. A connection that has shown its key makes room for no silent one.
"""

import contextlib
import ipaddress
import socket
import threading
from typing import Final

from agent.checks.net.peers import plain

PLACES: Final = 16
PER_CLIENT: Final = 4
PER_KNOWN: Final = 12

_KNOWN_MAX: Final = 16
_LEAVING_MAX: Final = 16  # connections that were ended, and have not noticed yet


class Place:
    """One connection's; ``sock`` is another one once TLS is spoken."""

    def __init__(self, sock: socket.socket, whose: str) -> None:
        self.sock = sock
        self.whose = whose
        self.is_silent = True
        self.is_waiting = True
        self.is_ended = False

    def end(self) -> None:
        """Hang up: whoever waits at the socket is woken."""
        self.is_ended = True
        with contextlib.suppress(OSError):
            self.sock.shutdown(socket.SHUT_RDWR)


class Places:
    """The places of one receiver. ``made_room`` counts connections ended for another, or refused.

    It may be called from many threads.
    """

    def __init__(self) -> None:
        self.made_room = 0
        self._lock = threading.Lock()
        self._taken: dict[Place, None] = {}  # the oldest first
        self._leaving: set[Place] = set()
        self._known: dict[str, None] = {}  # the one that showed its key last is last

    @property
    def sending(self) -> int:
        """How many connections have begun to send a message, and have not ended it."""
        with self._lock:
            return sum(not place.is_waiting for place in self._taken)

    def take(self, sock: socket.socket, address: str) -> Place | None:
        """Return a place for a connection from an address; None if there is none."""
        place = Place(sock, _counted_as(address))
        with self._lock:
            silent = [each for each in self._taken if each.is_silent]
            own = [each for each in silent if each.whose == place.whose]
            waiting = [each for each in self._taken if each.is_waiting]
            has_room = True
            if len(own) >= (PER_KNOWN if place.whose in self._known else PER_CLIENT):
                self._end(own[0])
            elif len(self._taken) >= PLACES:
                strange = [each for each in silent if each.whose not in self._known]
                has_room = bool(waiting)
                for each in (strange or silent or waiting)[:1]:
                    self._end(each)
            if not has_room or len(self._leaving) > _LEAVING_MAX:
                self.made_room += 1
                return None
            self._taken[place] = None
        return place

    def note(self, place: Place, *, is_waiting: bool) -> None:
        """Note that a head with its key has come, or is awaited anew; it is the newest now."""
        with self._lock:
            place.is_silent, place.is_waiting = False, is_waiting
            self._known.pop(place.whose, None)
            self._known[place.whose] = None
            if len(self._known) > _KNOWN_MAX:
                del self._known[next(iter(self._known))]
            if place in self._taken:
                del self._taken[place]
                self._taken[place] = None

    def leave(self, place: Place) -> None:
        """Free a place."""
        with self._lock:
            self._taken.pop(place, None)
            self._leaving.discard(place)

    def end_all(self) -> None:
        """Hang up on everybody."""
        with self._lock:
            for place in self._taken:
                place.end()

    def _end(self, place: Place) -> None:
        self.made_room += 1
        del self._taken[place]
        self._leaving.add(place)
        place.end()


def _counted_as(address: str) -> str:
    """Return as whom a connection counts: one sender has a whole /64 of IPv6."""
    found = plain(address)
    if isinstance(found, ipaddress.IPv6Address):
        return str(ipaddress.ip_network((found, 64), strict=False))
    return address if found is None else str(found)
