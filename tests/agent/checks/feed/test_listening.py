"""A feed check that listens: from its configuration to a reading."""

import http.client
import socket
import ssl
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import trustme

from agent.checks import Reading
from agent.checks.feed import Check, Config
from bench.kit.processes import free_port

PATIENCE_S = 10.0
BODY = b'<Body DocumentType="DT_KA" Source="HALL1"/>'


def listening(port: int, **fields: Any) -> Check:
    return Check(Config(name="r", listen_port=port, zone="UTC", **fields), lambda _name: None)


def push_to(
    tls: ssl.SSLContext | None = None, headers: dict[str, str] | None = None, **fields: Any
) -> tuple[int, Reading]:
    """Push one message to a check that listens; return the answer's status and the reading."""
    port = free_port()
    check = listening(port, **fields)
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE_S)
    if tls is not None:
        connection = http.client.HTTPSConnection("127.0.0.1", port, timeout=PATIENCE_S, context=tls)
    connection.request("POST", "/", BODY, headers or {})
    status = connection.getresponse().status
    connection.close()
    reading = check.read()
    check.close()
    return status, reading


def test_a_check_counts_refusals_for_the_key(tmp_path: Path) -> None:
    (tmp_path / "feed.key").write_text("s3cret\n")

    status, reading = push_to(api_key_file=str(tmp_path / "feed.key"))

    assert status == 401
    assert reading.values.results_unauthorized_total == 1
    assert ("key", 1.0) in (reading.values.results_refused_total or ())


def test_check_takes_pushes_of_allowed_peers_alone(tmp_path: Path) -> None:
    (tmp_path / "feed.key").write_text("s3cret\n")
    secret = str(tmp_path / "feed.key")

    statuses = [
        push_to(api_key_file=secret, headers={"X-Api-Key": "s3cret"}, peers=peers)[0]
        for peers in [(), ("127.0.0.1",), ("192.0.2.0/24",)]
    ]

    assert statuses == [200, 200, 403]


def test_a_check_listens_with_tls_from_files(tmp_path: Path) -> None:
    authority, files = trustme.CA(), (tmp_path / "crt.pem", tmp_path / "key.pem")
    cert = authority.issue_cert("127.0.0.1")
    cert.cert_chain_pems[0].write_to_path(files[0])
    cert.private_key_pem.write_to_path(files[1])
    context = ssl.create_default_context()
    authority.configure_trust(context)

    status, reading = push_to(context, cert_file=str(files[0]), key_file=str(files[1]))

    assert (status, reading.state) == (200, "flowing")


def test_a_taken_port_is_critical_until_it_is_free() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        check = listening(port)
        taken = check.read()
    free = check.read()
    check.close()

    assert (taken.state, free.state) == ("critical", "unknown")
    assert taken.detail.startswith(f"127.0.0.1:{port}: another program listens there already")


def test_a_missing_key_file_is_critical() -> None:
    check = listening(free_port(), api_key_file="/nowhere/key")

    reading = check.read()
    check.close()

    assert reading.state == "critical"
    assert "/nowhere/key: No such file or directory" in reading.detail


def test_messages_from_many_at_once_are_all_counted() -> None:
    port = free_port()
    check = listening(port)

    def push_many() -> None:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE_S)
        for _ in range(25):
            connection.request("POST", "/", BODY)
            connection.getresponse().read()
        connection.close()

    senders = [threading.Thread(target=push_many) for _ in range(8)]
    for sender in senders:
        sender.start()
    for sender in senders:
        sender.join(PATIENCE_S)
    reading = check.read()
    check.close()

    assert reading.values.results_messages_total == 200


def test_h11_is_loaded_where_pushes_are_configured_only() -> None:
    script = "import sys, agent.__main__, agent.checks.feed; print('h11' in sys.modules)"

    told = subprocess.run([sys.executable, "-c", script], capture_output=True, check=True)

    assert told.stdout.split() == [b"False"]
