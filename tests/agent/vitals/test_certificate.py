"""The end of a host's own certificate, which goes with its vitals."""

from pathlib import Path

from agent.vitals import gather, of_certificate
from tests.agent.checks.authority import DAY_S
from venuewatch.base.clock import monotonic
from venuewatch.base.wire.readings import Readings
from venuewatch.venue.authority.certificates import Validity, make_authority, make_certificate

NOW = 1_800_000_000.0
AUTHORITY = make_authority("hosts", NOW)


def certificate(path: Path, days: float) -> Path:
    valid = Validity(NOW, NOW + days * DAY_S)
    made = make_certificate(AUTHORITY, "STA-1", use="client", valid=valid)
    path.write_bytes(made.certificate)
    return path


def read(path: Path) -> Readings:
    return gather(of_certificate(str(path)), monotonic)


def test_host_without_a_certificate_has_no_collector_of_it() -> None:
    assert of_certificate(None) == ()


def test_certificate_that_was_renewed_shows_at_the_next_reading(tmp_path: Path) -> None:
    path = certificate(tmp_path / "host.pem", 3.0)
    first = read(path).venuewatch_agent_certificate_expiry_timestamp_seconds

    second = read(certificate(path, 180.0)).venuewatch_agent_certificate_expiry_timestamp_seconds

    assert (first, second) == (NOW + 3.0 * DAY_S, NOW + 180.0 * DAY_S)


def test_certificate_that_can_not_be_read_is_a_collector_that_fails(tmp_path: Path) -> None:
    (tmp_path / "garbage.pem").write_text("garbage")

    for name in ("missing.pem", "garbage.pem"):
        readings = read(tmp_path / name)

        assert readings.venuewatch_agent_certificate_expiry_timestamp_seconds is None
        assert readings.node_scrape_collector_success == [("certificate", 0)]
