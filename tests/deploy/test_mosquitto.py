"""The shipped Mosquitto files, on the real broker.

Mosquitto started by root becomes the user mosquitto, who can't read a test's folder; so every
test configuration begins with ``user root``, which means nothing to any other user.
"""

import os
import queue
import shutil
import socket
import ssl
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Self, TypeAlias

import pytest
import trustme
from paho.mqtt.client import Client, MQTTMessage, MQTTv5
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from venuewatch import clock
from venuewatch.wire import topics

pytestmark = pytest.mark.broker

FILES = Path(__file__).parents[2] / "mosquitto"
MOSQUITTO = shutil.which("mosquitto", path=f"{os.environ['PATH']}:/usr/sbin") or "mosquitto"
PATIENCE_S = 10.0
PASSWORD = "of-the-test"  # noqa: S105 - it opens a broker that lives for one test
ACCEPTED = (0, 16)  # MQTT 5, 3.4.2.1; 16 is success that nobody listened to
REFUSED = 135  # likewise: not authorized

CENTRE_STATE = topics.centre_state("aggregator")
BRIDGE_STATE = "venuewatch/v1/_bridge/STA"
AGGREGATOR, HOST, NEIGHBOUR, BRIDGE = "aggregator", "STA-1", "STA-2", "STA-bridge"
UPWARD = sorted({stream.value for stream in topics.Stream} - {"cmd"} | {"checks", "backlog"})

ANONYMOUS_CONNECT = b"\x10\x10\x00\x04MQTT\x04\x02\x00\x00\x00\x04wait"  # MQTT 3.1.1

# As README.md tells a reader to switch TLS on, and a bridge's block in the ACL.
TLS_ON = r"/^# For venues/,$ s/^#\([#a-z]\)/\1/"
BRIDGE_ON = r"s/^#\(user\|topic\) /\1 /"

# What Debian's own mosquitto.conf says, in a folder of the test.
DEBIAN = """\
pid_file {folder}/mosquitto.pid
persistence true
persistence_location {folder}/
log_dest file {folder}/mosquitto.log
include_dir {folder}/conf.d
"""

Heard: TypeAlias = tuple[str, bytes, bool]


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
    return port


def with_lines(text: str, replaced: dict[str, str]) -> str:
    """Return ``text`` with whole lines replaced; each must be there exactly once."""
    lines = text.splitlines()
    for old, new in replaced.items():
        assert lines.count(old) == 1, f"expected one line {old!r}"
        lines[lines.index(old)] = new
    return "\n".join(lines) + "\n"


def edited(script: str, name: str) -> str:
    """Return the shipped file as sed leaves it."""
    done = subprocess.run(["sed", script, FILES / name], check=True, capture_output=True, text=True)
    assert done.stdout != (FILES / name).read_text()
    return done.stdout


class Broker:
    """A Mosquitto in a folder of its own, started by entering."""

    def __init__(self, folder: Path, *, port: int, drop_ins: dict[str, str]) -> None:
        self.folder = folder
        self.port = port
        (folder / "conf.d").mkdir()
        for name, text in drop_ins.items():
            (folder / "conf.d" / name).write_text(text)
        (folder / "mosquitto.conf").write_text("user root\n" + DEBIAN.format(folder=folder))

    def __enter__(self) -> Self:
        with (self.folder / "stderr").open("a") as stderr:
            self._process = subprocess.Popen(
                [MOSQUITTO, "-c", self.folder / "mosquitto.conf"],
                cwd=self.folder,
                stderr=stderr,
            )
        deadline = clock.monotonic() + PATIENCE_S
        while True:
            try:
                with socket.create_connection(("127.0.0.1", self.port), PATIENCE_S) as probe:
                    # Listeners are opened one by one, and answered when all are.
                    probe.sendall(ANONYMOUS_CONNECT)
                    assert probe.recv(4), self.said()
            except ConnectionRefusedError:
                assert self._process.poll() is None, self.said()
                assert clock.monotonic() < deadline, self.said()
                time.sleep(0.01)  # between two tries
            else:
                return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def stop(self) -> None:
        """End it as its service would; it saves what it keeps."""
        self._process.terminate()
        self._process.wait(PATIENCE_S)

    def said(self) -> str:
        """Return all that it has logged."""
        logs = [self.folder / "stderr", self.folder / "mosquitto.log"]
        return "".join(log.read_text() for log in logs if log.exists())


