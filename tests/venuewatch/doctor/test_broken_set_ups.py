"""Broken set-ups, by what the system says of them: each is named in one line, with what to do.

Those that a test can bring about are in ``test_broken_for_real.py``, too, or there alone.
"""

from typing import Any

import pytest

from venuewatch.base.validity import Validity
from venuewatch.doctor.checks import (
    acl,
    addresses,
    all_checks,
    certificate,
    clock,
    credentials,
    inventory,
    limits,
    modes,
    name,
    port,
    proxy,
    revoked,
    route,
    spool,
    thin,
    tls,
    unit,
)
from venuewatch.doctor.findings import Finding
from venuewatch.doctor.trial import Trial

DAY_S = 86_400.0
NOW = 1_800_000_000.0
WELL_SPOOL = spool.Folder(
    "/var/lib/venuewatch-agent/spool",
    is_folder=True,
    is_read_only=False,
    is_writable=True,
    free_bytes=10**10,
    taken_bytes=0,
    max_bytes=64 * 1024 * 1024,
)
UNIT = "venuewatch-agent.service"
RUNS = {"LoadState": "loaded", "ActiveState": "active", "UnitFileState": "enabled"}
LISTED = (("STA", "STA-1"), ("STA", "STA-2"), ("LIL", "LIL-1"))

