"""A real Mosquitto under the shipped listener for venues: each client has a certificate.

Authorities of servers and of clients are apart, and the access rules are the shipped examples.
"""

import contextlib
import socket
import ssl
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import mqtt5
import trustme
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from bench.kit.processes import free_port
from tests.deploy import brokers
from tests.deploy.peer import PATIENCE_S, Peer
from venuewatch.base import clock

BRIDGE = "_bridge-STA"
ACCEPTED = b"\x20\x02\x00\x00"  # MQTT 3.1.1, 3.2
IN_FORCE = timedelta(days=400)
RAW_PATIENCE_S = 60.0  # the broker may be busy with what was sent before


def example_of(user: str) -> str:
    """Return the block of that user that the shipped rules have behind "#", without it."""
    lines = (brokers.FILES / "venuewatch.acl").read_text().splitlines()
    start = lines.index(f"#user {user}")
    end = next((at for at in range(start, len(lines)) if not lines[at]), len(lines))
    return "\n".join(["", *(line.removeprefix("#") for line in lines[start:end]), ""])


def block_of(host: str) -> str:
    """Return the lines of a host of venue STA, made of the example as it says."""
    return example_of(brokers.HOST).replace(brokers.HOST, host)


class Centre(brokers.Broker):
    """A central broker with both listeners: for trying, and for venues."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(exist_ok=True)
        self._names = folder / "names"
        self._names.mkdir()
        self.servers, self._clients = trustme.CA(), trustme.CA()
        self.authority, self.crl = folder / "servers.pem", folder / "crl.pem"
        server = self.servers.issue_cert("127.0.0.1")
        self.servers.cert_pem.write_to_path(str(self.authority))
        self._clients.cert_pem.write_to_path(str(folder / "clients.pem"))
        server.cert_chain_pems[0].write_to_path(str(folder / "server.pem"))
        server.private_key_pem.write_to_path(str(folder / "server.key"))
        self.revoke()
        blocks = [block_of(host) for host in (brokers.HOST, brokers.NEIGHBOUR)]
        acl = (brokers.FILES / "venuewatch.acl").read_text()
        (folder / "venuewatch.acl").write_text("".join([acl, *blocks, example_of(BRIDGE)]))
        (folder / "venuewatch.acl").chmod(0o600)  # newer versions warn of more
        port, self.tls_port = free_port(), free_port()
        super().__init__(
            folder,
            port=port,
            drop_ins={
                "00-venuewatch.conf": brokers.trying(port),
                "10-venuewatch-venues.conf": self._listener(folder),
            },
        )

    def certificate(self, name: str) -> Path:
        """Return a file with a key and a certificate of that common name; one file a name."""
        file = self._names / f"{name}.pem"
        if not file.exists():
            issued = self._clients.issue_cert(common_name=name)
            issued.private_key_and_cert_chain_pem.write_to_path(str(file))
        return file

    def certificate_of_days(self, name: str, first: int, last: int) -> Path:
        """Return such a file, whose certificate is valid between these days from now."""
        now, file = datetime.fromtimestamp(clock.wall(), UTC), self._names / f"{name}-{last}.pem"
        issued = self._clients.issue_cert(
            common_name=name,
            not_before=now + timedelta(days=first),
            not_after=now + timedelta(days=last),
        )
        issued.private_key_and_cert_chain_pem.write_to_path(str(file))
        return file

    def revoke(self, *names: str, next_update: timedelta = IN_FORCE) -> None:
        """Put a list of these names' certificates in place; it is in force after a reload."""
        listed = [
            x509.load_pem_x509_certificate(self.certificate(name).read_bytes()) for name in names
        ]
        self.crl.write_bytes(crl_of(self._clients, listed, next_update=next_update))

    def peer(self, name: str, *, client_id: str = "", will: str | None = None) -> Peer:
        """Connect over TLS with the certificate of that name."""
        both = self.certificate(name)
        return Peer(
            self.tls_port,
            name,
            client_id=client_id,
            authority=self.authority,
            will=will,
            credentials=(both, both),
        )

    @contextlib.contextmanager
    def raw(self, name: str) -> Iterator[ssl.SSLSocket]:
        """Yield the socket of a session of that name, which says what it wants (MQTT 5)."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.load_verify_locations(self.authority)
        context.load_cert_chain(self.certificate(name))
        with (
            socket.create_connection(("127.0.0.1", self.tls_port), RAW_PATIENCE_S) as plain,
            context.wrap_socket(plain, server_hostname="127.0.0.1") as wrapped,
        ):
            wrapped.sendall(mqtt5.ConnectPacket(name, clean_start=True, keep_alive=60).write())
            packet, _ = mqtt5.read(memoryview(wrapped.recv(4_096)))
            assert isinstance(packet, mqtt5.ConnAckPacket)
            yield wrapped

    def lets_in(self, name: str, certificate: Path | None, *, context: ssl.SSLContext) -> bool:
        """Tell whether the broker accepts a session of that name, over TLS as ``context`` has it.

        A client learns of a refused certificate only after its own handshake (TLS 1.3).
        """
        context.load_verify_locations(self.authority)
        if certificate is not None:
            context.load_cert_chain(certificate)
        hello = b"\x00\x04MQTT\x04\x02\x00\x3c" + len(name).to_bytes(2) + name.encode()
        try:
            with (
                socket.create_connection(("127.0.0.1", self.tls_port), PATIENCE_S) as plain,
                context.wrap_socket(plain, server_hostname="127.0.0.1") as wrapped,
            ):
                wrapped.sendall(bytes([0x10, len(hello)]) + hello)
                return wrapped.recv(4) == ACCEPTED
        except OSError:
            return False

    def _listener(self, folder: Path) -> str:
        own = "/etc/mosquitto/venuewatch"
        replaced = {
            "listener 8883": f"listener {self.tls_port}",
            f"certfile {own}/server.pem": f"certfile {folder}/server.pem",
            f"keyfile {own}/server.key": f"keyfile {folder}/server.key",
            f"cafile {own}/clients.pem": f"cafile {folder}/clients.pem",
            f"crlfile {own}/crl.pem": f"crlfile {self.crl}",
            "acl_file /etc/mosquitto/venuewatch.acl": f"acl_file {folder}/venuewatch.acl",
        }
        return brokers.with_lines((brokers.FILES / "venues.conf").read_text(), replaced)


def crl_of(
    authority: trustme.CA, revoked: Iterable[x509.Certificate], *, next_update: timedelta
) -> bytes:
    """Return a list of revoked certificates in PEM, made an hour ago.

    ``next_update``: from now; negative for a list that is outdated.
    """
    now = datetime.fromtimestamp(clock.wall(), UTC)
    made = min(now, now + next_update) - timedelta(hours=1)
    issuer = x509.load_pem_x509_certificate(authority.cert_pem.bytes())
    key = serialization.load_pem_private_key(authority.private_key_pem.bytes(), None)
    assert isinstance(key, ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey)
    builder = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(issuer.subject)
        .last_update(made)
        .next_update(now + next_update)
    )
    for certificate in revoked:
        entry = x509.RevokedCertificateBuilder().serial_number(certificate.serial_number)
        builder = builder.add_revoked_certificate(entry.revocation_date(made).build())
    return builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)


def bridged(centre: Centre, folder: Path, *, through: int = 0) -> brokers.Broker:
    """Return a venue's broker under the shipped files, which bridges to ``centre``.

    ``through``: another port of this machine that leads to it.
    """
    certs, port = "/etc/mosquitto/certs", free_port()
    key = centre.certificate(BRIDGE)
    replaced = {
        "address centre.example.org:8883": f"address 127.0.0.1:{through or centre.tls_port}",
        f"bridge_cafile {certs}/ca.pem": f"bridge_cafile {centre.authority}",
        f"bridge_certfile {certs}/_bridge-STA.pem": f"bridge_certfile {key}",
        f"bridge_keyfile {certs}/_bridge-STA.key": f"bridge_keyfile {key}",
    }
    bridge = brokers.with_lines((brokers.FILES / "venue-bridge.conf").read_text(), replaced)
    drop_ins = {"00-venuewatch.conf": brokers.trying(port), "20-venue-bridge.conf": bridge}
    return brokers.Broker(folder, port=port, drop_ins=drop_ins)