class Peer:
    """One MQTT 5 client; it waits for the broker's answers, and hears in their order."""

    def __init__(
        self,
        port: int,
        name: str,
        *,
        client_id: str = "",
        password: str | None = None,
        authority: Path | None = None,
        will: str | None = None,
    ) -> None:
        self._answers: queue.SimpleQueue[int] = queue.SimpleQueue()
        self._heard: queue.SimpleQueue[Heard] = queue.SimpleQueue()
        self.is_connected = False
        self._client = Client(
            CallbackAPIVersion.VERSION2,
            client_id or name,
            None,
            protocol=MQTTv5,
            reconnect_on_failure=False,
        )
        if password is not None:
            self._client.username_pw_set(name, password)
        if authority is not None:
            self._client.tls_set(ca_certs=str(authority), tls_version=ssl.PROTOCOL_TLS_CLIENT)
        if will is not None:
            self._client.will_set(will, b"lost", qos=1, retain=True)
        self._client.on_connect = self._on_connect
        self._client.on_disconnect = self._on_disconnect
        self._client.on_publish = self._on_publish
        self._client.on_subscribe = self._on_subscribe
        self._client.on_message = self._on_message
        self._client.connect("127.0.0.1", port)
        self._client.loop_start()
        self.connected = self._answers.get(timeout=PATIENCE_S)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._client.disconnect()
        self._client.loop_stop()

    def say(self, topic: str, payload: bytes = b"", *, qos: int = 1, retain: bool = False) -> int:
        """Publish; return the reason code of the acknowledgement, 0 for QoS 0."""
        self._client.publish(topic, payload, qos, retain)
        return self._answers.get(timeout=PATIENCE_S)

    def listen(self, pattern: str) -> None:
        """Subscribe, and wait until that is acknowledged."""
        self._client.subscribe(pattern, qos=1)
        self._answers.get(timeout=PATIENCE_S)

    def hear(self) -> Heard:
        """Return the next message: topic, payload, retained."""
        return self._heard.get(timeout=PATIENCE_S)

    def vanish(self) -> None:
        """End the connection without a farewell, as a crash does."""
        connection = self._client.socket()
        assert isinstance(connection, socket.socket)
        connection.shutdown(socket.SHUT_RDWR)

    def _on_connect(
        self, _c: Client, _u: Any, _f: Any, code: ReasonCode, _p: Properties | None
    ) -> None:
        self.is_connected = not code.is_failure
        self._answers.put(code.value)

    def _on_disconnect(self, *_: object) -> None:
        self.is_connected = False

    def _on_publish(self, _c: Client, _u: Any, _mid: int, code: ReasonCode, _p: Properties) -> None:
        self._answers.put(code.value)

    def _on_subscribe(self, *_: object) -> None:
        self._answers.put(0)

    def _on_message(self, _c: Client, _u: Any, message: MQTTMessage) -> None:
        self._heard.put((message.topic, bytes(message.payload), message.retain))


class Centre(Broker):
    """A central broker with TLS, passwords and the ACL switched on as README.md says."""

    def __init__(self, folder: Path) -> None:
        self.authority = folder / "ca.crt"
        authority = trustme.CA()
        server = authority.issue_cert("127.0.0.1")
        authority.cert_pem.write_to_path(str(self.authority))
        server.cert_chain_pems[0].write_to_path(str(folder / "server.crt"))
        server.private_key_pem.write_to_path(str(folder / "server.key"))
        (folder / "passwd").touch(0o600)
        for name in (AGGREGATOR, HOST, NEIGHBOUR, BRIDGE):
            subprocess.run(
                ["mosquitto_passwd", "-b", folder / "passwd", name, PASSWORD], check=True
            )
        (folder / "acl").write_text(edited(BRIDGE_ON, "acl"))
        (folder / "acl").chmod(0o600)  # newer versions warn of more
        port, self.tls_port = free_port(), free_port()
        replaced = {
            "listener 1883 127.0.0.1": f"listener {port} 127.0.0.1",
            "listener 8883": f"listener {self.tls_port} 127.0.0.1",
            "cafile /etc/mosquitto/certs/ca.crt": f"cafile {folder}/ca.crt",
            "certfile /etc/mosquitto/certs/server.crt": f"certfile {folder}/server.crt",
            "keyfile /etc/mosquitto/certs/server.key": f"keyfile {folder}/server.key",
            "password_file /etc/mosquitto/passwd": f"password_file {folder}/passwd",
            "acl_file /etc/mosquitto/acl": f"acl_file {folder}/acl",
        }
        text = with_lines(edited(TLS_ON, "venuewatch.conf"), replaced)
        super().__init__(folder, port=port, drop_ins={"venuewatch.conf": text})

    def peer(self, name: str, *, client_id: str = "", will: str | None = None) -> Peer:
        """Connect over TLS with the right password."""
        return Peer(
            self.tls_port,
            name,
            client_id=client_id,
            password=PASSWORD,
            authority=self.authority,
            will=will,
        )