BROKEN: dict[str, tuple[Any, Any, str]] = {
    "name that no DNS knows": (
        name,
        [name.Resolved("mq.example", error="the name cannot be resolved: Name not known")],
        "mq.example: the name cannot be resolved",
    ),
    "no default route": (
        route,
        [route.Way("mq.example", error="that network cannot be reached from here")],
        "no route to mq.example",
    ),
    "broker that does not run": (
        port,
        [port.Knock("mq.example:8883", "refused")],
        "nothing listens at mq.example:8883",
    ),
    "firewall in between": (
        port,
        [port.Knock("mq.example:8883", "silent")],
        "mq.example:8883 does not answer",
    ),
    "proxy that wants a password": (
        proxy,
        proxy.Asked("10.0.0.1:3128", "mq.example:8883", "the proxy answers 407", 407),
        "the proxy answers 407",
    ),
    "web server in the proxy's place": (
        proxy,
        proxy.Asked("10.0.0.1:80", "mq.example:8883", "this is no HTTP proxy"),
        "this is no HTTP proxy",
    ),
    "broker's certificate expired": (
        tls,
        tls.Handshake("mq.example", NOW, "expired", "certificate has expired"),
        "the certificate of mq.example has expired",
    ),
    "broker's certificate soon expired": (
        tls,
        tls.Handshake("mq.example", NOW, expires_at=NOW + 5 * DAY_S),
        "the certificate of mq.example expires in 5 days",
    ),
    "own certificate expired": (
        certificate,
        [certificate.Own("/etc/host.pem", NOW, Validity(NOW - 99 * DAY_S, NOW - 2 * DAY_S))],
        "/etc/host.pem expired 2 days ago",
    ),
    "own certificate not valid yet": (
        certificate,
        [certificate.Own("/etc/host.pem", NOW, Validity(NOW + DAY_S, NOW + 99 * DAY_S))],
        "/etc/host.pem is not valid yet",
    ),
    "key of another certificate": (
        certificate,
        [certificate.Own("/etc/host.pem", NOW, error="/etc/host.pem: KEY_VALUES_MISMATCH")],
        "/etc/host.pem: KEY_VALUES_MISMATCH",
    ),
    "outdated list of revoked certificates": (
        revoked,
        revoked.Lists("/etc/crl.pem", NOW, ends_at=NOW - 2 * DAY_S),
        "/etc/crl.pem is outdated for 2 days: no host is let in",
    ),
    "clock that began anew": (
        clock,
        clock.Clock(0.0, NOW, is_kept=False),
        "clock shows 1970-01-01 00:00 UTC",
    ),
    "clock that nobody keeps": (
        clock,
        clock.Clock(NOW, NOW - DAY_S, is_kept=False),
        "no time service keeps this machine's clock",
    ),
    "wrong password": (
        credentials,
        credentials.Session("BAD_USER_NAME_OR_PASSWORD", ""),
        "the broker does not take this user and password",
    ),
    "revoked, as the running agent says": (
        credentials,
        credentials.Session("TLS failed: SSLV3_ALERT_CERTIFICATE_REVOKED", "asked"),
        "this host's certificate is revoked",
    ),
    "second machine of the same name": (
        credentials,
        credentials.Session("SESSION_TAKEN_OVER", ""),
        "another program has this host's name at the broker",
    ),
    "user that the broker does not know": (
        credentials,
        credentials.Session("the broker refused the session: Not authorized", "asked"),
        "the broker does not know this user",
    ),
    "topic of another host": (
        acl,
        acl.Rights("STA-1", is_known=True, refused=("venuewatch/v1/LIL/STA-1/catalogue",)),
        "the broker refuses STA-1 venuewatch/v1/LIL/STA-1/catalogue",
    ),
    "tick that may not be read": (
        acl,
        acl.Rights("STA-1", is_known=True),
        "no aggregator is heard",
    ),
    "broker without room": (
        limits,
        limits.Offered("QUOTA_EXCEEDED", Trial("QUOTA_EXCEEDED")),
        "the broker has no room for another connection",
    ),
    "broker for small packets": (
        limits,
        limits.Offered("", Trial(packet_bytes_max=2_000)),
        "the broker takes packets of 2,000 bytes at most",
    ),
    "secret that all may read": (
        modes,
        [
            modes.Kept(
                "/etc/key",
                is_there=True,
                fault="/etc/key: other users may read this secret: chmod 600 it (or 640, 400)",
            )
        ],
        "/etc/key: other users may read this secret",
    ),
    "file that was not copied": (
        modes,
        [modes.Kept("/etc/ca.pem", is_there=False)],
        "/etc/ca.pem: there is no such file",
    ),
    "key that the agent may not read": (
        modes,
        [modes.Kept("/etc/key", is_there=True, no_reader="venuewatch-agent")],
        "/etc/key: the user venuewatch-agent may not read it",
    ),
    "broker that hangs up at once": (
        port,
        [port.Knock("mq.example:8883", "closed")],
        "mq.example:8883 hangs up at once: it has no room",
    ),
    "port for TLS, and none configured": (
        tls,
        tls.Handshake("mq.example", NOW, "wanted"),
        "the port of mq.example is for TLS",
    ),
    "agent with an earlier file": (
        credentials,
        credentials.Session("", "asked", "it is STA-1 of STA, at 10.0.0.9:8883"),
        "the agent runs with an earlier agent.toml: it is STA-1 of STA, at 10.0.0.9:8883",
    ),
    "unit that is masked": (
        unit,
        unit.Unit(UNIT, {"LoadState": "masked", "ActiveState": "inactive"}),
        f"{UNIT} is masked",
    ),
    "unit that was not installed": (
        unit,
        unit.Unit(UNIT, {"LoadState": "not-found"}),
        f"systemd knows no {UNIT}",
    ),
    "unit that ended": (
        unit,
        unit.Unit(UNIT, RUNS | {"ActiveState": "inactive"}),
        f"{UNIT} does not run: it is inactive",
    ),
    "configuration that ends the unit": (
        unit,
        unit.Unit(UNIT, RUNS | {"ActiveState": "failed", "ExecMainStatus": "2"}),
        f"{UNIT} ended: its configuration is wrong",
    ),
    "unit that ends again and again": (
        unit,
        unit.Unit(UNIT, RUNS | {"SubState": "auto-restart", "NRestarts": "17"}),
        f"{UNIT} ends again and again, 17 times so far",
    ),
    "unit that is not enabled": (
        unit,
        unit.Unit(UNIT, RUNS | {"UnitFileState": "disabled"}),
        f"{UNIT} runs, and will not after the next start",
    ),
    "agent that ends again and again, without systemd": (
        unit,
        unit.Unit(UNIT, None, "its supervisor starts it", is_coming=True),
        "no systemd here, and the agent has ended",
    ),
    "no systemd and no agent": (
        unit,
        unit.Unit(UNIT, None),
        "no systemd here, and the agent does not run",
    ),
    "spool of another user": (
        spool,
        WELL_SPOOL._replace(is_writable=False),
        "the agent's user may not write there",
    ),
    "spool with a file of another user": (
        spool,
        WELL_SPOOL._replace(foreign="1.spool"),
        "1.spool is another user's",
    ),
    "spool on a full disk": (
        spool,
        WELL_SPOOL._replace(free_bytes=0),
        "the spool may take 64 MiB more, and the disk has 0 MiB",
    ),
    "spool of another host's agent": (
        spool,
        WELL_SPOOL._replace(beside="the agent of STA-2, process 7"),
        "/var/lib/venuewatch-agent/spool: the agent of STA-2, process 7, has it, too",
    ),
    "file in the spool's place": (
        spool,
        WELL_SPOOL._replace(is_folder=False),
        "expected a folder, got a file",
    ),
    "kernel without thin streams": (
        thin,
        thin.Options("tcp", "linux", is_thin=False),
        "this kernel repeats a lost beat late",
    ),
    "host in another venue": (
        inventory,
        inventory.Said("inventory.toml", LISTED, own=("LIL", "STA-1")),
        "inventory.toml has STA-1 in STA, and agent.toml in LIL",
    ),
    "host without lines in the ACL": (
        inventory,
        inventory.Said("inventory.toml", LISTED, acl="user STA-1\nuser LIL-1\nuser _centre-a\n"),
        "the ACL has no lines for STA-2",
    ),
    "revoked host": (
        inventory,
        inventory.Said("i.toml", LISTED, own=("STA", "STA-1"), revoked=frozenset({"STA-1"})),
        "i.toml has STA-1 as revoked",
    ),
    "revoked host with lines in the ACL": (
        inventory,
        inventory.Said(
            "i.toml",
            LISTED,
            acl="user STA-1\nuser STA-2\nuser LIL-1\n",
            revoked=frozenset({"LIL-1"}),
        ),
        "the ACL has lines for LIL-1, revoked or not listed in i.toml",
    ),
    "birth that the centre refuses": (
        inventory,
        inventory.Said("", own=("STA", "STA-1"), birth_refused="role: expected text"),
        "the centre refuses this host's birth: role: expected text",
    ),
    "neighbour that does not answer": (
        addresses,
        [addresses.Reached(addresses.Machine("STA-2", "10.1.0.8", 22), "no answer in time")],
        "STA-2 can't be reached at 10.1.0.8:22: no answer in time",
    ),
}


