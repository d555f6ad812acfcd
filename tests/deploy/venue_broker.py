"""A real Mosquitto under the shipped files, with certificates, lists and rules of ``venue add``."""

import shutil
from collections.abc import Sequence
from pathlib import Path

from bench.kit.processes import free_port
from tests.deploy.brokers import FILES, Broker, trying, with_lines
from tests.deploy.peer import Peer
from tests.venuewatch.venue.centre import Centre, text_in
from venuewatch.venue.broker import Visit, Where, visit


def listener(home: Path, port: int) -> str:
    """Return the shipped listener for venues, with the files of a centre in ``home``."""
    shipped, files = "/etc/mosquitto/venuewatch", ("server.pem", "server.key")
    replaced = {
        "listener 8883": f"listener {port} 127.0.0.1",
        f"certfile {shipped}/{files[0]}": f"certfile {home}/broker/{files[0]}",
        f"keyfile {shipped}/{files[1]}": f"keyfile {home}/broker/{files[1]}",
        f"cafile {shipped}/clients.pem": f"cafile {home}/broker/clients.pem",
        f"crlfile {shipped}/crl.pem": f"crlfile {home}/broker/crl.pem",
        "acl_file /etc/mosquitto/venuewatch.acl": f"acl_file {home}/venuewatch.acl",
    }
    return with_lines((FILES / "venues.conf").read_text(), replaced)


class Certified(Broker):
    """The broker, and the centre whose commands reload it."""

    def __init__(self, folder: Path, *, venues: int = 0, hosts: int = 0) -> None:
        self.home = folder / "centre"
        self.home.mkdir()
        self.tls_port = free_port()
        self.centre = Centre(self.home)
        shutil.copy(FILES / "venuewatch.acl", self.home)
        assert self.centre.add() == 0
        self.centre.fill(venues, hosts)
        plain = free_port()
        own = folder / "mosquitto"
        own.mkdir()
        drop_ins = {
            "00-venuewatch.conf": trying(plain),
            "10-venuewatch-venues.conf": listener(self.home, self.tls_port),
        }
        super().__init__(own, port=plain, drop_ins=drop_ins)

    def let_commands_reload(self) -> None:
        """Write settings by which a command has this broker read its files again."""
        hang_up = f'["kill", "-HUP", "{self.pid}"]'
        said = text_in(self.home, broker_port=self.tls_port, reload_broker=hang_up)
        (self.home / "venues.toml").write_text(said)

    def credentials(self, host: str) -> tuple[Path, Path]:
        """Return the certificate and the key of a host of STA."""
        certificate = self.home / "agents" / "STA" / host / "host.pem"
        return certificate, self.home / "pki" / "hosts" / "STA" / f"{host}.key"

    def peer(self, host: str, *, client_id: str = "", will: str | None = None) -> Peer:
        """Connect as a host of STA, with its certificate."""
        authority = self.home / "pki" / "servers" / "ca.pem"
        return Peer(
            self.tls_port,
            host,
            client_id=client_id,
            authority=authority,
            will=will,
            credentials=self.credentials(host),
        )

    def pem(self, host: str) -> bytes:
        """Return key and certificate of a host of STA, as one PEM."""
        certificate, key = self.credentials(host)
        return key.read_bytes() + certificate.read_bytes()

    def visit(self, pem: bytes, name: str, topics: Sequence[str] = ()) -> Visit:
        """Connect with key and certificate, publish, and tell how the broker received it."""
        authority = str(self.home / "pki" / "servers" / "ca.pem")
        return visit(Where("127.0.0.1", self.tls_port, authority), pem, name, topics)
