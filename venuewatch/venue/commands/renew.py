"""Runs ``venuewatch venue renew``: new certificates, and new lists of revoked ones."""

import argparse
from pathlib import Path

from venuewatch.base import clock
from venuewatch.base.config import ConfigError
from venuewatch.base.options import number
from venuewatch.terminal import output
from venuewatch.venue import changes, common, credentials, fleet, settings
from venuewatch.venue.authority import crls
from venuewatch.venue.authority.certificates import DAY_S, read_certificate
from venuewatch.venue.authority.folder import Authorities
from venuewatch.venue.changes import PUBLIC, Change
from venuewatch.venue.fleet import Fleet
from venuewatch.venue.inventory_file import with_revoked
from venuewatch.venue.settings import Settings

_SUMMARY = """\
Makes new keys and certificates for hosts. The earlier ones stay good until they end: an agent
takes new files at its next connection. A host that was revoked is admitted again, if it is named
itself. In any case it makes new lists of revoked certificates, which a timer should do each day:
without a name it does this alone.
"""
_EXAMPLES = """\
examples:
  venuewatch venue renew
      each day, by a timer: the lists of revoked certificates
  venuewatch venue renew --expiring 30
      and every host whose certificate ends within 30 days
  venuewatch venue renew STA/STA-3
      this host
  venuewatch venue renew STA/STA-3 --sign host.csr
      this host, which made its key itself: install --csr
  venuewatch venue renew --foreign ca.pem --crl theirs.crl
      hosts may have certificates of this foreign authority; or this is a newer list of it

exit code: 0 done, 1 done, but the broker did not read its files again, 2 nothing was done
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Say what the command takes."""
    parser.description = _SUMMARY
    parser.epilog = _EXAMPLES
    parser.add_argument("what", nargs="*", metavar="VENUE[/HOST]", help="hosts, or all of a venue")
    parser.add_argument(
        "--expiring",
        type=number(up_to=3_650.0),
        metavar="DAYS",
        help="also every host whose certificate ends within so many days",
    )
    parser.add_argument("--sign", type=Path, metavar="FILE", help="a request of the host, in PEM")
    parser.add_argument(
        "--foreign", type=Path, metavar="FILE", help="the certificate of a foreign authority"
    )
    parser.add_argument("--crl", type=Path, metavar="FILE", help="its list of revoked certificates")
    parser.add_argument(
        "--centre", action="store_true", help="also the broker's and the aggregators' certificates"
    )
    common.add_options(parser)


def run(options: argparse.Namespace) -> int:
    """Renew; return the exit code."""
    return common.guarded(lambda: _run(options))


def _run(options: argparse.Namespace) -> int:
    if (options.foreign is None) != (options.crl is None):
        raise ConfigError("expected --foreign and --crl together: each authority has its list")
    found = settings.read(options.settings)
    with changes.alone(Path(found.pki)):
        known, now = fleet.read(found), clock.wall()
        authorities = common.opened(options, found)
        planned: list[Change] = []
        then: list[str] = []
        if options.foreign is not None:
            authorities, more = _with_foreign(options, found, authorities)
            planned += more
            then.append("restart the broker, if this authority is new to it")
        if options.centre:
            authorities, more = credentials.of_centre(found, authorities, now)
            planned += more
            then.append("restart the aggregator")
        names = _named(known, options.what)
        if options.expiring is not None:
            _add_expiring(names, known, authorities, now, now + options.expiring * DAY_S)
        authorities, more = _renewed(options, found, authorities, names, now)
        planned += more
        venues = dict(known.ours)
        for code, every in names.items():
            venues[code] = with_revoked(venues[code], every, is_revoked=False)
        _, derived = fleet.derived(found, authorities, venues.values(), now)
        planned = [
            *derived,
            *planned,
            *(fleet.venue_change(found, venues[code]) for code in sorted(names)),
        ]
        then += [
            f"bring its files in {Path(found.agents) / code} and its key to each host"
            for code in sorted(names)
        ]
        common.finish(found, planned, then, is_dry=options.dry_run)
        if options.dry_run:
            return 0
        failed = common.reload_all(found) if names else _broker(found)
        output.show(failed)
        return 1 if failed else 0


def _named(known: Fleet, what: list[str]) -> dict[str, set[str]]:
    """Return the hosts to renew; one that is revoked has to be named itself, to be admitted."""
    names = fleet.targets(known, what)
    for code, every in names.items():
        revoked = {host.name for host in known.ours[code].host if host.revoked}
        every.difference_update(name for name in revoked if f"{code}/{name}" not in what)
    return {code: every for code, every in names.items() if every}


def _broker(found: Settings) -> list[str]:
    why = common.reload(found.reload_broker)
    return [f"not reloaded: {why}"] if why else []


def _add_expiring(
    names: dict[str, set[str]], known: Fleet, authorities: Authorities, now: float, until: float
) -> None:
    """Add the hosts whose latest certificate ends by ``until``; one that has none needs none."""
    for code, venue in known.ours.items():
        for host in venue.host:
            current = authorities.register.current(host.name, now)
            if not host.revoked and current is not None and current.not_after <= until:
                names.setdefault(code, set()).add(host.name)


def _renewed(
    options: argparse.Namespace,
    found: Settings,
    authorities: Authorities,
    names: dict[str, set[str]],
    now: float,
) -> tuple[Authorities, list[Change]]:
    hosts = [(code, name) for code in sorted(names) for name in sorted(names[code])]
    if options.sign is not None and len(hosts) != 1:
        raise ConfigError(f"expected one host beside --sign, got {len(hosts)}")
    planned: list[Change] = []
    for code, name in hosts:
        if options.sign is None:
            authorities, more = credentials.of_host(found, authorities, code, name, now)
        else:
            try:
                authorities, more = credentials.of_request(
                    found, authorities, (code, name), common.content_of(options.sign), now
                )
            except ValueError as error:
                raise ConfigError(f"{options.sign}: {error}") from None
        planned += more
    return authorities, planned


def _with_foreign(
    options: argparse.Namespace, found: Settings, authorities: Authorities
) -> tuple[Authorities, list[Change]]:
    """Take in a foreign authority, or a newer list of it."""
    pem, crl = common.content_of(options.foreign), common.content_of(options.crl)
    try:
        authority = read_certificate(pem)
        lists = crls.in_pem(crl)
        crls.check(lists, [authority], clock.wall())
    except crls.CrlError as error:
        raise ConfigError(f"{options.crl}: {error}") from None
    except ValueError as error:
        raise ConfigError(f"{options.foreign}: {error}") from None
    if not crls.may_sign(authority):
        raise ConfigError(f"{options.foreign}: expected an authority that signed itself")
    same = [name for name, (known, _) in authorities.foreign.items() if known == pem]
    name = same[0] if same else options.foreign.stem
    if not same and name in authorities.foreign:
        raise ConfigError(f"{options.foreign}: another authority has this name: rename the file")
    place = Path(found.pki) / "foreign"
    foreign = {**authorities.foreign, name: (pem, lists)}
    return authorities._replace(foreign=foreign), [
        Change(place / f"{name}.crl", lists, PUBLIC),
        Change(place / f"{name}.pem", pem, PUBLIC),
    ]
