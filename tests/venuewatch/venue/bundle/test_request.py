"""A key that is made on the host, and the request for its certificate."""

import stat
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.venuewatch.venue.bundle.played import (
    HOST,
    PlayedMachine,
    credentials,
    files_of_host,
    run,
    unpacked,
)
from venuewatch.venue.bundle.host.request import make_request


def test_request_is_signed_by_the_key_beside_it(tmp_path: Path) -> None:
    key_file, request_file = tmp_path / "host.key", tmp_path / "host.csr"

    make_request(HOST, key_file, request_file)

    key = serialization.load_pem_private_key(key_file.read_bytes(), password=None)
    request = x509.load_pem_x509_csr(request_file.read_bytes())
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    assert isinstance(key.curve, ec.SECP256R1)
    assert request.is_signature_valid
    assert request.public_key() == key.public_key()
    (name,) = request.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    assert name.value == HOST
    assert stat.S_IMODE(key_file.stat().st_mode) == 0o600


def test_second_request_is_for_the_same_key(tmp_path: Path) -> None:
    key_file = tmp_path / "host.key"
    make_request(HOST, key_file, tmp_path / "first.csr")
    key = key_file.read_bytes()

    make_request(HOST, key_file, tmp_path / "second.csr")

    assert key_file.read_bytes() == key


def test_request_is_made_in_an_environment_that_is_gone_afterwards(
    tmp_path: Path, machine: PlayedMachine
) -> None:
    folder = unpacked(tmp_path, makes_keys=True)

    code = run(machine, "install", folder, "--csr", tmp_path / "host.csr")

    (request,) = [words for words in machine.ran if str(words[2]).endswith("request.py")]
    assert code == 0
    key, request_file = machine.at("/etc/venuewatch/host.key"), tmp_path / "host.csr"
    assert request[3:] == [HOST, str(key), str(request_file)]
    assert machine.notes == []
    assert machine.users == {"root"}


def test_key_made_here_is_used_with_the_certificate_that_comes_back(
    tmp_path: Path, machine: PlayedMachine
) -> None:
    _, certificate, key = credentials()
    files = {name: what for name, what in files_of_host().items() if name != "host.pem"}
    folder = unpacked(tmp_path, hosts={HOST: files})
    machine.write("/etc/venuewatch/host.key", key, mode=0o600)
    signed = tmp_path / "signed.pem"
    signed.write_bytes(certificate)

    code = run(machine, "install", folder, "--certificate", signed)

    assert code == 0
    assert machine.at("/etc/venuewatch/host.pem").read_bytes() == certificate
    made = machine.at("/etc/venuewatch/host.key").stat()
    assert stat.S_IMODE(made.st_mode) == 0o640
