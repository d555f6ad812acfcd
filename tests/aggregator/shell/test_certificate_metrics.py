"""Ends of certificates and lists, as the aggregator shows them."""

from pathlib import Path

import pytest

from aggregator.config import Broker, Bulk
from aggregator.shell.certificate_metrics import CertificateMetrics
from venuewatch.venue.authority import crls
from venuewatch.venue.authority.certificates import (
    DAY_S,
    Validity,
    make_authority,
    make_certificate,
)

NOW = 1_800_000_000.0
OWN = "venuewatch_aggregator_certificate_expiry_timestamp_seconds"
LISTS = "venuewatch_pki_crl_next_update_timestamp_seconds"
AUTHORITY = make_authority("hosts", NOW)


def certificate(name: str, days: float) -> bytes:
    valid = Validity(NOW, NOW + days * DAY_S)
    made = make_certificate(AUTHORITY, name, use="client", valid=valid)
    return made.key + made.certificate


def broker(folder: Path) -> Broker:
    live, bulk = str(folder / "live.pem"), str(folder / "bulk.pem")
    own = Bulk(cert_file=bulk, key_file=bulk)
    return Broker(cert_file=live, key_file=live, bulk=own, crl_file=str(folder / "crl.pem"))


def shown(metrics: CertificateMetrics) -> dict[tuple[str, str], float]:
    """Return each sample by name and connection."""
    return {
        (sample.name, sample.labels.get("connection", "")): sample.value
        for family in metrics.collect()
        for sample in family.samples
    }


def test_each_connections_certificate_says_when_it_ends(tmp_path: Path) -> None:
    (tmp_path / "live.pem").write_bytes(certificate("_centre-aggregator", 10.0))
    (tmp_path / "bulk.pem").write_bytes(certificate("_bulk-aggregator", 20.0))
    (tmp_path / "crl.pem").write_bytes(crls.make_crl(AUTHORITY, (), NOW, 1))

    assert shown(CertificateMetrics(broker(tmp_path))) == {
        (OWN, "live"): NOW + 10.0 * DAY_S,
        (OWN, "bulk"): NOW + 20.0 * DAY_S,
        (LISTS, ""): NOW + crls.VALID_DAYS * DAY_S,
    }


def test_what_was_renewed_shows_at_the_next_scrape(tmp_path: Path) -> None:
    metrics = CertificateMetrics(broker(tmp_path))
    path = tmp_path / "crl.pem"
    path.write_bytes(crls.make_crl(AUTHORITY, (), NOW, 1))
    shown(metrics)

    path.write_bytes(crls.make_crl(AUTHORITY, (), NOW + DAY_S, 2))

    assert shown(metrics)[LISTS, ""] == NOW + (crls.VALID_DAYS + 1) * DAY_S


@pytest.mark.parametrize("content", [None, b"", b"garbage"])
def test_file_that_can_not_be_read_ended_long_ago(tmp_path: Path, content: bytes | None) -> None:
    if content is not None:
        for name in ("live.pem", "bulk.pem", "crl.pem"):
            (tmp_path / name).write_bytes(content)

    assert set(shown(CertificateMetrics(broker(tmp_path))).values()) == {0.0}


def test_aggregator_with_a_password_shows_no_certificates() -> None:
    assert shown(CertificateMetrics(Broker())) == {}


def test_certificate_whose_key_is_another_one_ended_long_ago(tmp_path: Path) -> None:
    for name in ("live.pem", "bulk.pem"):
        (tmp_path / name).write_bytes(certificate(name, 10.0))
    other = tmp_path / "other.key"
    other.write_bytes(certificate("other", 10.0))
    own = Broker(
        cert_file=str(tmp_path / "live.pem"),
        key_file=str(other),
        bulk=Bulk(cert_file=str(tmp_path / "bulk.pem"), key_file=str(tmp_path / "bulk.pem")),
    )

    assert shown(CertificateMetrics(own)) == {(OWN, "live"): 0.0, (OWN, "bulk"): NOW + 10.0 * DAY_S}
