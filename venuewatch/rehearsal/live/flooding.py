"""Programs that send or ask for far more than they may, for a fixed time.

``python -m venuewatch.rehearsal.live.flooding WHAT ADDRESS PORT PER_S LASTS_S [TOPIC]`` floods the
server at that address from the machine that it runs on. WHAT is ``messages``, which are published
on TOPIC, or ``connections``, which are opened and say nothing.
"""

import argparse
import contextlib
import socket
import sys
import threading
from collections import deque
from collections.abc import Callable
from typing import Final

import mqtt5

from venuewatch.base import clock

MODULE: Final = "venuewatch.rehearsal.live.flooding"

_EVERY_S: Final = 0.05
_JUNK: Final = b"?" * 100
_MOST_OPEN: Final = 300
_TIMEOUT_S: Final = 1.0


def messages(to: tuple[str, int], topic: str) -> Callable[[int], None]:
    """Return what publishes so many messages, as a client that nobody knows."""
    sock = socket.create_connection(to, _TIMEOUT_S)
    sock.settimeout(None)  # the broker may be slow to take so much
    sock.sendall(mqtt5.ConnectPacket("", clean_start=True).write())
    packet = mqtt5.PublishPacket(topic, _JUNK).write()

    def send(count: int) -> None:
        sock.sendall(packet * count)

    return send


def connections(to: tuple[str, int]) -> Callable[[int], None]:
    """Return what opens so many connections; the oldest are closed where there are many."""
    held: deque[socket.socket] = deque()

    def knock(count: int) -> None:
        for _ in range(count):
            with contextlib.suppress(OSError):  # refused: the next one may not be
                held.append(socket.create_connection(to, _TIMEOUT_S))
        while len(held) > _MOST_OPEN:
            held.popleft().close()

    return knock


def flood(do: Callable[[int], None], *, per_s: float, lasts_s: float) -> None:
    """Do it so often a second, for so long; what is late is made up for."""
    begin = clock.monotonic()
    done = 0
    while (since_s := clock.monotonic() - begin) < lasts_s:
        due = int(since_s * per_s) - done
        do(due)
        done += due
        threading.Event().wait(_EVERY_S)


def main() -> int:
    """Run from the command line; return the exit code."""
    parser = argparse.ArgumentParser(prog="flooding", description=__doc__)
    parser.add_argument("what", choices=("messages", "connections"))
    parser.add_argument("address")
    parser.add_argument("port", type=int)
    parser.add_argument("per_s", type=float)
    parser.add_argument("lasts_s", type=float)
    parser.add_argument("topic", nargs="?", default="")
    options = parser.parse_args()
    to = (options.address, options.port)
    try:
        do = messages(to, options.topic) if options.what == "messages" else connections(to)
        flood(do, per_s=options.per_s, lasts_s=options.lasts_s)
    except OSError as error:
        print(f"the flood has ended: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