def trying(port: int) -> str:
    """Return the shipped central configuration, with only its loopback listener moved."""
    text = (FILES / "venuewatch.conf").read_text()
    return with_lines(text, {"listener 1883 127.0.0.1": f"listener {port} 127.0.0.1"})


def complaints(broker: Broker) -> list[str]:
    words = ("warning", "error", "deprecated")
    lines = [line for line in broker.said().splitlines() if any(w in line.lower() for w in words)]
    return [line for line in lines if "should not be run as root" not in line]


@pytest.fixture(scope="module")
def centre(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Centre]:
    with Centre(tmp_path_factory.mktemp("centre")) as broker:
        yield broker


@pytest.fixture
def aggregator(centre: Centre) -> Iterator[Peer]:
    with centre.peer(AGGREGATOR) as peer:
        yield peer


@pytest.fixture
def host(centre: Centre) -> Iterator[Peer]:
    with centre.peer(HOST) as peer:
        yield peer


@pytest.fixture
def venue(centre: Centre, aggregator: Peer, tmp_path: Path) -> Iterator[Broker]:
    """Start a venue's broker, and wait until what the centre says arrives there."""
    port = free_port()
    replaced = {
        "address centre.example.org:8883": f"address 127.0.0.1:{centre.tls_port}",
        "remote_password change-me": f"remote_password {PASSWORD}",
        "bridge_cafile /etc/mosquitto/certs/ca.crt": f"bridge_cafile {centre.authority}",
    }
    bridge = with_lines((FILES / "venue-bridge.conf").read_text(), replaced)
    drop_ins = {"venuewatch.conf": trying(port), "venue-bridge.conf": bridge}
    aggregator.listen(BRIDGE_STATE)
    aggregator.say(CENTRE_STATE, b"online", retain=True)
    with Broker(tmp_path, port=port, drop_ins=drop_ins) as broker:
        with Peer(port, "first") as first:
            first.listen(CENTRE_STATE)
            first.hear()
        while aggregator.hear() != (BRIDGE_STATE, b"1", False):
            pass
        yield broker


def test_the_central_file_works_beside_debians_own_and_warns_of_nothing(tmp_path: Path) -> None:
    port = free_port()
    broker = Broker(tmp_path, port=port, drop_ins={"venuewatch.conf": trying(port)})

    with broker, Peer(port, "anybody") as peer:
        answer = peer.say("venuewatch/v1/STA/STA-1/beat")

    assert answer in ACCEPTED
    assert complaints(broker) == []


def test_the_central_file_works_alone_and_keeps_its_memory_where_it_was_started(
    tmp_path: Path,
) -> None:
    port = free_port()
    broker = Broker(tmp_path, port=port, drop_ins={})
    (tmp_path / "mosquitto.conf").write_text(f"user root\n{trying(port)}")

    with broker, Peer(port, "anybody") as peer:
        answer = peer.say("venuewatch/v1/STA/STA-1/beat")

    assert answer in ACCEPTED
    assert complaints(broker) == []
    assert (tmp_path / "mosquitto.db").exists()


def test_with_tls_on_only_the_one_meant_warning_is_left(tmp_path: Path) -> None:
    broker = Centre(tmp_path)

    with broker, Peer(broker.port, "anybody") as peer:
        answer = peer.say("venuewatch/v1/STA/STA-1/beat")

    assert answer in ACCEPTED
    meant = "Warning: ACL pattern 'venuewatch/v1/_centre/#' does not contain '%c' or '%u'."
    assert [line.partition(": ")[2] for line in complaints(broker)] == [meant]


