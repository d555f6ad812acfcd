"""The authority: certificates, lists of revoked ones, the register, and the folder of all."""

from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization

from venuewatch.base.config import ConfigError
from venuewatch.venue import changes
from venuewatch.venue.authority import crls, folder, register
from venuewatch.venue.authority.certificates import (
    DAY_S,
    as_time,
    common_name,
    is_issued_by,
    make_authority,
    make_certificate,
    make_request,
    pem_of,
    public_key_of_request,
    read_certificate,
    read_key,
    validity,
)
from venuewatch.venue.authority.crls import CrlError, Revoked
from venuewatch.venue.authority.register import Register

NOW = 1_800_000_000.0
PASSPHRASE = b"correct horse battery"
AUTHORITY = make_authority("hosts", NOW)
OTHER = make_authority("hosts of others", NOW)
MADE = make_certificate(AUTHORITY, "STA-1", use="client", valid=validity(NOW, 180.0))


def test_certificate_of_a_host_is_for_clients_only() -> None:
    made = read_certificate(MADE.certificate)
    usage = made.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value

    assert common_name(made) == "STA-1"
    assert list(usage) == [x509.oid.ExtendedKeyUsageOID.CLIENT_AUTH]
    assert is_issued_by(made, AUTHORITY.certificate)
    assert not is_issued_by(made, OTHER.certificate)
    assert read_key(MADE.key, None).public_key() == made.public_key()


@pytest.mark.parametrize("name", ["centre.example.org", "192.0.2.1", "2001:db8::1"])
def test_certificate_of_the_broker_has_its_address(name: str) -> None:
    made = make_certificate(AUTHORITY, name, use="server", valid=validity(NOW, 90.0))

    names = read_certificate(made.certificate).extensions.get_extension_for_class(
        x509.SubjectAlternativeName
    )
    assert [str(each.value) for each in names.value] == [name]


def test_host_whose_clock_is_behind_takes_its_certificate() -> None:
    begin = read_certificate(MADE.certificate).not_valid_before_utc.timestamp()

    assert begin <= NOW - DAY_S


def test_request_of_a_host_gives_its_public_key() -> None:
    key, request = make_request("STA-1")

    assert public_key_of_request(request) == read_key(key, None).public_key()
    with pytest.raises(ValueError, match="expected a certificate request"):
        public_key_of_request(b"none")


def test_list_is_valid_for_400_days_and_has_what_is_revoked() -> None:
    data = crls.make_crl(AUTHORITY, [Revoked(MADE.serial, NOW)], NOW, 7)

    (found,) = crls.read_crls(data)
    assert found.get_revoked_certificate_by_serial_number(MADE.serial) is not None
    assert found.next_update_utc is not None
    assert found.next_update_utc.timestamp() >= NOW + 400 * DAY_S
    crls.check(data, [AUTHORITY.certificate], NOW)


GOOD = crls.make_crl(AUTHORITY, (), NOW, 1)


