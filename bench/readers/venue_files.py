"""Files that people at venues and foreign authorities send, for ``venuewatch venue``."""

import contextlib
from collections.abc import Sequence

from venuewatch.venue import description, hosts_csv
from venuewatch.venue.authority import certificates, crls

ERRORS: tuple[type[Exception], ...] = ()  # what is wrong is told, in lines

_NOW = 1_800_000_000.0


def read(data: bytes) -> None:
    """Read it as each of them: hosts, description, list, request, certificate."""
    wrong = (*hosts_csv.read(data).wrong, *description.read(data, "STA").wrong)
    assert all(line.isprintable() for line in wrong)  # noqa: S101
    with contextlib.suppress(crls.CrlError):
        crls.check(data, (), _NOW)
    with contextlib.suppress(crls.CrlError):
        crls.made_at(crls.in_pem(data))
    with contextlib.suppress(ValueError):
        certificates.public_key_of_request(data)
    with contextlib.suppress(ValueError):
        crls.may_sign(certificates.read_certificate(data))


def seeds() -> Sequence[bytes]:
    """Return one of each, and hosts as another spreadsheet has them."""
    hosts = b"host,role,address,probe_port,gateway,required\nSTA-1,results,10.0.0.1,22,,yes\n"
    authority = certificates.make_authority("others", _NOW)
    return [
        hosts,
        b"\xef\xbb\xbf" + hosts.replace(b",", b";").replace(b"\n", b"\r\n"),
        b'name = "Stadium"\nlat = 48.9\nlink = "satellite"\nuplink_addresses = ["192.0.2.0/28"]\n',
        crls.make_crl(authority, [crls.Revoked(7, _NOW)], _NOW, 1),
        certificates.make_request("STA-1")[1],
        certificates.pem_of(authority.certificate),
    ]
