"""The end of a host's own certificate, which goes with its vitals."""

import os
from pathlib import Path

import pytest

from agent.vitals import Collector, gather, of_certificate
from tests.agent.checks.authority import DAY_S
from venuewatch.base.clock import monotonic
from venuewatch.base.validity import own_end
from venuewatch.base.wire.readings import Readings
from venuewatch.venue.authority.certificates import (
    Validity,
    key_pem,
    make_authority,
    make_certificate,
)

NOW = 1_800_000_000.0
AUTHORITY = make_authority("hosts", NOW)
OTHER_KEY = key_pem(AUTHORITY.key)
LOCKED_KEY = key_pem(AUTHORITY.key, b"a passphrase")


def certificate(folder: Path, days: float) -> Path:
    """Write a certificate and its key, as an operator brings them."""
    valid = Validity(NOW, NOW + days * DAY_S)
    made = make_certificate(AUTHORITY, "STA-1", use="client", valid=valid)
    (folder / "host.key").write_bytes(made.key)
    (folder / "host.pem").write_bytes(made.certificate)
    return folder


def collectors(folder: Path) -> tuple[Collector, ...]:
    return of_certificate(str(folder / "host.pem"), str(folder / "host.key"))


def read(folder: Path) -> Readings:
    return gather(collectors(folder), monotonic)


def end(of: tuple[Collector, ...]) -> float | None:
    return gather(of, monotonic).venuewatch_agent_certificate_expiry_timestamp_seconds


def test_host_without_a_certificate_has_no_collector_of_it() -> None:
    assert of_certificate(None, None) == ()


def test_certificate_that_was_renewed_shows_at_the_next_reading(tmp_path: Path) -> None:
    own = collectors(certificate(tmp_path, 3.0))
    first = end(own)
    certificate(tmp_path, 180.0)

    assert [first, end(own)] == [NOW + 3.0 * DAY_S, NOW + 180.0 * DAY_S]


def test_certificate_shows_again_once_its_key_is_brought_back(tmp_path: Path) -> None:
    own = collectors(certificate(tmp_path, 3.0))
    ends = [end(own)]
    key = (tmp_path / "host.key").rename(tmp_path / "away")
    ends.append(end(own))
    key.rename(tmp_path / "host.key")
    ends.append(end(own))

    assert ends == [NOW + 3.0 * DAY_S, 0.0, NOW + 3.0 * DAY_S]


def test_certificate_that_stays_as_it_is_is_read_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []

    def noted(path: str, key_path: str | None) -> float:
        asked.append(path)
        return own_end(path, key_path)

    monkeypatch.setattr("agent.vitals._certificate.own_end", noted)
    own = collectors(certificate(tmp_path, 3.0))

    assert [end(own) for _ in range(3)] == [NOW + 3.0 * DAY_S] * 3
    assert len(asked) == 1


@pytest.mark.parametrize("name", ["host.pem", "host.key"])
@pytest.mark.parametrize("content", [None, b"", b"garbage", OTHER_KEY, LOCKED_KEY])
def test_certificate_that_no_connection_can_use_ended_long_ago(
    tmp_path: Path, name: str, content: bytes | None
) -> None:
    (certificate(tmp_path, 180.0) / name).unlink()
    if content is not None:
        (tmp_path / name).write_bytes(content)

    readings = read(tmp_path)

    assert readings.venuewatch_agent_certificate_expiry_timestamp_seconds == 0.0
    assert readings.node_scrape_collector_success == [("certificate", 1)]


def test_pipe_in_the_place_of_a_key_keeps_nothing_waiting(tmp_path: Path) -> None:
    (certificate(tmp_path, 180.0) / "host.key").unlink()
    os.mkfifo(tmp_path / "host.key")

    assert read(tmp_path).venuewatch_agent_certificate_expiry_timestamp_seconds == 0.0
