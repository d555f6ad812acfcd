"""Makes keys, certificates and requests: ECDSA over P-256, signed with SHA-256.

Pure: times are seconds since 1970 (UTC), and arguments. Only keys and serial numbers are random.
"""

import ipaddress
from datetime import UTC, datetime
from typing import Final, Literal, NamedTuple, TypeAlias

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

Key: TypeAlias = ec.EllipticCurvePrivateKey
Use: TypeAlias = Literal["client", "server"]

DAY_S: Final = 86_400.0
AUTHORITY_DAYS: Final = 3_650
"""How long (days) an authority is valid; the next one is there from the first day."""

BACKDATED_S: Final = DAY_S
"""So far (s) back a certificate's validity begins: the clock of a host may be behind."""

_COMMON_NAME_MAX: Final = 64  # RFC 5280, A.1: ub-common-name
_USES: Final = {
    "client": ExtendedKeyUsageOID.CLIENT_AUTH,
    "server": ExtendedKeyUsageOID.SERVER_AUTH,
}


class Authority(NamedTuple):
    """An authority: its key, and its certificate."""

    key: Key
    certificate: x509.Certificate


class Made(NamedTuple):
    """A key and its certificate, as PEM; ``serial`` and ``not_after`` are the certificate's."""

    key: bytes
    certificate: bytes
    serial: int
    not_after: float


class Validity(NamedTuple):
    """From when until when (s since 1970) a certificate is valid."""

    begin: float
    end: float


def validity(now: float, days: float) -> Validity:
    """Return the validity of what is to be good for so many days from now."""
    return Validity(now - BACKDATED_S, now + days * DAY_S)


def make_authority(name: str, now: float) -> Authority:
    """Make an authority that signs itself; ``name`` is its common name, and unique."""
    key = _new_key()
    subject = _named(name)
    public = key.public_key()
    builder = _builder(subject, subject, public, validity(now, AUTHORITY_DAYS))
    certificate = (
        builder.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_key_usage(is_authority=True), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
        .sign(key, hashes.SHA256())
    )
    return Authority(key, certificate)


def make_certificate(
    authority: Authority, name: str, *, use: Use, valid: Validity, passphrase: bytes | None = None
) -> Made:
    """Make a key and its certificate; the name of a server is a host name or an address."""
    key = _new_key()
    certificate = sign(authority, key.public_key(), name, use=use, valid=valid)
    return Made(
        key_pem(key, passphrase),
        pem_of(certificate),
        certificate.serial_number,
        certificate.not_valid_after_utc.timestamp(),
    )


def sign(
    authority: Authority, public: ec.EllipticCurvePublicKey, name: str, *, use: Use, valid: Validity
) -> x509.Certificate:
    """Return a certificate for a public key."""
    issuer = authority.certificate
    shown = name[:_COMMON_NAME_MAX] if use == "server" else name  # a server's is not what counts
    builder = _builder(_named(shown), issuer.subject, public, valid)
    builder = (
        builder.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_key_usage(is_authority=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([_USES[use]]), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(authority.key.public_key()),
            critical=False,
        )
    )
    if use == "server":
        builder = builder.add_extension(
            x509.SubjectAlternativeName([_alternative(name)]), critical=False
        )
    return builder.sign(authority.key, hashes.SHA256())


def make_request(name: str) -> tuple[bytes, bytes]:
    """Return a new key and a request for its certificate, for a foreign authority, as PEM."""
    key = _new_key()
    builder = x509.CertificateSigningRequestBuilder().subject_name(_named(name))
    request = builder.sign(key, hashes.SHA256())
    return key_pem(key), request.public_bytes(serialization.Encoding.PEM)


def public_key_of_request(pem: bytes) -> ec.EllipticCurvePublicKey:
    """Return the public key of a request that its host signed.

    What else the request asks for is not looked at: the name is that of the command.

    Raises:
        ValueError: it is none, in words for the operator.
    """
    try:
        request = x509.load_pem_x509_csr(pem)
        is_valid = request.is_signature_valid
        public = request.public_key()
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise ValueError("expected a certificate request in PEM") from None
    if not is_valid:
        raise ValueError("expected a request that was signed with its own key")
    if not isinstance(public, ec.EllipticCurvePublicKey) or public.curve.name != "secp256r1":
        raise ValueError("expected a request for a key of ECDSA over P-256")
    return public


def is_issued_by(certificate: x509.Certificate, issuer: x509.Certificate) -> bool:
    """Tell whether an authority has signed a certificate."""
    try:
        certificate.verify_directly_issued_by(issuer)
    except (ValueError, TypeError, InvalidSignature, UnsupportedAlgorithm):
        return False
    return True


def key_pem(key: Key, passphrase: bytes | None = None) -> bytes:
    """Return a key as PEM, encrypted where there is a passphrase."""
    encryption: serialization.KeySerializationEncryption = serialization.NoEncryption()
    if passphrase is not None:
        encryption = serialization.BestAvailableEncryption(passphrase)
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, encryption
    )


def read_key(pem: bytes, passphrase: bytes | None) -> Key:
    """Return a key from its PEM.

    Raises:
        ValueError: the passphrase is another one, or it is no such key; in words for the operator.
    """
    try:
        key = serialization.load_pem_private_key(pem, passphrase)
    except TypeError:
        raise ValueError("expected a key that is encrypted with the passphrase") from None
    except ValueError:
        raise ValueError("the passphrase is not this key's, or the file is damaged") from None
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise ValueError("expected a key of ECDSA over P-256")  # noqa: TRY004 - of a file
    return key


def read_certificate(pem: bytes) -> x509.Certificate:
    """Return a certificate from its PEM.

    Raises:
        ValueError: it is none, in words for the operator.
    """
    try:
        return x509.load_pem_x509_certificate(pem)
    except ValueError:
        raise ValueError("expected a certificate in PEM") from None


def pem_of(certificate: x509.Certificate) -> bytes:
    """Return a certificate as PEM."""
    return certificate.public_bytes(serialization.Encoding.PEM)


def common_name(certificate: x509.Certificate) -> str:
    """Return the name for which a certificate was made; the broker takes it for the user's."""
    found = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    return str(found[0].value) if found else ""


def as_time(at: float) -> datetime:
    """Return seconds since 1970 as a certificate has them: in UTC, without fractions."""
    return datetime.fromtimestamp(int(at), UTC)


def _new_key() -> Key:
    return ec.generate_private_key(ec.SECP256R1())


def _named(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def _builder(
    subject: x509.Name, issuer: x509.Name, public: ec.EllipticCurvePublicKey, valid: Validity
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(public)
        .serial_number(x509.random_serial_number())
        .not_valid_before(as_time(valid.begin))
        .not_valid_after(as_time(valid.end))
    )


def _key_usage(*, is_authority: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not is_authority,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=is_authority,
        crl_sign=is_authority,
        encipher_only=False,
        decipher_only=False,
    )


def _alternative(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)
