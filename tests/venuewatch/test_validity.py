"""Dates of certificates and of lists of revoked ones, as they are read without a library."""

import ssl

import pytest
from hypothesis import given
from hypothesis import strategies as st

from venuewatch.base.validity import certificate_end, lists_end, not_after, validity
from venuewatch.venue.authority import crls
from venuewatch.venue.authority.certificates import (
    DAY_S,
    Validity,
    make_authority,
    make_certificate,
)

NOW = 1_800_000_000.0
AUTHORITY = make_authority("hosts", NOW)
LIST = crls.make_crl(AUTHORITY, [crls.Revoked(7, NOW)], NOW, 1)
SOONER = crls.make_crl(make_authority("next", NOW), (), NOW - 5 * DAY_S, 1)


def certificate(end: float) -> bytes:
    valid = Validity(NOW - DAY_S, end)
    return make_certificate(AUTHORITY, "STA-1", use="client", valid=valid).certificate


PEM = certificate(NOW + DAY_S)


def test_certificate_says_when_it_begins_and_ends() -> None:
    assert validity(ssl.PEM_cert_to_DER_cert(PEM.decode())) == (NOW - DAY_S, NOW + DAY_S)


@pytest.mark.parametrize("days", [1.0, 36_500.0])  # of two digits the year, and of four
def test_first_certificate_of_a_file_says_when_it_ends(days: float) -> None:
    end = NOW + days * DAY_S

    assert certificate_end(b"of the host\n" + certificate(end) + PEM) == end


def test_list_says_when_it_is_outdated() -> None:
    assert lists_end(LIST) == NOW + crls.VALID_DAYS * DAY_S


def test_first_of_several_lists_to_end_counts() -> None:
    assert lists_end(LIST + SOONER) == lists_end(SOONER)


@pytest.mark.parametrize("pem", [b"", b"garbage", PEM, LIST[:-60], LIST + SOONER[:-60]])
def test_what_is_no_whole_list_has_no_end(pem: bytes) -> None:
    assert lists_end(pem) is None


@pytest.mark.parametrize("pem", [b"", b"garbage", LIST, PEM[:-60]])
def test_what_is_no_whole_certificate_has_no_end(pem: bytes) -> None:
    assert certificate_end(pem) is None


@given(st.binary(max_size=300))
def test_reading_any_certificate_ends(garbage: bytes) -> None:
    found = not_after(garbage)

    assert found is None or isinstance(found, float)


@given(st.binary(max_size=300))
def test_reading_any_list_ends(garbage: bytes) -> None:
    block = ssl.DER_cert_to_PEM_cert(garbage).replace("CERTIFICATE", "X509 CRL")

    found = lists_end(block.encode())

    assert found is None or isinstance(found, float)
