"""The shipped listener for venues, on the real broker: certificates, revoked ones, limits."""

import re
import shutil
import signal
import ssl
import subprocess
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
import trustme

from bench.kit.processes import free_port
from tests.deploy import brokers, certified
from tests.deploy.brokers import ACCEPTED, AGGREGATOR, BULK, HOST, NEIGHBOUR, REFUSED, complaints
from tests.integration.real import Process, until

pytestmark = pytest.mark.real

LARGEST_PACKET = 327_680


@pytest.fixture(scope="module")
def centre(tmp_path_factory: pytest.TempPathFactory) -> Iterator[certified.Centre]:
    with certified.Centre(tmp_path_factory.mktemp("centre")) as broker:
        yield broker


@pytest.fixture
def own(tmp_path: Path) -> Iterator[certified.Centre]:
    """Start a broker of one test alone, whose list of revoked certificates it may change."""
    with certified.Centre(tmp_path / "own") as broker:
        yield broker


def trusting() -> ssl.SSLContext:
    return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


def is_let_in(centre: certified.Centre, name: str) -> bool:
    return centre.lets_in(name, centre.certificate(name), context=trusting())


def reload(centre: certified.Centre) -> None:
    """Have it read its files again, and wait until it says so."""
    before = centre.said().count("Reloading config")
    centre.signal(signal.SIGHUP)
    until("the broker reloads", lambda: centre.said().count("Reloading config") > before)


def test_files_start_beside_debians_own_and_warn_of_nothing(tmp_path: Path) -> None:
    assert complaints(certified.Centre(tmp_path / "centre")) == []


def test_host_is_let_in_under_its_own_name(centre: certified.Centre) -> None:
    beat = f"venuewatch/v1/STA/{HOST}/beat"
    with centre.peer(HOST, client_id="anything") as host:
        assert host.connected == 0
        assert host.say(beat) in ACCEPTED
        assert host.say(beat.replace(HOST, NEIGHBOUR)) == REFUSED


@pytest.mark.parametrize("which", ["none", "of another authority", "of the servers' authority"])
def test_other_certificate_is_refused(centre: certified.Centre, tmp_path: Path, which: str) -> None:
    stranger: Path | None = None
    if which != "none":
        authority = trustme.CA() if "another" in which else centre.servers
        stranger = tmp_path / "stranger.pem"
        issued = authority.issue_cert(common_name=HOST)
        issued.private_key_and_cert_chain_pem.write_to_path(str(stranger))

    assert not centre.lets_in(HOST, stranger, context=trusting())
    assert is_let_in(centre, HOST)


@pytest.mark.parametrize(("first", "last"), [(-30, -1), (1, 30)], ids=["expired", "not-yet-valid"])
def test_certificate_outside_of_its_days_is_refused(
    centre: certified.Centre, first: int, last: int
) -> None:
    certificate = centre.certificate_of_days(HOST, first, last)

    assert not centre.lets_in(HOST, certificate, context=trusting())
    assert is_let_in(centre, HOST)


def test_tls_1_2_is_refused(centre: certified.Centre) -> None:
    old = trusting()
    old.maximum_version = ssl.TLSVersion.TLSv1_2

    assert not centre.lets_in(HOST, centre.certificate(HOST), context=old)


@pytest.mark.parametrize("stream", brokers.UPWARD)
def test_example_block_of_a_host_covers_its_streams(centre: certified.Centre, stream: str) -> None:
    with centre.peer(NEIGHBOUR) as host:
        assert host.say(f"venuewatch/v1/STA/{NEIGHBOUR}/{stream}") in ACCEPTED


def test_host_takes_no_others_place_by_its_client_id(centre: certified.Centre) -> None:
    with centre.peer(HOST) as host, centre.peer(NEIGHBOUR, client_id=HOST) as thief:
        assert thief.say(f"venuewatch/v1/STA/{NEIGHBOUR}/beat") in ACCEPTED
        assert host.say(f"venuewatch/v1/STA/{HOST}/beat") in ACCEPTED
        assert host.is_connected