@pytest.mark.parametrize(("check", "facts", "words"), BROKEN.values(), ids=BROKEN)
def test_a_broken_set_up_is_one_line_with_a_next_step(check: Any, facts: Any, words: str) -> None:
    found = check.judge(facts)

    (fault,) = [each for each in found if each.state == "wrong"]
    assert words in fault.text
    assert fault.todo
    assert "\n" not in fault.line


WELL: dict[str, tuple[Any, Any]] = {
    "name": (name, [name.Resolved("mq.example", ("10.1.0.7", "fd00::7"))]),
    "number": (name, [name.Resolved("10.1.0.7", ("10.1.0.7",))]),
    "route": (route, [route.Way("mq.example", "10.1.0.20")]),
    "port": (port, [port.Knock("mq.example:8883", "open")]),
    "proxy": (proxy, proxy.Asked("10.0.0.1:3128", "mq.example:8883")),
    "no proxy": (proxy, proxy.Asked()),
    "TLS": (tls, tls.Handshake("mq.example", NOW, expires_at=NOW + 90 * DAY_S)),
    "no TLS": (tls, tls.Handshake("mq.example", NOW, "plain")),
    "certificate": (
        certificate,
        [certificate.Own("/etc/host.pem", NOW, Validity(NOW - DAY_S, NOW + 90 * DAY_S))],
    ),
    "no certificate": (certificate, [certificate.Own(None, NOW)] * 2),
    "lists of revoked certificates": (
        revoked,
        revoked.Lists("/etc/crl.pem", NOW, ends_at=NOW + 300 * DAY_S),
    ),
    "clock": (clock, clock.Clock(NOW, NOW - DAY_S, is_kept=True)),
    "session": (credentials, credentials.Session("", "asked the agent, process 7")),
    "rights": (acl, acl.Rights("STA-1", is_known=True, hears_centre=True)),
    "limits": (limits, limits.Offered("", Trial())),
    "limits of a running agent": (limits, limits.Offered("")),
    "files": (modes, [modes.Kept("/etc/key", is_there=True)]),
    "unit": (unit, unit.Unit(UNIT, RUNS)),
    "no systemd": (unit, unit.Unit(UNIT, None, "asked the agent, process 7")),
    "spool": (spool, WELL_SPOOL),
    "spool that can not be asked about": (spool, WELL_SPOOL._replace(is_writable=None)),
    "thin": (thin, thin.Options("tcp", "linux", is_thin=True)),
    "host": (inventory, inventory.Said("inventory.toml", LISTED, own=("STA", "STA-1"))),
    "centre": (
        inventory,
        inventory.Said("i", LISTED, acl="user STA-1\nuser STA-2\nuser LIL-1\nuser _bridge-STA\n"),
    ),
    "centre with a revoked host": (
        inventory,
        inventory.Said("i", LISTED, acl="user STA-1\nuser LIL-1\n", revoked=frozenset({"STA-2"})),
    ),
    "centre with a pattern": (
        inventory,
        inventory.Said("i", LISTED, acl="pattern write venuewatch/v1/+/%u/beat\n"),
    ),
    "neighbours": (addresses, [addresses.Reached(addresses.Machine("STA-2", "10.1.0.8", 22))]),
}


