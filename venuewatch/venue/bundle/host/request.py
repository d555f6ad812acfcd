"""Makes a host's key and the request for its certificate, with the package ``cryptography``.

``install --csr`` runs this file by itself, in an environment made from the bundle's wheels:
``python -I request.py HOST KEY REQUEST``. A key that is there already is used again.
"""

import os
import sys
from pathlib import Path


def make_request(host: str, key_file: Path, request_file: Path) -> None:
    """Write the request, and the key (0600) where there is none."""
    # Only here: the rest of this package runs with the standard library alone.
    from cryptography import x509  # noqa: PLC0415
    from cryptography.hazmat.primitives import hashes, serialization  # noqa: PLC0415
    from cryptography.hazmat.primitives.asymmetric import ec  # noqa: PLC0415
    from cryptography.x509.oid import NameOID  # noqa: PLC0415

    if key_file.exists():
        key = serialization.load_pem_private_key(key_file.read_bytes(), password=None)
        if not isinstance(key, ec.EllipticCurvePrivateKey):
            sys.exit(f"{key_file}: expected a key of ECDSA P-256")
    else:
        key = ec.generate_private_key(ec.SECP256R1())
        content = key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        beside = key_file.with_name(f".{key_file.name}.new")
        beside.unlink(missing_ok=True)
        descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(key_file)
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, host)])
    request = x509.CertificateSigningRequestBuilder().subject_name(subject)
    signed = request.sign(key, hashes.SHA256())
    request_file.write_bytes(signed.public_bytes(serialization.Encoding.PEM))


if __name__ == "__main__":
    make_request(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]))
