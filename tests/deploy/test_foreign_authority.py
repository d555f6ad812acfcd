"""Hosts whose certificates a foreign authority signs, on the real broker: in, revoked, refused."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.deploy.brokers import ACCEPTED, REFUSED
from tests.deploy.peer import Peer
from tests.deploy.venue_broker import Certified
from tests.integration.real import until
from venuewatch.base import clock
from venuewatch.venue.authority import crls
from venuewatch.venue.authority.certificates import (
    DAY_S,
    make_authority,
    pem_of,
    public_key_of_request,
    sign,
    validity,
)
from venuewatch.venue.authority.crls import Revoked
from venuewatch.venue.broker import Reception

pytestmark = pytest.mark.real

BEAT = "venuewatch/v1/AQU/AQU-1/beat"


class Foreign:
    """A venue whose hosts a foreign authority signs. ``broker`` knows that authority."""

    def __init__(self, broker: Certified) -> None:
        self.broker, self._place = broker, broker.home
        self._made = make_authority("others", clock.wall() - DAY_S)
        (self._place / "others.pem").write_bytes(pem_of(self._made.certificate))
        broker.centre.write("hosts.csv", "host\nAQU-1\nAQU-2\n")
        broker.centre.write("venue.toml", "")
        assert broker.centre.add("AQU", "--csr") == 0
        self.serials = {name: self._sign(name) for name in ("AQU-1", "AQU-2")}
        assert self.bring_list() == 0
        broker.stop()
        broker.start()  # a broker reads its authorities only then
        broker.let_commands_reload()

    def _sign(self, name: str) -> int:
        folder = self._place / "agents" / "AQU" / name
        public = public_key_of_request((folder / "host.csr").read_bytes())
        signed = sign(self._made, public, name, use="client", valid=validity(clock.wall(), 30))
        (folder / "host.pem").write_bytes(pem_of(signed))
        return signed.serial_number

    def bring_list(self, *revoked: str) -> int:
        """Bring the authority's newest list; return the command's exit code."""
        now = clock.wall()
        listed = [Revoked(self.serials[name], now) for name in revoked]
        path = self._place / "others.crl"
        path.write_bytes(crls.make_crl(self._made, listed, now, 1 + len(listed)))
        return self.broker.centre.run(
            "renew", "--foreign", str(self._place / "others.pem"), "--crl", str(path)
        )

    def files(self, name: str) -> tuple[Path, Path]:
        """Return the certificate and the key of a host."""
        certificate = self._place / "agents" / "AQU" / name / "host.pem"
        return certificate, self._place / "pki" / "hosts" / "AQU" / f"{name}.key"

    def peer(self, name: str) -> Peer:
        """Connect as a host."""
        authority = self._place / "pki" / "servers" / "ca.pem"
        return Peer(self.broker.tls_port, name, authority=authority, credentials=self.files(name))

    def reception(self, name: str, pem: bytes) -> Reception:
        """Tell how the broker receives a certificate."""
        return self.broker.visit(pem, name).reception


@pytest.fixture
def foreign(tmp_path: Path) -> Iterator[Foreign]:
    with Certified(tmp_path) as broker:
        broker.let_commands_reload()
        yield Foreign(broker)


def test_host_of_a_foreign_authority_speaks_for_itself_alone(foreign: Foreign) -> None:
    with foreign.peer("AQU-1") as host:
        assert host.say(BEAT) in ACCEPTED
        assert host.say("venuewatch/v1/AQU/AQU-2/beat") == REFUSED
        assert host.say("venuewatch/v1/STA/STA-1/beat") == REFUSED
    with foreign.broker.peer("STA-1") as own:
        assert own.say("venuewatch/v1/STA/STA-1/beat") in ACCEPTED


def test_revoked_foreign_host_is_mute_and_then_refused(foreign: Foreign) -> None:
    certificate, key = foreign.files("AQU-1")
    stolen = key.read_bytes() + certificate.read_bytes()
    with foreign.peer("AQU-1") as host, foreign.peer("AQU-2") as other:
        assert host.say(BEAT) in ACCEPTED

        assert foreign.broker.centre.run("revoke", "AQU/AQU-1") == 0

        until("the connection has ended", lambda: not host.is_connected)
        assert other.say("venuewatch/v1/AQU/AQU-2/beat") in ACCEPTED
    assert foreign.reception("AQU-1", stolen) is Reception.TAKEN  # it is on no list yet
    (foreign.broker.home / "stolen.key").write_bytes(stolen)
    thief = Peer(
        foreign.broker.tls_port,
        "AQU-1",
        authority=foreign.broker.home / "pki" / "servers" / "ca.pem",
        credentials=(certificate, foreign.broker.home / "stolen.key"),
    )
    with thief:
        assert thief.say(BEAT) == REFUSED

    assert foreign.bring_list("AQU-1") == 0

    until(
        "the foreign list is in force",
        lambda: foreign.reception("AQU-1", stolen) is Reception.REVOKED,
    )
