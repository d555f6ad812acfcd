"""Tests of packing: smaller than a segment where possible, unpacked with care."""

import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from venuewatch.base.wire.errors import MalformedMessageError, Reason
from venuewatch.base.wire.messages import MAX_PAYLOAD_BYTES, Vitals, decode_vitals, encode
from venuewatch.base.wire.packing import PACKED_FROM, packed, unpacked
from venuewatch.base.wire.readings import Readings

MANY_CORES = Readings(
    node_cpu_seconds_total=[
        (str(core), mode, 1_000.0 + core)
        for core in range(8)
        for mode in ("user", "system", "idle", "iowait", "nice", "irq", "softirq", "steal")
    ]
)
SEGMENT_BYTES = 1_380  # 1,500 less IPv6 and TCP with timestamps, TLS, and MQTT's topic


@given(st.binary(max_size=5_000).filter(lambda payload: payload[:1] != b"x"))
def test_what_was_packed_comes_out_as_it_was(payload: bytes) -> None:
    assert unpacked(packed(payload), max_bytes=5_000) == payload


def test_what_is_short_goes_as_it_is() -> None:
    payload = b"{" * (PACKED_FROM - 1)

    assert packed(payload) == payload


def test_the_vitals_of_a_machine_of_many_cores_fit_a_segment() -> None:
    plain = encode(Vitals("k3vq7a2e", 1, 87, 1_722_685_327_418, MANY_CORES))

    said = packed(plain)

    assert len(plain) > SEGMENT_BYTES > len(said)
    assert decode_vitals(said).readings == decode_vitals(plain).readings == MANY_CORES


@pytest.mark.parametrize(
    ("payload", "reason"),
    [
        (b"x", Reason.BAD_PACKING),
        (b"x nonsense", Reason.BAD_PACKING),
        (zlib.compress(b"{}" * 500)[:-1], Reason.BAD_PACKING),
        (zlib.compress(b"{}") + b"more", Reason.BAD_PACKING),
        (zlib.compress(bytes(MAX_PAYLOAD_BYTES + 1)), Reason.TOO_LARGE),
        (zlib.compress(bytes(100 * MAX_PAYLOAD_BYTES)), Reason.TOO_LARGE),
        (zlib.compress(b"{" * 2_000), Reason.INVALID_JSON),
    ],
)
def test_what_is_badly_packed_is_refused_for_its_reason(payload: bytes, reason: Reason) -> None:
    with pytest.raises(MalformedMessageError) as refusal:
        decode_vitals(payload)

    assert refusal.value.reason is reason
