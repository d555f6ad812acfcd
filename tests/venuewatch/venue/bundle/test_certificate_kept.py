"""Certificates that were renewed since a bundle was made: they stay."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.venuewatch.venue.bundle.played import (
    HOST,
    NOW_S,
    PlayedMachine,
    files_of_host,
    run,
    unpacked,
)

INSTALLED = "/etc/venuewatch/host.pem"
NOW = datetime.fromtimestamp(NOW_S, UTC)


def key() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


def certificate(of: ec.EllipticCurvePrivateKey, *, days: int) -> bytes:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, HOST)])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(of.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(NOW - timedelta(days=1))
        .not_valid_after(NOW + timedelta(days=days))
        .sign(of, hashes.SHA256())
    )
    return made.public_bytes(serialization.Encoding.PEM)


def written(tmp_path: Path, of: ec.EllipticCurvePrivateKey) -> Path:
    path = tmp_path / "host.key"
    path.write_bytes(
        of.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return path


def bundle(tmp_path: Path, version: str, pem: bytes) -> Path:
    return unpacked(tmp_path, version, {HOST: {**files_of_host(), "host.pem": pem}})


@pytest.mark.parametrize("has_new_key", [True, False])
def test_renewed_certificate_outlives_an_upgrade_with_an_older_one(
    tmp_path: Path, machine: PlayedMachine, *, has_new_key: bool
) -> None:
    first = key()
    older, second = certificate(first, days=30), key() if has_new_key else first
    run(machine, "install", bundle(tmp_path, "1.0.0", older), "--key", written(tmp_path, first))
    newer = certificate(second, days=90)
    machine.write(INSTALLED, newer, mode=0o644)
    secret = written(tmp_path, second).read_bytes()
    machine.write("/etc/venuewatch/host.key", secret, mode=0o640)

    code = run(machine, "upgrade", bundle(tmp_path, "2.0.0", older))

    assert (code, machine.running) == (0, "2.0.0")
    assert machine.at(INSTALLED).read_bytes() == newer
    assert f"{INSTALLED} stays: it was renewed since the bundle was made" in machine.told


def test_certificate_of_a_later_bundle_replaces_the_earlier_one(
    tmp_path: Path, machine: PlayedMachine
) -> None:
    own = key()
    older, newer = certificate(own, days=30), certificate(own, days=90)
    run(machine, "install", bundle(tmp_path, "1.0.0", older), "--key", written(tmp_path, own))

    run(machine, "upgrade", bundle(tmp_path, "2.0.0", newer))

    assert machine.at(INSTALLED).read_bytes() == newer


def test_new_key_comes_with_the_certificate_of_the_bundle(
    tmp_path: Path, machine: PlayedMachine
) -> None:
    first, second = key(), key()
    older, newer = certificate(first, days=90), certificate(second, days=30)
    run(machine, "install", bundle(tmp_path, "1.0.0", older), "--key", written(tmp_path, first))

    run(machine, "upgrade", bundle(tmp_path, "2.0.0", newer), "--key", written(tmp_path, second))

    assert machine.at(INSTALLED).read_bytes() == newer


def test_key_is_compared_without_a_disk(
    tmp_path: Path, machine: PlayedMachine, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = key()
    folder = bundle(tmp_path, "1.0.0", certificate(own, days=30))
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "no such folder"))

    assert run(machine, "install", folder, "--key", written(tmp_path, own)) == 0
