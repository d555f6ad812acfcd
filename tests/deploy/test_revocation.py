"""Certificates and their revocation, on the real broker, by commands of ``venuewatch venue``."""

import select
import signal
import socket
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from tests.deploy.brokers import ACCEPTED, REFUSED
from tests.deploy.peer import Peer
from tests.deploy.venue_broker import Certified
from tests.integration.real import until
from tests.venuewatch.venue.centre import PASSPHRASE
from venuewatch.base import clock
from venuewatch.venue import broker as visiting
from venuewatch.venue.authority import crls, folder
from venuewatch.venue.authority.certificates import (
    DAY_S,
    Authority,
    Validity,
    make_authority,
    make_certificate,
)
from venuewatch.venue.broker import Reception, Visit
from venuewatch.venue.revoking import credentials

pytestmark = pytest.mark.real


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Certified]:
    with Certified(tmp_path) as broker:
        broker.let_commands_reload()
        yield broker


def signed_by(authority: Authority, name: str = "STA-1", *, until_s: float = DAY_S) -> bytes:
    valid = Validity(clock.wall() - 2 * DAY_S, clock.wall() + until_s)
    return credentials(make_certificate(authority, name, use="client", valid=valid))


def clients_of(broker: Certified) -> Authority:
    return folder.open_folder(broker.home / "pki", PASSPHRASE.encode()).clients


def tripwire_of(broker: Certified) -> bytes:
    pki = broker.home / "pki"
    return (pki / "tripwire.key").read_bytes() + (pki / "tripwire.pem").read_bytes()


def test_host_speaks_on_its_own_topics_alone(broker: Certified) -> None:
    with broker.peer("STA-1") as host:
        assert host.say("venuewatch/v1/STA/STA-1/beat") in ACCEPTED
        for topic in (
            "venuewatch/v1/STA/STA-2/beat",
            "venuewatch/v1/AQU/STA-1/beat",
            "venuewatch/v1/NEW/STA-1/birth",
            "venuewatch/v1/_centre/aggregator/tick",
            "venuewatch/v1/_bridge/STA",
        ):
            assert host.say(topic, retain=True) == REFUSED


def test_host_that_subscribes_to_all_hears_nothing_of_others(broker: Certified) -> None:
    with broker.peer("STA-1") as curious, broker.peer("STA-2") as other:
        curious.listen("#")
        curious.listen("$SYS/#")
        other.say("venuewatch/v1/STA/STA-2/beat", b"other")

        with Peer(broker.port, "centre") as centre:
            centre.say("venuewatch/v1/STA/STA-1/cmd", b"mine")

        assert curious.hear() == ("venuewatch/v1/STA/STA-1/cmd", b"mine", False)


def test_client_id_of_another_host_throws_nobody_out(broker: Certified) -> None:
    with broker.peer("STA-1") as victim:
        with broker.peer("STA-2", client_id="STA-1") as thief:
            assert thief.say("venuewatch/v1/STA/STA-2/beat") in ACCEPTED

        assert victim.say("venuewatch/v1/STA/STA-1/beat") in ACCEPTED


def test_certificate_of_another_authority_is_refused(broker: Certified) -> None:
    seen = broker.visit(signed_by(make_authority("others", clock.wall())), "STA-1")

    assert seen.reception is Reception.REFUSED


def test_certificate_that_has_expired_is_refused(broker: Certified) -> None:
    seen = broker.visit(signed_by(clients_of(broker), until_s=-DAY_S), "STA-1")

    assert seen.reception is Reception.REFUSED


def test_certificate_of_a_name_without_rules_may_say_nothing(broker: Certified) -> None:
    own = ["venuewatch/v1/STA/STA-9/birth"]

    seen = broker.visit(signed_by(clients_of(broker), "STA-9"), "STA-9", own)

    assert seen.reception is Reception.TAKEN
    assert not seen.is_published
    known = broker.visit(broker.pem("STA-1"), "STA-1", ["venuewatch/v1/STA/STA-1/birth"])
    assert known.is_published


def test_tripwire_is_refused_as_revoked_from_the_first_day(broker: Certified) -> None:
    assert broker.visit(tripwire_of(broker), "_revoked").reception is Reception.REVOKED


