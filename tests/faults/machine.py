"""A machine of its own: a network namespace in which programs are run."""

import socket
from collections.abc import Sequence
from typing import Final

from tests.faults import namespace

_QUIET: Final = (
    ("ipv6/conf/all/disable_ipv6", "1"),
    ("ipv6/conf/default/disable_ipv6", "1"),
)
_CONNECT_TIMEOUT_S: Final = 5.0


class Machine:
    """A place (see ``tests.integration.real``); what runs there ends with the test run."""

    def __init__(self, prefix: str, name: str) -> None:
        self.namespace = f"{prefix}{name}"

    def make(self) -> None:
        """Make it, with a loopback interface and nothing else."""
        namespace.ip("netns", "add", self.namespace)
        namespace.set_kernel(self.namespace, _QUIET)
        self.ip("link set lo up")

    def ip(self, *lines: str) -> None:
        """Do ``ip``'s commands there."""
        namespace.ip_batch(lines, self.namespace)

    def command(self, *words: str) -> Sequence[str]:
        """Return the command that runs ``words`` there, and not longer than we run."""
        enter = ("ip", "netns", "exec", self.namespace)
        return (*enter, "setpriv", "--pdeathsig", "KILL", *words)

    def connect(self, address: str, port: int) -> socket.socket:
        """Return a TCP connection from there. Raises OSError."""
        there = (address, port)
        return namespace.inside(
            self.namespace, lambda: socket.create_connection(there, _CONNECT_TIMEOUT_S)
        )
