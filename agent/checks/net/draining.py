"""Takes what waits at a socket that doesn't block, up to a bound, and sends it what fits."""

import socket
from typing import NamedTuple

from agent.checks.reading.words import short
from venuewatch.base.config import in_words

PIECE_BYTES = 16 * 1024


class Drained(NamedTuple):
    """What waited. ``ended``: why no more will come, "" if it may; ``has_more``: more waits."""

    contents: tuple[bytes, ...] = ()
    ended: str = ""
    has_more: bool = False


def drain(sock: socket.socket, max_bytes: int) -> Drained:
    """Return what waits, at most about ``max_bytes``."""
    contents: list[bytes] = []
    size = 0
    while size < max_bytes:
        try:
            content = sock.recv(PIECE_BYTES)
        except BlockingIOError:
            return Drained(tuple(contents))
        except OSError as error:
            return Drained(tuple(contents), short(in_words(error), 80))
        if not content:
            return Drained(tuple(contents), "it hung up")
        contents.append(content)
        size += len(content)
    return Drained(tuple(contents), has_more=True)


def put(sock: socket.socket, content: bytes) -> str:
    """Send all of it at once, without waiting; return what failed, "" if nothing."""
    try:
        sent = sock.send(content)
    except BlockingIOError:
        sent = 0
    except OSError as error:
        return short(in_words(error), 80)
    return "" if sent == len(content) else "it does not take what is sent"