def test_the_readme_says_how_the_tests_switch_tls_on() -> None:
    assert f"sed -i '{TLS_ON}' " in (FILES / "README.md").read_text()


@pytest.mark.skipif(shutil.which("openssl") is None, reason="no openssl")
def test_the_readmes_commands_make_certificates_that_a_strict_client_trusts(
    tmp_path: Path,
) -> None:
    blocks = (FILES / "README.md").read_text().split("```")
    commands = next(block for block in blocks if "openssl req -x509" in block)
    assert commands.count("DNS:centre.example.org") == 1
    script = commands.removeprefix("sh\n").replace("DNS:centre.example.org", "IP:127.0.0.1")
    (tmp_path / "etc").mkdir()
    broker = Centre(tmp_path / "etc")

    subprocess.run(["sh", "-euc", script], cwd=tmp_path, check=True, capture_output=True)
    for name in ("ca.crt", "server.crt", "server.key"):
        shutil.copy(tmp_path / "authority" / name, broker.folder)

    strict = ssl.create_default_context(cafile=str(broker.authority))
    strict.verify_flags |= ssl.VERIFY_X509_STRICT
    with (
        broker,
        socket.create_connection(("127.0.0.1", broker.tls_port), PATIENCE_S) as plain,
        strict.wrap_socket(plain, server_hostname="127.0.0.1") as wrapped,
    ):
        assert wrapped.version() == "TLSv1.3"


@pytest.mark.parametrize("stream", UPWARD)
def test_a_host_may_speak_on_each_of_its_own_streams(
    aggregator: Peer, host: Peer, stream: str
) -> None:
    topic = f"venuewatch/v1/STA/{HOST}/{stream}"
    aggregator.listen(topic)

    answer = host.say(topic, b"own")

    assert answer in ACCEPTED
    assert aggregator.hear() == (topic, b"own", False)


@pytest.mark.parametrize(
    "topic",
    [
        *(f"venuewatch/v1/STA/{NEIGHBOUR}/{stream}" for stream in UPWARD),
        *(f"venuewatch/v1/_centre/{HOST}/{stream}" for stream in UPWARD),
        f"venuewatch/v1/STA/{HOST}/cmd",
        f"venuewatch/v1/STA/{HOST}/other",
        f"venuewatch/v1/STA/{HOST}/beat/deeper",
        f"venuewatch/v2/STA/{HOST}/beat",
        topics.TICK,
        f"venuewatch/v1/_centre/{HOST}/state",
        "venuewatch/v1/_status/STA",
        "venuewatch/v1/_bridge/STA",
        "somewhere/else",
    ],
)
def test_what_a_host_may_not_say_is_refused_and_nobody_hears_it(
    centre: Centre, host: Peer, topic: str
) -> None:
    own = f"venuewatch/v1/STA/{HOST}/beat"
    with Peer(centre.port, "witness") as witness:
        witness.listen(topic)
        witness.listen(own)

        answers = host.say(topic, b"forbidden"), host.say(own, b"allowed")

        assert answers == (REFUSED, 0)
        assert witness.hear() == (own, b"allowed", False)


def test_a_refused_will_is_never_heard_and_an_own_one_is(centre: Centre) -> None:
    stolen = f"venuewatch/v1/STA/{NEIGHBOUR}/death"
    own = f"venuewatch/v1/STA/{HOST}/death"
    with Peer(centre.port, "witness") as witness:
        witness.listen(stolen)
        witness.listen(own)
        with centre.peer(HOST, will=stolen), centre.peer(HOST, will=own) as crashing:
            # The second connection took the first's place: that is when the first's will goes out.
            crashing.vanish()

            assert witness.hear() == (own, b"lost", False)


def test_a_host_hears_its_own_commands_and_the_centre_and_nobody_else(
    aggregator: Peer, host: Peer
) -> None:
    host.listen("#")
    topics_said = [
        f"venuewatch/v1/STA/{NEIGHBOUR}/cmd",
        "venuewatch/v1/_status/STA",
        topics.TICK,
        f"venuewatch/v1/STA/{HOST}/cmd",
    ]

    answers = [aggregator.say(topic) for topic in topics_said]

    assert set(answers) <= set(ACCEPTED)
    assert [host.hear()[0], host.hear()[0]] == topics_said[2:]


