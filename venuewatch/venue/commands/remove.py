"""Runs ``venuewatch venue remove``: takes a venue out, without an alarm."""

import argparse
from pathlib import Path

from venuewatch.base import clock
from venuewatch.terminal import output
from venuewatch.venue import changes, common, credentials, fleet, settings
from venuewatch.venue.changes import Change
from venuewatch.venue.settings import Settings

_SUMMARY = """\
Takes a venue out: of the inventory, so that nobody is missed; of the broker's access rules and the
packet filter; and puts its certificates on the list of revoked ones. The aggregator forgets the
venue before its hosts can fall silent. Stop or uninstall the agents afterwards. To end connections
that stand, and to delete what the broker keeps of the hosts, revoke the venue first.
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Say what the command takes."""
    parser.description = _SUMMARY
    parser.add_argument("code", metavar="VENUE", help="the venue's code, as STA")
    common.add_options(parser)


def run(options: argparse.Namespace) -> int:
    """Take it out; return the exit code."""
    return common.guarded(lambda: _run(options))


def _run(options: argparse.Namespace) -> int:
    found = settings.read(options.settings)
    pki = Path(found.pki)
    with changes.alone(pki):
        known, now, code = fleet.read(found), clock.wall(), options.code
        venue = known.venue(code)
        authorities = common.opened(options, found)
        names = {host.name for host in venue.host} | set(authorities.register.names_of(code))
        register = authorities.register.revoke_venue(code, now, "its venue was removed")
        others = [each for each in known.ours.values() if each.code != code]
        _, derived = fleet.derived(found, authorities._replace(register=register), others, now)
        gone = [Change(credentials.key_path(found, code, name), None) for name in sorted(names)]
        for name in sorted(names):
            place = credentials.agent_folder(found, code, name)
            gone += [Change(path, None) for path in sorted(place.glob("*")) if not path.is_dir()]
        planned = [Change(fleet.path_of(found, code), None), *derived, *gone]
        then = [
            f"on each host of {code}: sudo /opt/venuewatch/uninstall",
            f"systemctl reload venuewatch-filter, where it includes {found.nftables_file}",
        ]
        common.finish(found, planned, then, is_dry=options.dry_run)
        if options.dry_run:
            return 0
        return _reloaded(found, code)


def _reloaded(found: Settings, code: str) -> int:
    """Have the aggregator forget the venue, and only then the broker its hosts; return the code."""
    failed = common.reload(found.reload_aggregator)
    if failed:
        both = filter(None, (found.reload_aggregator, found.reload_broker))
        why = f"nor was the broker, or the hosts of {code} would be missed; mend that, then:"
        output.show([f"not reloaded: {failed}", why, f"  {' && '.join(map(common.typed, both))}"])
        return 1
    failed = common.reload(found.reload_broker)
    output.show([f"not reloaded: {failed}"] if failed else [])
    return 1 if failed else 0
