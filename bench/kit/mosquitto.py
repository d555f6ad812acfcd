"""Runs a real Mosquitto with the project's own settings, on a port of its own."""

import contextlib
import socket
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import NamedTuple

from bench.kit.machine import program
from bench.kit.processes import LOOPBACK, ROOT, BenchError, await_start, free_port, is_root, running
from venuewatch.rehearsal.live.servers import is_ready

_PROJECTS_OWN = ROOT / "mosquitto" / "venuewatch.conf"
_FILES_TO_SPARE = 64


class Broker(NamedTuple):
    """A broker that listens on the loopback; ``tls_port`` is 0 without certificates."""

    pid: int
    port: int
    tls_port: int


class Certificates(NamedTuple):
    """Files in PEM: who is trusted, who the broker is, and who a client is."""

    authority: Path
    server_chain: Path
    server_key: Path
    client_chain: Path
    client_key: Path


def make_certificates(directory: Path, client: str) -> Certificates:
    """Write them as PEM files; the broker is 127.0.0.1, and the client is called ``client``."""
    made = Certificates(
        *(
            directory / f"{name}.pem"
            for name in ("ca", "server", "server-key", "client", "client-key")
        )
    )
    import trustme  # noqa: PLC0415 - it may be missing

    authority = trustme.CA()
    server = authority.issue_cert("127.0.0.1")
    host = authority.issue_cert(f"{client}.example.org", common_name=client)
    authority.cert_pem.write_to_path(str(made.authority))
    for whose, chain, key in (
        (server, made.server_chain, made.server_key),
        (host, made.client_chain, made.client_key),
    ):
        whose.cert_chain_pems[0].write_to_path(str(chain))
        whose.private_key_pem.write_to_path(str(key))
        key.chmod(0o600)  # one that others may read is refused
    return made


@contextlib.contextmanager
def mosquitto(
    directory: Path,
    *,
    clients: int = 100,
    tls: Certificates | None = None,
    outside: str = "",
    rules: Path | None = None,
) -> Iterator[Broker]:
    """Run Mosquitto for so many clients until the block ends.

    With ``tls`` it has a second listener, on which every client has to show a certificate.
    ``outside`` is an address beside the loopback at which it listens, too. ``rules``: the file of
    access rules for the users of its first listener.

    Raises:
        BenchError: it is not installed, or does not start.
    """
    path = program("mosquitto")
    if path is None:
        raise BenchError("mosquitto is not installed")
    port, tls_port = free_port(), free_port() if tls is not None else 0
    settings = directory / "mosquitto.conf"
    own = _listener(port) + (f"acl_file {rules}\n" if rules is not None else "")
    text = _global_settings(directory) + own + _tls_listener(tls_port, tls)
    if outside:
        text += _listener(port, outside)
    settings.write_text(text, encoding="utf-8")
    log = directory / "mosquitto.log"
    with running([path, "-c", str(settings)], log=log, files=clients + _FILES_TO_SPARE) as process:
        connect = partial(socket.create_connection, (LOOPBACK, port))
        await_start(process, lambda: is_ready(connect), log=log)
        yield Broker(process.pid, port, tls_port)


def _global_settings(directory: Path) -> str:
    """Return the project's settings without its listeners, and room for what it stores."""
    lines = _PROJECTS_OWN.read_text(encoding="utf-8").partition("\nlistener ")[0]
    lines += f"\npersistence_location {directory}/\n"
    return lines + ("user root\n" if is_root() else "")  # nobody else may enter our directory


def _listener(port: int, address: str = LOOPBACK) -> str:
    return f"listener {port} {address}\nallow_anonymous true\n"


def _tls_listener(port: int, tls: Certificates | None) -> str:
    if tls is None:
        return ""
    return (
        f"{_listener(port)}cafile {tls.authority}\ncertfile {tls.server_chain}\n"
        f"keyfile {tls.server_key}\ntls_version tlsv1.2\nrequire_certificate true\n"
    )