@pytest.mark.parametrize("venue", ["TAH", "INV", "_centre"])
def test_host_says_nothing_under_another_venue(centre: certified.Centre, venue: str) -> None:
    with centre.peer(HOST) as host:
        assert host.say(f"venuewatch/v1/{venue}/{HOST}/birth", retain=True) == REFUSED


def test_name_without_a_block_says_and_hears_nothing(centre: certified.Centre) -> None:
    command = "venuewatch/v1/STA/STA-unknown/cmd"
    with centre.peer("STA-unknown") as unknown, centre.peer(AGGREGATOR) as aggregator:
        unknown.listen("#")

        assert unknown.say("venuewatch/v1/STA/STA-unknown/beat") == REFUSED
        assert aggregator.say(command) in ACCEPTED
        aggregator.listen(command)  # a round trip later
        assert unknown.has_heard_nothing


def test_only_the_aggregator_hears_of_the_broker_itself(centre: certified.Centre) -> None:
    command = f"venuewatch/v1/STA/{HOST}/cmd"
    with centre.peer(HOST) as host, centre.peer(AGGREGATOR) as aggregator:
        host.listen("$SYS/#")
        host.listen(command)
        aggregator.listen("$SYS/broker/version")
        aggregator.say(command, b"go")

        assert aggregator.hear()[0] == "$SYS/broker/version"
        assert host.hear() == (command, b"go", False)


def test_both_connections_of_the_aggregator_have_their_own_names(centre: certified.Centre) -> None:
    reading = f"venuewatch/v1/STA/{HOST}/vitals"
    with centre.peer(BULK) as bulk, centre.peer(AGGREGATOR) as live, centre.peer(HOST) as host:
        bulk.listen(reading)
        host.say(reading, b"7")

        assert bulk.hear() == (reading, b"7", False)
        assert bulk.say(reading) == REFUSED
        assert live.is_connected


@pytest.mark.parametrize("qos", [1, 2])
def test_client_beyond_the_limits_is_disconnected(centre: certified.Centre, qos: int) -> None:
    """QoS 1: a packet that is too large. QoS 2: any."""
    beat = f"venuewatch/v1/STA/{HOST}/beat"
    with centre.peer(HOST) as host:
        host.shout(beat, bytes(LARGEST_PACKET if qos == 1 else 10), qos=qos)

        until("the client is disconnected", lambda: not host.is_connected)


def test_connection_beyond_the_limit_of_the_listener_is_closed(tmp_path: Path) -> None:
    centre = certified.Centre(tmp_path / "centre")
    listener = centre.folder / "conf.d" / "10-venuewatch-venues.conf"
    few = brokers.with_lines(listener.read_text(), {"max_connections 20000": "max_connections 1"})
    listener.write_text(few)

    with centre, centre.peer(HOST) as host:
        assert not is_let_in(centre, NEIGHBOUR)
        assert host.is_connected


def test_revoked_certificate_is_refused_after_a_reload(own: certified.Centre) -> None:
    assert is_let_in(own, HOST)

    own.revoke(HOST)
    reload(own)

    until("the revoked host is refused", lambda: not is_let_in(own, HOST))
    assert is_let_in(own, NEIGHBOUR)


def test_standing_connection_is_mute_once_its_block_is_gone(own: certified.Centre) -> None:
    acl = own.folder / "venuewatch.acl"
    block = certified.block_of(HOST)
    text = acl.read_text()
    assert text.count(block) == 1
    with own.peer(HOST) as host:
        assert host.say(f"venuewatch/v1/STA/{HOST}/beat") in ACCEPTED

        acl.write_text(text.replace(block, ""))
        reload(own)

        until(
            "the host is mute",
            lambda: host.say(f"venuewatch/v1/STA/{HOST}/beat") == REFUSED,
        )


def test_outdated_list_locks_everybody_out(own: certified.Centre) -> None:
    """So it is renewed each day, and a rule tells of it 14 days before."""
    own.revoke(next_update=timedelta(hours=-1))
    reload(own)

    until("nobody is let in", lambda: not is_let_in(own, NEIGHBOUR))


