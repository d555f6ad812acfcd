"""A real Mosquitto that knows its clients by certificates, with the files of ``venue add``."""

from pathlib import Path

from bench.kit.processes import free_port
from tests.deploy.brokers import Broker
from tests.deploy.peer import Peer
from tests.venuewatch.venue.centre import Centre, text_in
from venuewatch.venue.broker import Reception, Visit, Where, visit

_AGAIN = 5
_LISTENERS = """\
per_listener_settings true
max_packet_size 327680
listener {plain} 127.0.0.1
allow_anonymous true
listener {port} 127.0.0.1
cafile {place}/broker/clients.pem
certfile {place}/broker/server.pem
keyfile {place}/broker/server.key
crlfile {place}/broker/crl.pem
require_certificate true
use_identity_as_username true
use_username_as_clientid true
allow_anonymous false
max_qos 1
tls_version tlsv1.3
acl_file {place}/venuewatch.acl
"""


class Certified(Broker):
    """The broker, and the centre whose commands reload it."""

    def __init__(self, folder: Path, *, venues: int = 0, hosts: int = 0) -> None:
        self.home = folder / "centre"
        self.home.mkdir()
        self.tls_port = free_port()
        self.centre = Centre(self.home)
        assert self.centre.add() == 0
        self.centre.fill(venues, hosts)
        plain = free_port()
        listeners = _LISTENERS.format(plain=plain, port=self.tls_port, place=self.home)
        own = folder / "mosquitto"
        own.mkdir()
        super().__init__(own, port=plain, drop_ins={"venuewatch.conf": listeners})

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

    def visit(self, pem: bytes, name: str) -> Visit:
        """Connect with key and certificate, and tell how the broker received them."""
        authority = str(self.home / "pki" / "servers" / "ca.pem")
        seen = visit(Where("127.0.0.1", self.tls_port, authority), pem, name)
        for _ in range(_AGAIN):  # a reset may come before the broker's word
            if seen.reception is not Reception.UNCLEAR:
                break
            seen = visit(Where("127.0.0.1", self.tls_port, authority), pem, name)
        return seen
