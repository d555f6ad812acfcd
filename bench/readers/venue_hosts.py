"""Lists of hosts and descriptions of venues, as people at venues send them."""

from collections.abc import Sequence

from venuewatch.venue import description, hosts_csv

ERRORS: tuple[type[Exception], ...] = ()  # what is wrong is told, a line each


def read(data: bytes) -> None:
    """Read it as both."""
    wrong = (*hosts_csv.read(data).wrong, *description.read(data, "STA").wrong)
    assert all(line.isprintable() for line in wrong)  # noqa: S101


def seeds() -> Sequence[bytes]:
    """Return one of each, and what spreadsheets make of it."""
    hosts = b"host,role,address,probe_port,gateway,required\nSTA-1,results,10.0.0.1,22,,yes\n"
    return [
        hosts,
        b"\xef\xbb\xbf" + hosts.replace(b",", b";").replace(b"\n", b"\r\n"),
        b'name = "Stadium"\nlat = 48.9\nlink = "satellite"\nuplink_addresses = ["192.0.2.0/28"]\n',
    ]
