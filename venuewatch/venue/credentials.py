"""The credentials of hosts, aggregators and the broker: which files each of them gets."""

from pathlib import Path
from typing import Final

from aggregator.inventory import HostEntry, VenueEntry
from venuewatch.base.files import CONFIG_MAX, read_regular
from venuewatch.base.wire.topics import bulk_client, live_client
from venuewatch.venue import agent_file
from venuewatch.venue.authority import folder
from venuewatch.venue.authority.certificates import (
    Made,
    make_certificate,
    make_request,
    pem_of,
    public_key_of_request,
    read_certificate,
    sign,
    validity,
)
from venuewatch.venue.authority.folder import Authorities
from venuewatch.venue.authority.register import Register
from venuewatch.venue.changes import PRIVATE, PUBLIC, SHARED, Change
from venuewatch.venue.settings import Settings

BRIDGE: Final = "_bridge-"
MONTH_DAYS: Final = 30.5
_CENTRE_DAYS: Final = 825


def key_path(settings: Settings, venue: str, host: str) -> Path:
    """Return where a host's key lies until it is handed over."""
    return Path(settings.pki) / "hosts" / venue / f"{host}.key"


def agent_folder(settings: Settings, venue: str, host: str) -> Path:
    """Return the folder of what a host gets beside its key."""
    return Path(settings.agents) / venue / host


def of_host(
    settings: Settings, known: Authorities, venue: str, host: str, now: float
) -> tuple[Authorities, list[Change]]:
    """Make a key and a certificate for a host; return the authorities with it, and its files."""
    days = settings.months * MONTH_DAYS
    made = make_certificate(known.clients, host, use="client", valid=validity(now, days))
    return _with(known, made, host, venue), [
        Change(key_path(settings, venue, host), made.key, PRIVATE),
        Change(agent_folder(settings, venue, host) / "host.pem", made.certificate, PUBLIC),
    ]


def of_request(
    settings: Settings, known: Authorities, place: tuple[str, str], pem: bytes, now: float
) -> tuple[Authorities, list[Change]]:
    """Sign the request of a host (``place``: venue and name) that keeps its key to itself.

    Raises:
        ValueError: it is none, in words for the operator.
    """
    venue, host = place
    valid = validity(now, settings.months * MONTH_DAYS)
    public = public_key_of_request(pem)
    certificate = sign(known.clients, public, host, use="client", valid=valid)
    made = Made(b"", pem_of(certificate), certificate.serial_number, valid.end)
    return _with(known, made, host, venue), [
        Change(agent_folder(settings, venue, host) / "host.pem", made.certificate, PUBLIC),
        Change(key_path(settings, venue, host), None),  # an earlier one is of no use any more
    ]


def request_of_host(settings: Settings, venue: str, host: str) -> list[Change]:
    """Make a key for a host, and a request for a foreign authority."""
    key, request = make_request(host)
    return [
        Change(key_path(settings, venue, host), key, PRIVATE),
        Change(agent_folder(settings, venue, host) / "host.csr", request, PUBLIC),
    ]


def has_own(settings: Settings, known: Authorities, place: tuple[str, str], now: float) -> bool:
    """Tell whether a host (``place``: venue and name) has its latest certificate, and it is valid.

    The file may be lost, or an earlier one that came back. One that we did not make stays.
    """
    venue, host = place
    current = known.register.current(host, now)
    if current is None:
        return False
    try:
        pem = read_regular(agent_folder(settings, venue, host) / "host.pem", CONFIG_MAX)
        serial = f"{read_certificate(pem).serial_number:x}"
    except (OSError, ValueError):
        return False
    earlier = {entry.serial for entry in known.register.issued if entry.name == host}
    return serial == current.serial or serial not in earlier


def is_foreign(settings: Settings, known: Register, venue: str, host: str) -> bool:
    """Tell whether a foreign authority signs a host, or was asked to."""
    is_asked = (agent_folder(settings, venue, host) / "host.csr").exists()
    return is_asked and known.latest(host) is None


def agent_files(
    settings: Settings, known: Authorities, venue: VenueEntry, host: HostEntry
) -> list[Change]:
    """Return the authority that a host trusts, and its configuration, unless that was edited."""
    place = agent_folder(settings, venue.code, host.name)
    changes = [Change(place / "ca.pem", pem_of(known.servers.certificate), PUBLIC)]
    own = _own_part(settings, venue.code, host.name)
    if own is not None:
        where = settings.broker_address, settings.broker_port
        text = agent_file.text_of(venue, host, *where, own)
        changes.append(Change(place / "agent.toml", text.encode(), PUBLIC))
    return changes


def is_edited(settings: Settings, venue: str, host: str) -> bool:
    """Tell whether an operator has changed the configuration of a host, but for its end."""
    return _own_part(settings, venue, host) is None


def _own_part(settings: Settings, venue: str, host: str) -> str | None:
    """Return the operator's part of a configuration, empty without one; None if all is."""
    try:
        content = read_regular(agent_folder(settings, venue, host) / "agent.toml", CONFIG_MAX)
        return agent_file.own_part(content.decode())
    except FileNotFoundError:
        return ""
    except (OSError, ValueError):
        return None


def of_centre(
    settings: Settings, known: Authorities, now: float
) -> tuple[Authorities, list[Change]]:
    """Make the credentials of the broker and of each aggregator's two connections."""
    place, broker = Path(settings.centre_folder), Path(settings.broker_folder)
    made = folder.broker_certificate(known, settings.broker_address, now)
    changes = [
        Change(broker / "server.key", made.key, SHARED, settings.broker_group),
        Change(broker / "server.pem", made.certificate, SHARED, settings.broker_group),
        Change(place / "ca.pem", pem_of(known.servers.certificate), PUBLIC),
    ]
    for name in users_of(settings):
        made = make_certificate(
            known.clients, name, use="client", valid=validity(now, _CENTRE_DAYS)
        )
        known = _with(known, made, name)
        changes += [
            Change(place / f"{name}.key", made.key, SHARED, settings.aggregator_group),
            Change(place / f"{name}.pem", made.certificate, PUBLIC),
        ]
    return known, changes


def users_of(settings: Settings) -> list[str]:
    """Return the users of all aggregators: two for each."""
    kinds = (live_client, bulk_client)
    return [user_of(name) for name in settings.aggregators for user_of in kinds]


def of_bridge(
    settings: Settings, known: Authorities, venue: str, now: float
) -> tuple[Authorities, list[Change]]:
    """Make the credentials of a venue's own broker."""
    days = settings.months * MONTH_DAYS
    name = f"{BRIDGE}{venue}"
    made = make_certificate(known.clients, name, use="client", valid=validity(now, days))
    return _with(known, made, name, venue), [
        Change(key_path(settings, venue, name), made.key, PRIVATE),
        Change(agent_folder(settings, venue, name) / "host.pem", made.certificate, PUBLIC),
        Change(
            agent_folder(settings, venue, name) / "ca.pem",
            pem_of(known.servers.certificate),
            PUBLIC,
        ),
    ]


def _with(known: Authorities, made: Made, name: str, venue: str = "") -> Authorities:
    return known._replace(register=known.register.add(made, name, venue))
