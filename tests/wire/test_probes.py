"""Tests of probes and their answers: allowed and refused content."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from venuewatch.base.wire.errors import MalformedMessageError, Reason
from venuewatch.base.wire.messages import Probe, Probed, decode_command, decode_probed, encode

PROBE = {"do": '"probe"', "number": "7", "host": '"STA-2"', "address": '"192.0.2.7"'}
PROBED = {
    "boot": '"a"',
    "session": "1",
    "number": "7",
    "host": '"STA-2"',
    "is_reached": "false",
}


def text_of(fields: dict[str, str]) -> bytes:
    return ("{" + ",".join(f'"{name}":{raw}' for name, raw in fields.items()) + "}").encode()


def test_a_probe_needs_neither_port_nor_timeout() -> None:
    command = decode_command(text_of(PROBE))

    assert command == Probe(number=7, host="STA-2", address="192.0.2.7", port=None, timeout_s=0.7)


@pytest.mark.parametrize(
    "changed",
    [
        {"number": "-1"},
        {"number": "null"},
        {"host": '""'},
        {"host": f'"{"x" * 65}"'},
        {"address": '""'},
        {"address": f'"{"x" * 254}"'},
        {"address": "null"},
        {"address": '["192.0.2.7"]'},
        {"port": "0"},
        {"port": "65536"},
        {"port": "22.5"},
        {"port": '"22"'},
        {"timeout_s": "0"},
        {"timeout_s": "-1"},
        {"timeout_s": "5.1"},
        {"timeout_s": "1e300"},
        {"timeout_s": "null"},
        {"do": '"Probe"'},
    ],
    ids=str,
)
def test_a_probe_out_of_bounds_is_refused(changed: dict[str, str]) -> None:
    with pytest.raises(MalformedMessageError) as refusal:
        decode_command(text_of(PROBE | changed))

    assert refusal.value.reason is Reason.WRONG_TYPE


def test_a_neighbour_that_could_not_ask_says_neither_yes_nor_no() -> None:
    assert decode_probed(text_of(PROBED | {"is_reached": "null"})).is_reached is None


@pytest.mark.parametrize(
    "changed",
    [
        {"is_reached": '"yes"'},
        {"is_reached": "1"},
        {"way": '"carrier pigeon"'},
        {"way": "null"},
        {"number": "1.5"},
        {"host": '""'},
        {"host": f'"{"x" * 65}"'},
        {"duration_s": "-1"},
        {"duration_s": "1e999"},
        {"detail": f'"{"x" * 257}"'},
        {"boot": '""'},
    ],
    ids=str,
)
def test_an_answer_of_a_neighbour_out_of_bounds_is_refused(changed: dict[str, str]) -> None:
    with pytest.raises(MalformedMessageError) as refusal:
        decode_probed(text_of(PROBED | changed))

    assert refusal.value.reason is Reason.WRONG_TYPE


def test_an_answer_that_leaves_out_whether_it_reached_is_refused() -> None:
    said = {name: raw for name, raw in PROBED.items() if name != "is_reached"}

    with pytest.raises(MalformedMessageError):
        decode_probed(text_of(said))


counts = st.integers(0, 2**53)
texts = st.characters(codec="utf-8")


@given(
    st.builds(
        Probed,
        boot=st.text(texts, min_size=1, max_size=32),
        session=counts,
        number=counts,
        host=st.text(texts, min_size=1, max_size=64),
        is_reached=st.none() | st.booleans(),
        way=st.sampled_from(["icmp", "tcp", ""]),
        duration_s=st.floats(0, 86_400),
        detail=st.text(texts, max_size=256),
    )
)
def test_any_answer_of_a_neighbour_is_the_same_after_a_round_trip(probed: Probed) -> None:
    assert decode_probed(encode(probed)) == probed