def test_reason_is_read_even_where_the_broker_hung_up_before_a_word(
    broker: Certified, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In TLS 1.3 a client may write before it learns that its certificate was refused."""
    begin = visiting._session  # noqa: SLF001 - the moment between TLS and MQTT

    def begin_late(connection: socket.socket, name: str, cleared: Sequence[str]) -> Visit:
        select.select([connection], [], [], 5.0)
        return begin(connection, name, cleared)

    monkeypatch.setattr(visiting, "_session", begin_late)

    assert broker.visit(tripwire_of(broker), "_revoked").reception is Reception.REVOKED


def test_revoked_host_is_mute_thrown_out_and_refused(
    broker: Certified, capsys: pytest.CaptureFixture[str]
) -> None:
    kept = "venuewatch/v1/STA/STA-1/birth"
    with broker.peer("STA-1") as host, broker.peer("STA-2") as other:
        stolen = broker.pem("STA-1")
        host.say(kept, b"birth", retain=True)
        began = clock.monotonic()

        code = broker.centre.run("revoke", "STA/STA-1")

        assert (code, capsys.readouterr().err) == (0, "")
        assert clock.monotonic() - began <= 10.0
        until("the connection has ended", lambda: not host.is_connected)
        assert other.is_connected
        assert other.say("venuewatch/v1/STA/STA-2/beat") in ACCEPTED
    assert broker.visit(stolen, "STA-1").reception is Reception.REVOKED
    with Peer(broker.port, "late") as late, Peer(broker.port, "now") as now:
        late.listen("venuewatch/v1/STA/#")
        now.say("venuewatch/v1/STA/STA-2/beat", b"live")
        assert late.hear() == ("venuewatch/v1/STA/STA-2/beat", b"live", False)


def test_will_of_a_revoked_host_is_not_kept(broker: Certified) -> None:
    death = "venuewatch/v1/STA/STA-1/death"
    with broker.peer("STA-1", will=death) as host:
        assert broker.centre.run("revoke", "STA/STA-1") == 0
        until("the connection has ended", lambda: not host.is_connected)

    with Peer(broker.port, "late") as late, Peer(broker.port, "now") as now:
        late.listen("venuewatch/v1/STA/#")
        now.say("venuewatch/v1/STA/STA-2/beat", b"live")
        assert late.hear() == ("venuewatch/v1/STA/STA-2/beat", b"live", False)


@pytest.mark.parametrize("head", ["user STA-1\n", "pattern write venuewatch/v1/+/%u/birth\n"])
def test_rules_of_an_operator_by_which_a_host_speaks_are_told(
    broker: Certified, head: str, capsys: pytest.CaptureFixture[str]
) -> None:
    rules = broker.home / "venuewatch.acl"
    own = f"{head}topic write venuewatch/v1/STA/STA-1/birth\n" if "user" in head else head
    rules.write_text(f"{own}{rules.read_text()}")

    assert broker.centre.run("revoke", "STA/STA-1") == 1

    said = capsys.readouterr()
    assert "STA-1 may still publish" in said.err
    assert "not proven" in said.out


def test_revoked_host_that_is_renewed_may_speak_again(broker: Certified) -> None:
    assert broker.centre.run("revoke", "STA/STA-1") == 0

    assert broker.centre.run("renew", "STA/STA-1") == 0

    def speaks() -> bool:
        with broker.peer("STA-1") as host:
            return host.say("venuewatch/v1/STA/STA-1/beat") in ACCEPTED

    until("the broker has read its rules", speaks)


@pytest.mark.parametrize("content", [None, b"", b"garbage"])
def test_list_that_is_missing_or_broken_is_mended_by_a_revocation(
    broker: Certified, content: bytes | None, capsys: pytest.CaptureFixture[str]
) -> None:
    """The broker then lets revoked certificates in; so the next command has to mend it."""
    path = broker.home / "broker" / "crl.pem"
    path.unlink()
    if content is not None:
        path.write_bytes(content)
    broker.signal(signal.SIGHUP)
    tripwire = tripwire_of(broker)
    until(
        "a revoked certificate is let in",
        lambda: broker.visit(tripwire, "_revoked").reception is Reception.TAKEN,
    )

    assert broker.centre.run("revoke", "STA/STA-2") == 0

    crls.read_crls(path.read_bytes())
    assert "revoked, and proven" in capsys.readouterr().out


def test_broker_that_is_away_is_no_proof(
    broker: Certified, capsys: pytest.CaptureFixture[str]
) -> None:
    broker.stop()

    assert broker.centre.run("revoke", "STA/STA-1") == 1

    said = capsys.readouterr()
    assert "nothing listens at" in said.err
    assert "not proven" in said.out


def test_list_that_is_outdated_locks_out_until_it_is_renewed(broker: Certified) -> None:
    path = broker.home / "broker" / "crl.pem"
    opened = folder.open_folder(broker.home / "pki", PASSPHRASE.encode())
    before = clock.wall() - 500 * DAY_S
    lists = [crls.make_crl(each, (), before, 1) for each in (opened.clients, opened.next)]
    path.write_bytes(b"".join(lists))
    broker.signal(signal.SIGHUP)
    own = broker.pem("STA-2")
    until(
        "everybody is refused",
        lambda: broker.visit(own, "STA-2").reception is Reception.REFUSED,
    )

    assert broker.centre.run("renew") == 0

    until("hosts are let in", lambda: broker.visit(own, "STA-2").reception is Reception.TAKEN)