@pytest.mark.parametrize(("check", "facts"), WELL.values(), ids=WELL)
def test_what_is_right_is_called_well(check: Any, facts: Any) -> None:
    assert [each.state for each in check.judge(facts)] == ["well"]


def test_every_check_has_a_broken_set_up_and_a_right_one() -> None:
    checks = set(all_checks())

    broken = {check.__name__.rpartition(".")[2] for check, _, _ in BROKEN.values()}
    right = {check.__name__.rpartition(".")[2] for check, _ in WELL.values()}

    assert broken == right == checks


def test_what_was_refused_for_its_size_is_told_by_the_limits_alone() -> None:
    refused = ("venuewatch/v1/STA/STA-1/vitals: the broker takes packets of 900 bytes at most",)

    rights = acl.judge(acl.Rights("STA-1", is_known=True, refused=refused, hears_centre=True))
    offered = limits.judge(limits.Offered("", too_large=refused))

    assert [each.state for each in rights] == ["well"]
    assert [each.state for each in offered] == ["wrong"]


def test_a_full_broker_is_told_by_the_limits_alone() -> None:
    found = credentials.judge(credentials.Session("SERVER_BUSY", ""))

    assert [each.state for each in found] == ["skipped"]


def test_where_nothing_was_tried_nothing_is_called_well() -> None:
    found: list[Finding] = [
        *credentials.judge(credentials.Session(None, "an agent without a socket runs here")),
        *acl.judge(acl.Rights("STA-1", is_known=False)),
        *limits.judge(limits.Offered(None)),
    ]

    assert {each.state for each in found} == {"unknown"}
