"""Runs ``venuewatch venue revoke``: ends a host's right to speak, at once, and proves it."""

import argparse
import sys
import time
from functools import partial
from pathlib import Path

from venuewatch.base import clock
from venuewatch.base.config import ConfigError, unusable
from venuewatch.base.files import SECRET_MAX, read_regular
from venuewatch.terminal import output
from venuewatch.venue import broker, changes, common, credentials, fleet, revoking, settings
from venuewatch.venue.broker import Where
from venuewatch.venue.changes import Change
from venuewatch.venue.revoking import Hands, Plan
from venuewatch.venue.settings import Settings

NOT_PROVEN = 1
PAUSE_S = 0.1

_SUMMARY = """\
Ends the right of hosts to speak: their blocks are taken out of the broker's access rules, their
certificates are put on the list of revoked ones, and connections that stand are ended. What the
broker keeps of them is deleted. The aggregator has them as away, reason revoked, and expects
nothing of them. The command proves that the broker has read the new list, with a certificate that
is always revoked.
"""
_EXAMPLES = """\
examples:
  venuewatch venue revoke STA/STA-3
      a laptop was stolen
  venuewatch venue revoke STA
      every host of the venue

exit code: 0 revoked and proven, 1 revoked, but not all could be proven: the lines say what,
2 nothing was done
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Say what the command takes."""
    parser.description = _SUMMARY
    parser.epilog = _EXAMPLES
    parser.add_argument("what", nargs="+", metavar="VENUE[/HOST]", help="hosts, or all of a venue")
    common.add_options(parser)


def run(options: argparse.Namespace) -> int:
    """Revoke, and prove it; return the exit code."""
    return common.guarded(lambda: _run(options))


def _run(options: argparse.Namespace) -> int:
    found = settings.read(options.settings)
    pki = Path(found.pki)
    with changes.alone(pki):
        known = fleet.read(found)
        names = fleet.targets(known, options.what)
        authorities = common.opened(options, found)
        tripwire = _tripwire(pki)
        planned = revoking.plan(found, authorities, known.ours, names, tripwire, clock.wall())
        gone = [
            Change(credentials.key_path(found, code, name), None)
            for code, every in names.items()
            for name in every
        ]
        if options.dry_run:
            common.finish(found, [*planned.first, *gone], (), is_dry=True)
            return 0
        planned = planned._replace(first=[*planned.first, *gone])
        again = f"venuewatch venue revoke {' '.join(options.what)}"
        return _prove(hands_of(found, again), planned, names)


def _prove(hands: Hands, planned: Plan, names: dict[str, set[str]]) -> int:
    proof = revoking.carry_out(planned, hands)
    told = ", ".join(f"{code}/{name}" for code in sorted(names) for name in sorted(names[code]))
    for line in proof.missing:
        print(line, file=sys.stderr)
    if proof.missing:
        output.show(
            [
                f"revoked, and not proven: {told}",
                "next: mend what the lines above name, then give this command again",
            ]
        )
        return NOT_PROVEN
    output.show(
        [
            f"revoked, and proven, after {proof.took_s:.1f} s: {told}",
            "next: venuewatch venue renew VENUE/HOST admits a host again, with a new key;",
            "  venuewatch venue remove VENUE takes a venue out",
        ]
    )
    return 0


def hands_of(found: Settings, again: str) -> Hands:
    """Return what a revocation does on this machine; ``again``: the command, if interrupted."""
    authority = str(Path(found.pki) / "servers" / "ca.pem")
    where = Where(found.broker_address, found.broker_port, authority)
    return Hands(
        apply=partial(changes.apply, folder=Path(found.pki), then=(again,)),
        reload_aggregator=partial(common.reload, found.reload_aggregator),
        reload_broker=partial(common.reload, found.reload_broker),
        visit=partial(broker.visit, where),
        monotonic=clock.monotonic,
        pause=partial(time.sleep, PAUSE_S),
    )


def _tripwire(pki: Path) -> bytes:
    """Return key and certificate of the tripwire.

    Raises:
        ConfigError: they are not there.
    """
    parts = []
    for path in (pki / "tripwire.key", pki / "tripwire.pem"):
        try:
            parts.append(read_regular(path, SECRET_MAX))
        except FileNotFoundError:
            raise ConfigError(f"{path}: expected the tripwire: restore a backup") from None
        except (OSError, ValueError) as error:
            raise unusable(path, error) from None
    return b"".join(parts)
