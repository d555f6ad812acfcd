"""Lists of revoked certificates of foreign authorities, certificates, and requests of hosts."""

import contextlib
from collections.abc import Sequence

from venuewatch.venue.authority import certificates, crls

ERRORS: tuple[type[Exception], ...] = ()

_NOW = 1_800_000_000.0


def read(data: bytes) -> None:
    """Read it as each of them; what it is not is a ValueError."""
    with contextlib.suppress(crls.CrlError):
        crls.check(data, (), _NOW)
    with contextlib.suppress(crls.CrlError):
        crls.next_update(crls.in_pem(data))
    with contextlib.suppress(ValueError):
        certificates.public_key_of_request(data)
    with contextlib.suppress(ValueError):
        crls.may_sign(certificates.read_certificate(data))


def seeds() -> Sequence[bytes]:
    """Return one of each."""
    authority = certificates.make_authority("others", _NOW)
    return [
        crls.make_crl(authority, [crls.Revoked(7, _NOW)], _NOW, 1),
        certificates.make_request("STA-1")[1],
        certificates.pem_of(authority.certificate),
    ]