@pytest.mark.parametrize(
    ("data", "now", "said"),
    [
        (b"", NOW, "expected lists of revoked certificates"),
        (b"garbage", NOW, "expected lists of revoked certificates"),
        (GOOD[: len(GOOD) // 2], NOW, "expected lists of revoked certificates"),
        (GOOD + GOOD[: len(GOOD) // 2], NOW, "cut short"),
        (GOOD + GOOD, NOW, "expected one list signed by the authority hosts, got 2"),
        (crls.make_crl(OTHER, (), NOW, 1), NOW, "got 0"),
        (GOOD + crls.make_crl(OTHER, (), NOW, 1), NOW, "expected lists of 1 authorities alone"),
        (GOOD, NOW + 402 * DAY_S, "valid still"),
        (GOOD, NOW - 2 * DAY_S, "valid already"),
    ],
)
def test_list_that_a_broker_must_not_read_is_refused(data: bytes, now: float, said: str) -> None:
    with pytest.raises(CrlError, match=said):
        crls.check(data, [AUTHORITY.certificate], now)


def test_list_that_another_has_signed_under_our_name_is_refused() -> None:
    forged = crls.make_crl(make_authority("hosts", NOW), (), NOW, 1)

    with pytest.raises(CrlError, match="got 0"):
        crls.check(forged, [AUTHORITY.certificate], NOW)


def test_register_revokes_every_certificate_of_a_name() -> None:
    more = make_certificate(AUTHORITY, "STA-1", use="client", valid=validity(NOW, 200.0))
    known = Register().add(MADE, "STA-1", "STA").add(more, "STA-1", "STA")
    assert known.current("STA-1", NOW) == known.issued[1]

    revoked = known.revoke({"STA-1"}, NOW, "stolen")

    assert {each.serial for each in revoked.revoked()} == {MADE.serial, more.serial}
    assert revoked.current("STA-1", NOW) is None
    assert register.read(register.write(revoked)) == revoked


def test_register_forgets_what_expired_long_ago() -> None:
    known = Register().add(MADE, "STA-1").numbered(NOW + 400 * DAY_S)

    assert known == Register(crl_number=1)


@pytest.mark.parametrize("data", [b"", b"[]", b'{"issued":[{"serial":"x"}]}'])
def test_damaged_register_is_refused_in_words(data: bytes) -> None:
    with pytest.raises(ValueError, match="expected the register of an authority"):
        register.read(data)


@pytest.fixture
def pki(tmp_path: Path) -> Path:
    made, tripwire = folder.begin(NOW)
    _, state = folder.state_files(tmp_path, made, NOW)
    changes.apply([*folder.first_files(tmp_path, made, tripwire, PASSPHRASE), *state])
    return tmp_path


def test_folder_is_opened_with_its_passphrase(pki: Path) -> None:
    opened = folder.open_folder(pki, PASSPHRASE)

    assert len(opened.register.revoked()) == 1  # the tripwire
    assert opened.cafile().count(b"BEGIN CERTIFICATE") == 2
    crls.check((pki / "crl.pem").read_bytes(), opened.of_clients, NOW)
    assert b"ENCRYPTED" in (pki / "clients" / "ca.key").read_bytes()
    assert (pki / "clients" / "ca.key").stat().st_mode & 0o777 == 0o600


def test_wrong_passphrase_is_told(pki: Path) -> None:
    with pytest.raises(ConfigError, match="the passphrase is not this key's"):
        folder.open_folder(pki, b"another one")


@pytest.mark.parametrize("name", ["servers/ca.pem", "clients/ca.key", "clients/issued.json"])
def test_half_written_authority_says_what_to_do(pki: Path, name: str) -> None:
    (pki / name).unlink()

    with pytest.raises(ConfigError, match="restore a backup") as refusal:
        folder.open_folder(pki, PASSPHRASE)

    assert str(refusal.value).startswith(str(pki / name))


def test_key_of_another_authority_is_refused(pki: Path) -> None:
    (pki / "clients" / "ca.key").write_bytes((pki / "next" / "ca.key").read_bytes())

    with pytest.raises(ConfigError, match="is not the key of"):
        folder.open_folder(pki, PASSPHRASE)


@pytest.mark.parametrize("now", [0.0, 1_600_000_000.0, NOW - 30 * DAY_S, NOW + 4_000 * DAY_S])
def test_clock_that_can_not_be_right_makes_no_lists(tmp_path: Path, now: float) -> None:
    made, _ = folder.begin(NOW)

    with pytest.raises(ConfigError, match="set the clock"):
        folder.state_files(tmp_path, made, now)


def test_authority_is_not_begun_by_a_clock_without_a_battery(tmp_path: Path) -> None:
    made, _ = folder.begin(0.0)

    with pytest.raises(ConfigError, match="the clock says 1970-01-01"):
        folder.state_files(tmp_path, made, 0.0)


@pytest.mark.parametrize("name", ["servers/ca.pem", "clients/issued.json"])
def test_damaged_file_says_what_to_do(pki: Path, name: str) -> None:
    (pki / name).write_bytes(b"")

    with pytest.raises(ConfigError, match="restore a backup"):
        folder.open_folder(pki, PASSPHRASE)


@pytest.mark.parametrize("content", [None, b"", b"garbage", GOOD])
def test_list_of_others_that_is_lost_says_what_to_do(pki: Path, content: bytes | None) -> None:
    (pki / "foreign").mkdir()
    (pki / "foreign" / "others.pem").write_bytes(pem_of(OTHER.certificate))
    if content is not None:
        (pki / "foreign" / "others.crl").write_bytes(content)

    with pytest.raises(ConfigError, match=r"others\.crl: .* there") as refusal:
        folder.open_folder(pki, PASSPHRASE)

    assert "begin anew" not in str(refusal.value)


def test_list_of_changes_only_is_refused() -> None:
    builder = x509.CertificateRevocationListBuilder(
        AUTHORITY.certificate.subject, as_time(NOW - DAY_S), as_time(NOW + DAY_S)
    ).add_extension(x509.DeltaCRLIndicator(1), critical=True)
    pem = builder.sign(AUTHORITY.key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)

    with pytest.raises(CrlError, match="a part of it"):
        crls.check(pem, [AUTHORITY.certificate], NOW)


def test_register_of_a_large_fleet_is_read(pki: Path) -> None:
    path = pki / "clients" / "issued.json"
    path.write_bytes(path.read_bytes() + b" " * (17 * 1024 * 1024))

    assert folder.open_folder(pki, PASSPHRASE).register.issued
