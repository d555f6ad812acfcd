"""Faults of what checks look at, each with a check that it spoils."""

from typing import Final, NamedTuple

from aggregator.core.incidents.record import Scope, Subject

HOST: Final = "STA-2"
GATEWAY: Final = "STA-1"
PAGED: Final = "STA-4"
ROLES: Final = ("gateway", "results", "results", "info")


class Spoilt(NamedTuple):
    """A fault, and what it spoils."""

    fault: str
    subject: Subject


def _of(fault: str, check: str, host: str = HOST, scope: Scope = "feed") -> Spoilt:
    return Spoilt(fault, Subject(scope, "STA", host, check))


SPOILT: Final = [
    _of("feed_silent", "results"),
    _of("feed_held", "results"),
    _of("feed_frozen", "results"),
    _of("feed_delayed", "results"),
    _of("session_status", "results"),
    _of("source_off", "results"),
    _of("feed_unofficial", "results"),
    _of("feed_version_back", "results"),
    _of("feed_version_gap", "results"),
    _of("feed_test_flag", "results"),
    _of("feed_unreadable", "results"),
    _of("source_in_another_zone", "results"),
    _of("busy_day", "results"),
    _of("night_session", "results"),
    _of("service_stopped", "service", scope="check"),
    Spoilt("dns_lost", Subject("venue", "STA")),
    _of("disk_full", "disk", scope="check"),
    _of("file_not_renewed", "page", PAGED, "check"),
    _of("temperature_high", "temperature", GATEWAY, "check"),
    _of("certificate_expiring", "certificate", GATEWAY, "check"),
    _of("one_uplink_lost", "uplinks", GATEWAY),
]
