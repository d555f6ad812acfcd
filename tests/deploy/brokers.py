"""Real Mosquittos under the shipped files, and who speaks to them.

Mosquitto started by root becomes the user mosquitto, who can't read a test's folder; so every
test configuration begins with ``user root``, which means nothing to any other user.
"""

import socket
import subprocess
from functools import partial
from pathlib import Path
from typing import Self

import trustme

from bench.kit.processes import free_port
from tests.deploy.peer import Peer
from tests.integration.real import Process, program, until
from venuewatch.base.wire import topics
from venuewatch.base.wire.topics import bulk_client, live_client
from venuewatch.rehearsal.live.servers import is_ready

FILES = Path(__file__).parents[2] / "mosquitto"
PASSWORD = "of-the-test"  # noqa: S105 - it opens a broker that lives for one test
ACCEPTED = (0, 16)  # MQTT 5, 3.4.2.1; 16 is success that nobody listened to
REFUSED = 135  # likewise: not authorized

NAME = "aggregator"
CENTRE_STATE = topics.centre_state(NAME)
BRIDGE_STATE = "venuewatch/v1/_bridge/STA"
AGGREGATOR, BULK = live_client(NAME), bulk_client(NAME)
HOST, NEIGHBOUR, BRIDGE = "STA-1", "STA-2", "STA-bridge"
OTHER = live_client("other")  # of a second aggregator
UPWARD = sorted({stream.value for stream in topics.Stream} - {"cmd"})

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


def with_second_aggregator(acl: str) -> str:
    """Return an ACL with the blocks of an aggregator once more, as README.md says."""
    start, end = acl.index(f"user {AGGREGATOR}"), acl.index("# The bridge of venue")
    block = acl[start:end]
    return acl[:end] + block.replace(NAME, "other") + acl[end:]


class Broker(Process):
    """A Mosquitto in a folder of its own, started by entering."""

    def __init__(self, folder: Path, *, port: int, drop_ins: dict[str, str]) -> None:
        config = folder / "mosquitto.conf"
        super().__init__(folder, "output", program("mosquitto"), "-c", str(config))
        self.folder = folder
        self.port = port
        (folder / "conf.d").mkdir()
        for name, text in drop_ins.items():
            (folder / "conf.d" / name).write_text(text)
        config.write_text("user root\n" + DEBIAN.format(folder=folder))

    def start(self) -> Self:
        super().start()
        until("the broker answers", self._is_ready)
        return self

    def said(self) -> str:
        """Return all that it has logged."""
        logs = [self.log, self.folder / "mosquitto.log"]
        return "".join(log.read_text() for log in logs if log.exists())

    def _is_ready(self) -> bool:
        assert self.is_running, self.said()
        return is_ready(partial(socket.create_connection, ("127.0.0.1", self.port)))


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
        for name in (AGGREGATOR, BULK, OTHER, HOST, NEIGHBOUR, BRIDGE):
            subprocess.run(
                ["mosquitto_passwd", "-b", folder / "passwd", name, PASSWORD], check=True
            )
        (folder / "acl").write_text(with_second_aggregator(edited(BRIDGE_ON, "acl")))
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
    """Return what a broker complains of that starts, takes a beat and ends."""
    with broker, Peer(broker.port, "anybody") as peer:
        assert peer.say("venuewatch/v1/STA/STA-1/beat") in ACCEPTED
    words = ("warning", "error", "deprecated")
    lines = [line for line in broker.said().splitlines() if any(w in line.lower() for w in words)]
    return [line for line in lines if "should not be run as root" not in line]
