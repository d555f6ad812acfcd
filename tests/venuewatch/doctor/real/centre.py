"""Set-ups of a centre that is broken: its broker, its certificate, its access rules."""

import contextlib
from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta
from pathlib import Path
from unittest import mock

from tests.agent.checks.peers import refused_port
from tests.deploy.certified import Centre
from tests.integration.real import Aggregator, inventory_of, until
from tests.venuewatch.doctor.real.set_up import (
    HOST,
    LOOPBACK,
    Broken,
    Lay,
    Words,
    broker,
    in_lines,
    listed,
)
from venuewatch.doctor.checks import inventory

RULES = f"user {HOST}\nuser STA-2\n"
AGGREGATOR, BULK, OTHER = "_centre-aggregator", "_bulk-aggregator", "STA-2"


@contextlib.contextmanager
def centre_of(
    folder: Path, settings: Mapping[str, object], *, rules: str = RULES
) -> Iterator[Words]:
    """Write the files of a centre with two hosts, whose web port nobody listens at."""
    listed(folder, [HOST], [OTHER])
    acl, path = folder / "venuewatch.acl", folder / "aggregator.toml"
    acl.write_text(rules, encoding="ascii")
    web = f'[web]\nlisten_address = "{LOOPBACK}:{refused_port()}"\n'
    path.write_text(f"[broker]\n{in_lines(settings)}{web}", encoding="utf-8")
    with mock.patch.object(inventory, "ACL_FILE", acl):
        yield [str(path)]


@contextlib.contextmanager
def without_a_broker(folder: Path) -> Iterator[Words]:
    with centre_of(folder, {"port": refused_port()}) as words:
        yield words


@contextlib.contextmanager
def with_too_few_rules(folder: Path) -> Iterator[Words]:
    rules = f"user {HOST}\n"
    with broker(folder) as running, centre_of(folder, {"port": running.port}, rules=rules) as words:
        yield words


@contextlib.contextmanager
def with_rules_of_a_host_that_is_gone(folder: Path) -> Iterator[Words]:
    rules = f"user {HOST}\nuser {OTHER}\nuser STA-3\n"
    with broker(folder) as running, centre_of(folder, {"port": running.port}, rules=rules) as words:
        yield words


def as_it_is(_made: Centre) -> None:
    """Leave a broker as it is."""


def certified(
    prepare: Callable[[Centre], None] = as_it_is,
    *,
    spoil: Callable[[Centre], None] = as_it_is,
    bulk_days: int = 90,
) -> Lay:
    """Return a set-up of a broker that was prepared, and spoilt once it ran; with an aggregator."""

    @contextlib.contextmanager
    def lay(folder: Path) -> Iterator[Words]:
        made = Centre(folder / "centre")
        prepare(made)
        settings = settings_of(made, bulk_days=bulk_days)
        with made, centre_of(folder, settings) as words:
            spoil(made)
            yield words

    return lay


def settings_of(made: Centre, *, bulk_days: int = 90) -> dict[str, object]:
    """Return the settings of [broker] for an aggregator with certificates."""
    own, bulk = made.certificate(AGGREGATOR), made.certificate_of_days(BULK, -9, bulk_days)
    return {
        "address": LOOPBACK,
        "port": made.tls_port,
        "ca_file": str(made.authority),
        "cert_file": str(own),
        "key_file": str(own),
        "crl_file": str(made.crl),
        "bulk": {"cert_file": str(bulk), "key_file": str(bulk)},
    }


@contextlib.contextmanager
def with_a_running_aggregator_that_is_refused(folder: Path) -> Iterator[Words]:
    made = Centre(folder / "centre")
    made.revoke(AGGREGATOR)
    settings = in_lines({**settings_of(made), "port": None})
    acl = folder / "acl"
    acl.write_text(RULES, encoding="ascii")
    hosts = inventory_of(("STA", "wired", 2))
    running = Aggregator(folder, made.tls_port, broker=settings, inventory=hosts)
    with made, running, mock.patch.object(inventory, "ACL_FILE", acl):
        until("it is refused", lambda: running.events("broker_unreachable"))
        yield [str(folder / "aggregator.toml")]


def with_outdated_lists(made: Centre) -> None:
    made.revoke(next_update=timedelta(days=-3))


def with_broken_lists(made: Centre) -> None:
    made.crl.write_text("garbage\n", encoding="ascii")


CASES = {
    "centre without a broker": Broken("port", "nothing listens at", without_a_broker),
    "centre with a host that has no rules": Broken(
        "inventory", f"the ACL has no lines for {OTHER}", with_too_few_rules
    ),
    "centre with rules of a host that is gone": Broken(
        "inventory", "the ACL has lines for STA-3", with_rules_of_a_host_that_is_gone
    ),
    "aggregator that is revoked": Broken(
        "credentials", "certificate is revoked", certified(lambda made: made.revoke(AGGREGATOR))
    ),
    "running aggregator that is refused": Broken(
        "credentials",
        "the aggregator is not subscribed",
        with_a_running_aggregator_that_is_refused,
    ),
    "aggregator whose second certificate expired": Broken(
        "certificate", "expired 2 days ago", certified(bulk_days=-2)
    ),
    "outdated list of revoked certificates": Broken(
        "revoked", "is outdated for 3 days: no host is let in", certified(with_outdated_lists)
    ),
    "broken list of revoked certificates": Broken(
        "revoked", "the broker may let revoked hosts in", certified(spoil=with_broken_lists)
    ),
}
