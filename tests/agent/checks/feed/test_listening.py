"""A feed check that listens: from its configuration to a reading."""

import http.client
import socket
import ssl
import subprocess
import sys
import threading
from pathlib import Path

import trustme

from agent.checks.feed import Check, Config
from bench.kit.processes import free_port

PATIENCE_S = 10.0
BODY = b'<Body DocumentType="DT_KA" Source="HALL1"/>'


def test_a_check_counts_refusals_for_the_key(tmp_path: Path) -> None:
    key_file = tmp_path / "feed.key"
    key_file.write_text("s3cret\n")
    port = free_port()
    config = Config(name="r", listen_port=port, zone="UTC", api_key_file=str(key_file))
    check = Check(config, lambda _name: None)
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE_S)
    connection.request("POST", "/", BODY)
    status = connection.getresponse().status
    connection.close()

    reading = check.read()
    check.close()

    assert status == 401
    assert reading.values.results_unauthorized_total == 1


def test_a_check_listens_with_tls_from_files(tmp_path: Path) -> None:
    authority = trustme.CA()
    cert = authority.issue_cert("127.0.0.1")
    cert.cert_chain_pems[0].write_to_path(tmp_path / "crt.pem")
    cert.private_key_pem.write_to_path(tmp_path / "key.pem")
    context = ssl.create_default_context()
    authority.configure_trust(context)
    port = free_port()
    config = Config(
        name="r",
        listen_port=port,
        zone="UTC",
        cert_file=str(tmp_path / "crt.pem"),
        key_file=str(tmp_path / "key.pem"),
    )
    check = Check(config, lambda _name: None)
    connection = http.client.HTTPSConnection("127.0.0.1", port, timeout=PATIENCE_S, context=context)
    connection.request("POST", "/", BODY)
    status = connection.getresponse().status
    connection.close()

    reading = check.read()
    check.close()

    assert (status, reading.state) == (200, "flowing")


def test_a_taken_port_is_critical_until_it_is_free() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        check = Check(Config(name="r", listen_port=port, zone="UTC"), lambda _name: None)
        taken = check.read()
    free = check.read()
    check.close()

    assert (taken.state, free.state) == ("critical", "not_expected")
    assert taken.detail.startswith(f"127.0.0.1:{port}: another program listens there already")


def test_a_missing_key_file_is_critical() -> None:
    config = Config(name="r", listen_port=free_port(), zone="UTC", api_key_file="/nowhere/key")
    check = Check(config, lambda _name: None)

    reading = check.read()
    check.close()

    assert reading.state == "critical"
    assert "/nowhere/key: No such file or directory" in reading.detail


def test_messages_from_many_at_once_are_all_counted() -> None:
    port = free_port()
    check = Check(Config(name="r", listen_port=port, zone="UTC"), lambda _name: None)

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
