"""A certificate authority of the tests' own, and TLS servers with its certificates."""

import contextlib
import datetime as dt
import ssl
from collections.abc import Iterator
from pathlib import Path

import trustme

from tests.agent.checks.peers import Script, tcp_peer
from venuewatch.base import clock

DAY_S = 86_400.0


class Authority:
    """Signs what it is asked to; ``file`` is what a check must trust."""

    def __init__(self, folder: Path) -> None:
        self._ca = trustme.CA()
        self.file = str(folder / "ca.pem")
        self._ca.cert_pem.write_to_path(self.file)

    def context(self, name: str = "localhost", days: float = 90.0) -> ssl.SSLContext:
        """Return a server's context whose certificate is valid for so many days still."""
        now = dt.datetime.fromtimestamp(clock.wall(), dt.UTC)
        begin, until = now - dt.timedelta(days=99), now + dt.timedelta(days=days)
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        self._ca.issue_cert(name, not_before=begin, not_after=until).configure_cert(context)
        return context


@contextlib.contextmanager
def tls_peer(context: ssl.SSLContext, script: Script) -> Iterator[int]:
    def serve(conn: object, over: object) -> None:
        with context.wrap_socket(conn, server_side=True) as secure:  # type: ignore[arg-type]
            script(secure, over)  # type: ignore[arg-type]

    with tcp_peer(serve) as port:
        yield port