@pytest.mark.parametrize("damage", ["missing", "garbage"])
def test_damaged_list_lets_a_revoked_certificate_in(own: certified.Centre, damage: str) -> None:
    """So a list is verified before it is put in place."""
    own.revoke(HOST)
    reload(own)
    until("the revoked host is refused", lambda: not is_let_in(own, HOST))

    if damage == "missing":
        own.crl.unlink()
    else:
        own.crl.write_text("garbage\n")
    reload(own)

    until("the revoked host is let in", lambda: is_let_in(own, HOST))


def test_websockets_start_where_the_build_has_them(tmp_path: Path) -> None:
    folder = tmp_path / "centre"
    centre = certified.Centre(folder)
    subprocess.run(
        ["mosquitto_passwd", "-b", "-c", folder / "passwd", HOST, brokers.PASSWORD], check=True
    )
    own = "/etc/mosquitto/venuewatch"
    replaced = {
        "listener 8443": f"listener {free_port()}",
        f"certfile {own}/server.pem": f"certfile {folder}/server.pem",
        f"keyfile {own}/server.key": f"keyfile {folder}/server.key",
        "password_file /etc/mosquitto/passwd": f"password_file {folder}/passwd",
        "acl_file /etc/mosquitto/venuewatch.acl": f"acl_file {folder}/venuewatch.acl",
    }
    text = brokers.with_lines((brokers.FILES / "websockets.conf").read_text(), replaced)
    (folder / "conf.d" / "20-venuewatch-websockets.conf").write_text(text)

    try:
        said = complaints(centre)
    except AssertionError:
        if "ebsockets" not in centre.said():
            raise
        pytest.skip(f"this Mosquitto has no websockets: {centre.said().splitlines()[-1]}")

    assert said == []


def test_websockets_take_the_ciphers_of_the_other_listener_with_passwords() -> None:
    """`tls_version` has no effect there, and ciphers have (mosquitto.conf.example)."""
    passwords = (brokers.FILES / "venuewatch.conf").read_text()
    (ciphers,) = re.findall(r"^#(ciphers .+)$", passwords, re.MULTILINE)

    assert (brokers.FILES / "websockets.conf").read_text().splitlines().count(ciphers) == 1


def test_sed_of_the_readme_removes_the_listener_for_trying(tmp_path: Path) -> None:
    script = "/^# For trying/,/^allow_anonymous true/ d"
    readme = (brokers.FILES / "README.md").read_text()
    assert f"sed -i '{script}' " in readme
    centre = certified.Centre(tmp_path / "centre")
    base = brokers.edited(script, "venuewatch.conf")
    assert "listener 1883" not in base
    (centre.folder / "conf.d" / "00-venuewatch.conf").write_text(base)

    Process.start(centre)  # without the wait for that listener
    try:
        until("a host is let in", lambda: is_let_in(centre, HOST))
    finally:
        centre.stop()


@pytest.mark.skipif(shutil.which("openssl") is None, reason="no openssl")
def test_commands_of_the_readme_make_and_revoke_a_certificate(tmp_path: Path) -> None:
    readme = (brokers.FILES / "README.md").read_text()
    made = next(block for block in readme.split("```") if "-gencrl" in block)
    (revoked,) = re.findall(r"`(openssl ca [^`]* -revoke [^`]*)`", readme)
    _, _, list_again = made.partition("\n# Once")
    authority = tmp_path / "authority"
    authority.mkdir()
    centre = certified.Centre(tmp_path / "centre")

    def do(script: str) -> None:
        done = subprocess.run(
            ["sh", "-euc", script], cwd=authority, check=False, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr
        shutil.copy(authority / "crl.pem", centre.crl)

    do(made.removeprefix("sh\n"))
    shutil.copy(authority / "clients.pem", centre.folder)
    certificate = authority / "both.pem"
    parts = [(authority / f"{HOST}.{kind}").read_text() for kind in ("key", "pem")]
    certificate.write_text("".join(parts))
    with centre:
        assert centre.lets_in(HOST, certificate, context=trusting())

        do(f"{revoked}\n#{list_again}")
        reload(centre)

        until(
            "the revoked host is refused",
            lambda: not centre.lets_in(HOST, certificate, context=trusting()),
        )
