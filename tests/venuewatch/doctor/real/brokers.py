"""Set-ups whose broker lets a host in badly, or not at all: users, rules, limits."""

import contextlib
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import trustme

from tests.venuewatch.doctor.real.set_up import (
    HOST,
    LOOPBACK,
    Broken,
    Lay,
    Words,
    agent_of,
    broker,
    ticking,
)

CONNECTIONS_MAX = 10
CLOSED_WITHIN_S = 0.3
READS_ONLY = "topic read #\ntopic write venuewatch/v1/_centre/tick\n"
WRITES_ONLY = f"topic write #\ntopic read venuewatch/v1/STA/{HOST}/cmd\n"
PASSWORD = "of-the-test"  # noqa: S105 - it opens a broker that lives for one test


def with_settings(*extra: str, qos: int = 1) -> Lay:
    """Return a set-up with a broker of these settings."""

    @contextlib.contextmanager
    def lay(folder: Path) -> Iterator[Words]:
        with broker(folder, *extra, qos=qos) as running:
            yield [str(agent_of(folder, port=running.port))]

    return lay


@contextlib.contextmanager
def without_an_aggregator(folder: Path) -> Iterator[Words]:
    with broker(folder, is_heard=False) as running:
        yield [str(agent_of(folder, port=running.port))]


@contextlib.contextmanager
def without_room(folder: Path) -> Iterator[Words]:
    """Fill a broker, which takes one or two more than it was told to."""
    with contextlib.ExitStack() as stack:
        running = stack.enter_context(broker(folder, "max_connections 1"))
        for _ in range(CONNECTIONS_MAX):
            sock = stack.enter_context(socket.create_connection((LOOPBACK, running.port)))
            if is_closed(sock):
                break
        yield [str(agent_of(folder, port=running.port))]


def is_closed(sock: socket.socket) -> bool:
    """Tell whether the other side hangs up at once."""
    sock.settimeout(CLOSED_WITHIN_S)
    try:
        return not sock.recv(1)
    except TimeoutError:
        return False
    except ConnectionError:
        return True


@contextlib.contextmanager
def that_retains_nothing(folder: Path) -> Iterator[Words]:
    extra = "retain_available false"
    with broker(folder, extra, is_heard=False) as running, ticking(running.port):
        yield [str(agent_of(folder, port=running.port))]


def with_password(password: str | None) -> Lay:
    """Return a set-up whose broker knows a user, and an agent that says this password."""

    @contextlib.contextmanager
    def lay(folder: Path) -> Iterator[Words]:
        users, said = folder / "users", folder / "password"
        users.touch(0o600)
        subprocess.run(["mosquitto_passwd", "-b", users, HOST, PASSWORD], check=True)
        extra = ("allow_anonymous false", f"password_file {users}")
        with broker(folder, *extra, is_heard=False) as running:
            if password is None:
                yield [str(agent_of(folder, port=running.port))]
                return
            said.write_text(f"{password}\n", encoding="ascii")
            own = {"username": HOST, "password_file": str(said)}
            yield [str(agent_of(folder, also=own, port=running.port))]

    return lay


def with_rules(rules: str) -> Lay:
    """Return a set-up whose broker has these access rules."""

    @contextlib.contextmanager
    def lay(folder: Path) -> Iterator[Words]:
        acl = folder / "acl"
        acl.write_text(rules, encoding="ascii")
        with broker(folder, f"acl_file {acl}") as running:
            yield [str(agent_of(folder, port=running.port))]

    return lay


@contextlib.contextmanager
def without_tls(folder: Path) -> Iterator[Words]:
    """Have an agent that wants TLS, and a broker's port without it."""
    authority = folder / "ca.pem"
    trustme.CA().cert_pem.write_to_path(str(authority))
    with broker(folder) as running:
        yield [str(agent_of(folder, port=running.port, ca_file=str(authority)))]


@contextlib.contextmanager
def with_tls(folder: Path) -> Iterator[Words]:
    """Have an agent without TLS, and a broker's port for it."""
    server = trustme.CA().issue_cert("127.0.0.1")
    server.cert_chain_pems[0].write_to_path(str(folder / "server.pem"))
    server.private_key_pem.write_to_path(str(folder / "server.key"))
    extra = (f"certfile {folder}/server.pem", f"keyfile {folder}/server.key")
    with broker(folder, *extra, is_heard=False) as running:
        yield [str(agent_of(folder, port=running.port))]


CASES = {
    "wrong password": Broken(
        "credentials", "does not know this user, or its password is another", with_password("wrong")
    ),
    "user that the broker does not know": Broken(
        "credentials", "the broker does not know this user", with_password(None)
    ),
    "topic of another host": Broken(
        "acl",
        f"the broker refuses {HOST} venuewatch/v1/STA/{HOST}/catalogue",
        with_rules(READS_ONLY),
    ),
    "tick that may not be read": Broken(
        "acl",
        "no aggregator is heard",
        with_rules(WRITES_ONLY),
    ),
    "no aggregator": Broken("acl", "no aggregator is heard", without_an_aggregator),
    "broker without room": Broken("port", "hangs up at once: it has no room", without_room),
    "broker for small packets": Broken(
        "limits", "packets of 2,000 bytes at most", with_settings("max_packet_size 2000")
    ),
    "broker that acknowledges nothing": Broken(
        "limits", "the broker acknowledges no message", with_settings("max_qos 0", qos=0)
    ),
    "broker that retains nothing": Broken(
        "limits", "the broker retains nothing", that_retains_nothing
    ),
    "port without TLS": Broken("tls", "no TLS with 127.0.0.1", without_tls),
    "port for TLS, and an agent without": Broken("tls", "is for TLS", with_tls),
}
