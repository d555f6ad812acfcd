"""Runs ``venuewatch venue renew``: new certificates, and new lists of revoked ones."""

import argparse
from collections.abc import Iterator
from pathlib import Path

from aggregator.core.hearing import STOP_FROM_HOSTS
from venuewatch.base import clock
from venuewatch.base.config import ConfigError
from venuewatch.base.options import number
from venuewatch.terminal import output
from venuewatch.venue import changes, common, credentials, fleet, foreign, settings
from venuewatch.venue.authority.certificates import DAY_S
from venuewatch.venue.authority.folder import Authorities
from venuewatch.venue.changes import Change
from venuewatch.venue.choice import chosen_by
from venuewatch.venue.inventory_file import with_revoked
from venuewatch.venue.settings import Settings

_SUMMARY = """\
Makes new keys and certificates for hosts, and for the bridge of a venue that has one. The earlier
ones stay good until they end: an agent takes new files at its next connection. A host that was
revoked is admitted again, if it is named itself; one that a foreign authority signs gets a
certificate of ours, if it is named itself. In any case it makes new lists of revoked certificates,
which a timer should do each day: without a name it does this alone.
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
            authorities, planned = foreign.taken_in(
                found, authorities, (options.foreign, options.crl), now
            )
            then.append("restart the broker, if this authority is new to it")
        if options.centre:
            authorities, more = credentials.of_centre(found, authorities, now)
            planned += more
            then.append("restart the aggregator")
        chosen = chosen_by(found, known, authorities.register, options.what)
        if options.expiring is not None:
            chosen.add_expiring(now + options.expiring * DAY_S)
        authorities, more = _renewed(options, found, authorities, chosen.names, now)
        planned += more
        venues = dict(known.ours)
        for code, every in chosen.names.items():
            venues[code] = with_revoked(venues[code], every, is_revoked=False)
        _, derived = fleet.derived(found, authorities, venues.values(), now)
        own = [fleet.venue_change(found, venues[code]) for code in sorted(chosen.names)]
        then += [*chosen.left, *_deliveries(options, found, chosen.names)]
        common.finish(found, [*derived, *planned, *own], then, is_dry=options.dry_run)
        if options.dry_run:
            return 0
        is_told = bool(chosen.names) or len(known.hosts) > STOP_FROM_HOSTS
        first = [found.reload_aggregator] if is_told else []
        failed = common.reload_all(*first, found.reload_broker)
        output.show(failed)
        return 1 if failed else 0


def _deliveries(
    options: argparse.Namespace, found: Settings, names: dict[str, set[str]]
) -> Iterator[str]:
    """Yield what is to be brought to where."""
    for code in sorted(names):
        place = Path(found.agents) / code
        hosts = sorted(name for name in names[code] if not name.startswith(credentials.BRIDGE))
        if options.sign is not None:
            yield f"bring {place / hosts[0]}/host.pem to the host"
            continue
        if hosts:
            yield f"bring its files in {place} and its key to each host"
        if len(hosts) < len(names[code]):
            bridge = f"{credentials.BRIDGE}{code}"
            files = f"{place / bridge}/host.pem and {credentials.key_path(found, code, bridge)}"
            yield f"bring {files} to the broker of {code}, and restart that"


def _renewed(
    options: argparse.Namespace,
    found: Settings,
    authorities: Authorities,
    names: dict[str, set[str]],
    now: float,
) -> tuple[Authorities, list[Change]]:
    hosts = [(code, name) for code in sorted(names) for name in sorted(names[code])]
    is_one_host = len(hosts) == 1 and not hosts[0][1].startswith(credentials.BRIDGE)
    if options.sign is not None and not is_one_host:
        raise ConfigError(f"expected one host beside --sign, got {' '.join(options.what) or 0}")
    planned: list[Change] = []
    for code, name in hosts:
        if name.startswith(credentials.BRIDGE):
            authorities, more = credentials.of_bridge(found, authorities, code, now)
        elif options.sign is None:
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
