"""The dates of a certificate, read without any library."""

from datetime import UTC, datetime
from typing import Any

import pytest
import trustme
from cryptography import x509

from venuewatch.venue.bundle.host.certificate import validity_of


def made(**times: Any) -> bytes:
    return trustme.CA().issue_cert("STA-results-01", **times).cert_chain_pems[0].bytes()


@pytest.mark.parametrize("year", [2027, 2049, 2050, 2120])
def test_dates_are_those_of_the_library(year: int) -> None:
    pem = made(not_after=datetime(year, 3, 4, 5, 6, 7, tzinfo=UTC))

    found = validity_of(pem)

    expected = x509.load_pem_x509_certificate(pem)
    assert found.begin_s == expected.not_valid_before_utc.timestamp()
    assert found.end_s == expected.not_valid_after_utc.timestamp()


def test_text_before_the_certificate_is_passed_over() -> None:
    pem = made()

    assert validity_of(b"Subject: somebody\n" + pem) == validity_of(pem)


@pytest.mark.parametrize("pem", [b"", b"no certificate", b"-----BEGIN CERTIFICATE-----\n"])
def test_what_is_no_certificate_is_refused(pem: bytes) -> None:
    with pytest.raises(ValueError, match="expected a certificate"):
        validity_of(pem)


def test_a_certificate_cut_anywhere_is_refused_or_read() -> None:
    head, *lines, foot = made().splitlines()

    for count in range(len(lines)):
        cut = b"\n".join([head, *lines[:count], foot])
        with pytest.raises(ValueError, match="expected a certificate"):
            validity_of(cut)
