"""A TLS server that can be trusted, and for how long still."""

import ssl
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import pytest
import trustme

from agent.checks import Reading
from tests.agent.checks import peers
from tests.agent.checks.authority import DAY_S, Authority, tls_peer
from venuewatch.base import clock


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


def of_server(context: ssl.SSLContext, **config: Any) -> Reading:
    with tls_peer(context, peers.say_nothing) as port:
        return peers.read("tls", address="localhost", port=port, **config)


def expires_in_days(reading: Reading) -> float:
    at = reading.values.check_certificate_expiry_timestamp_seconds
    assert at is not None
    return (at - clock.wall()) / DAY_S


@pytest.mark.parametrize(
    ("days", "state"), [(90.0, "ok"), (10.0, "warning"), (2.0, "critical"), (60_000.0, "ok")]
)
def test_a_trusted_certificate_counts_by_its_days(
    authority: Authority, days: float, state: str
) -> None:
    reading = of_server(authority.context(days=days), ca_file=authority.file)

    assert reading.state == state
    assert reading.detail == f"the certificate expires in {days:.1f} days"
    assert expires_in_days(reading) == pytest.approx(days, abs=0.01)
    assert reading.values.check_round_trip_avg_seconds is not None


@pytest.mark.parametrize(
    ("name", "days", "settings", "detail"),
    [
        ("localhost", -5, {}, "the certificate is not trusted: certificate has expired"),
        ("other.example", 90, {}, "the certificate is not trusted: Hostname mismatch*"),
        ("other.example", 90, {"server_name": "other.example"}, "the certificate expires in 90*"),
        ("localhost", 90, {"ca_file": ""}, "the certificate is not trusted: *"),
        ("localhost", 90, {"ca_file": "", "verify": False}, "the certificate expires in 90*"),
        ("localhost", -5, {"ca_file": "", "verify": False}, "the certificate expired 5.0*"),
    ],
)
def test_certificate_is_trusted_or_not_and_its_expiry_is_told(
    authority: Authority, name: str, days: float, settings: dict[str, Any], detail: str
) -> None:
    context = authority.context(name, days)

    reading = of_server(context, **{"ca_file": authority.file} | settings)

    assert reading.state == ("ok" if "expires in" in detail else "critical")
    assert fnmatch(reading.detail, detail)
    assert expires_in_days(reading) == pytest.approx(days, abs=0.01)


def test_a_renewed_file_of_authorities_is_read_again(authority: Authority, tmp_path: Path) -> None:
    file = tmp_path / "trusted.pem"
    trustme.CA().cert_pem.write_to_path(str(file))
    before = of_server(authority.context(), ca_file=str(file))
    file.write_bytes(Path(authority.file).read_bytes())

    after = of_server(authority.context(), ca_file=str(file))

    assert (before.state, after.state) == ("critical", "ok")


@pytest.mark.parametrize(
    ("script", "detail"),
    [
        (peers.say_nothing, "no answer in time"),
        (peers.drip(b"\x16\x03\x03\x40\x00\x02"), "no answer in time"),
        (peers.say(b"HTTP/1.0 400 Bad Request\r\n\r\n"), "TLS failed: WRONG_VERSION_NUMBER"),
        (peers.say(b""), "TLS failed: UNEXPECTED_EOF_WHILE_READING"),
        (peers.hang_up, "the connection was closed by the other side"),
        (peers.pour(b"", b"\x16\x03\x03\x40\x00" + bytes(16_384)), "the TLS handshake has no end"),
    ],
)
def test_a_server_that_does_not_shake_hands_is_critical(script: peers.Script, detail: str) -> None:
    with peers.tcp_peer(script) as port:
        reading = peers.read("tls", address=peers.LOOPBACK, port=port, timeout_s=0.6)

    assert reading.state == "critical"
    assert reading.detail.startswith(detail)


def test_a_file_of_authorities_that_is_missing_or_empty_is_named(tmp_path: Path) -> None:
    missing, empty = tmp_path / "missing.pem", tmp_path / "empty.pem"
    empty.touch()

    details = [
        peers.read("tls", address=peers.LOOPBACK, ca_file=str(each)).detail
        for each in (missing, empty)
    ]

    assert details == [
        f"{missing}: No such file or directory",
        f"{empty}: Expected PEM certificates",
    ]


def test_a_name_that_tls_can_not_use_is_critical() -> None:
    with peers.tcp_peer(peers.say_nothing) as port:
        reading = peers.read("tls", address=peers.LOOPBACK, port=port, server_name=".example")

    assert reading.detail == "the server name can not be used for TLS"