def test_the_aggregator_hears_how_many_messages_the_broker_dropped(aggregator: Peer) -> None:
    aggregator.listen("$SYS/broker/publish/messages/dropped")

    assert aggregator.hear()[1] == b"0"


@pytest.mark.parametrize("topic", [f"venuewatch/v1/STA/{HOST}/beat", "somewhere/else"])
def test_the_aggregator_may_not_speak_for_others(aggregator: Peer, topic: str) -> None:
    assert aggregator.say(topic) == REFUSED


@pytest.mark.parametrize("password", [None, "wrong"])
def test_nobody_gets_in_without_the_right_password(centre: Centre, password: str | None) -> None:
    with Peer(centre.tls_port, HOST, password=password, authority=centre.authority) as peer:
        assert peer.connected == REFUSED


def test_a_host_can_not_throw_out_another_by_its_client_id(centre: Centre, host: Peer) -> None:
    with centre.peer(NEIGHBOUR, client_id=HOST) as thief:
        assert thief.say(f"venuewatch/v1/STA/{NEIGHBOUR}/beat") in ACCEPTED
        assert host.say(f"venuewatch/v1/STA/{HOST}/beat") in ACCEPTED
        assert host.is_connected


def test_a_retained_birth_outlives_a_restart_of_the_broker(tmp_path: Path) -> None:
    broker = Centre(tmp_path)
    birth = f"venuewatch/v1/STA/{HOST}/birth"
    with broker, broker.peer(HOST) as host:
        host.say(birth, b"born", retain=True)

    with broker, broker.peer(AGGREGATOR) as aggregator:
        aggregator.listen(birth)

        assert aggregator.hear() == (birth, b"born", True)


def test_a_bridge_passes_births_on_as_live_and_keeps_them_at_the_centre(
    venue: Broker, centre: Centre, aggregator: Peer
) -> None:
    birth = "venuewatch/v1/STA/STA-born/birth"
    aggregator.listen(birth)
    with Peer(venue.port, "STA-born") as born:
        born.say(birth, b"born", retain=True)

        assert aggregator.hear() == (birth, b"born", False)
    with Peer(centre.port, "late") as late:
        late.listen(birth)

        assert late.hear() == (birth, b"born", True)


def test_a_bridge_passes_the_will_of_a_lost_host_on(venue: Broker, aggregator: Peer) -> None:
    death = "venuewatch/v1/STA/STA-lost/death"
    aggregator.listen(death)
    with Peer(venue.port, "STA-lost", will=death) as lost:
        lost.vanish()

        assert aggregator.hear() == (death, b"lost", False)


def test_a_bridge_brings_commands_and_ticks_down_and_none_of_them_back(
    venue: Broker, aggregator: Peer
) -> None:
    command, beat = "venuewatch/v1/STA/STA-told/cmd", "venuewatch/v1/STA/STA-told/beat"
    aggregator.listen("venuewatch/v1/STA/STA-told/#")
    with Peer(venue.port, "STA-told") as told:
        told.listen(command)
        told.listen(topics.TICK)
        aggregator.say(command)
        aggregator.say(topics.TICK, qos=0)

        assert [told.hear()[0], told.hear()[0]] == [command, topics.TICK]
        told.say(beat, qos=0)
        assert [aggregator.hear()[0], aggregator.hear()[0]] == [command, beat]


def test_the_centre_hears_when_a_bridge_is_lost(venue: Broker, aggregator: Peer) -> None:
    venue.stop()

    assert aggregator.hear() == (BRIDGE_STATE, b"0", False)


def test_a_bridge_that_returns_says_old_births_again_and_not_as_retained(
    venue: Broker, aggregator: Peer
) -> None:
    """So a birth or death of a boot and session that are known already is no news."""
    birth = "venuewatch/v1/STA/STA-old/birth"
    with Peer(venue.port, "STA-old") as old:
        old.say(birth, b"born", retain=True)
    venue.stop()
    assert aggregator.hear() == (BRIDGE_STATE, b"0", False)
    aggregator.listen(birth)
    assert aggregator.hear() == (birth, b"born", True)

    with venue:
        again = next(heard for heard in iter(aggregator.hear, None) if heard[0] == birth)

    assert again == (birth, b"born", False)
