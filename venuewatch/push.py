"""Pushes the progress of a results program to the agent beside it.

The ``push`` check listens for it. This file needs nothing but Python's own library: import it, or
copy it into a program that has no venuewatch. A shell does the same in one line::

    echo '{"last": 123, "live": true}' > /dev/udp/127.0.0.1/8040              # bash
    echo '{"last": 123, "live": true}' | nc -u -w0 127.0.0.1 8040             # any other
"""

import contextlib
import json
import socket


def say_alive(
    last: int,
    *,
    live: bool = False,
    name: str = "",
    address: tuple[str, int] | str = ("127.0.0.1", 8040),
) -> None:
    """Tell the agent at ``address`` that this program lives; call it every few seconds.

    ``address``: host and UDP port, or the path of the agent's Unix socket.

    ``last`` is the number of its last result, or any number that grows with its work. While
    ``live`` is true the agent expects it to grow. ``name`` tells apart programs that might take
    each other's port. It never blocks and never raises, though no agent may listen.
    """
    _send({"last": last, "live": live, "name": name}, address)


def say_goodbye(*, name: str = "", address: tuple[str, int] | str = ("127.0.0.1", 8040)) -> None:
    """Tell the agent that this program ends as planned, and is not to be missed."""
    _send({"bye": True, "name": name}, address)


def _send(said: dict[str, object], address: tuple[str, int] | str) -> None:
    if isinstance(address, str):
        family = socket.AF_UNIX
    else:
        family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
    with contextlib.suppress(OSError), socket.socket(family, socket.SOCK_DGRAM) as sock:
        sock.setblocking(False)  # noqa: FBT003 - its only argument
        sock.sendto(json.dumps(said).encode(), address)
