"""Bad messages, one by one, each with its exact reason."""

from collections.abc import Callable
from typing import Any

import pytest

from venuewatch.base.wire.errors import MalformedMessageError, Reason, WireError
from venuewatch.base.wire.links import RECONNECT_MAX_S
from venuewatch.base.wire.messages import (
    Probe,
    decode_beat,
    decode_birth,
    decode_centre_state,
    decode_command,
    decode_death,
    decode_probed,
    decode_tick,
    decode_vitals,
)

DEEP = 100_000
ROW = '["eth0",1]'


BEAT = {"boot": '"a"', "session": "1", "seq": "1", "mono_ms": "1", "wall_ms": "1"}
BIRTH = {
    "boot": '"a"',
    "session": "1",
    "wall_ms": "1",
    "interval_s": "1",
    "vitals_every_s": "10",
    "agent_version": '"1"',
}
PROBE = {"do": '"probe"', "number": "7", "host": '"STA-2"', "address": '"192.0.2.7"'}
NO_WORD = {"boot": '"a"', "session": "1", "number": "7", "host": '"STA-2"'}
PROBED = {**NO_WORD, "is_reached": "false"}


def text_of(fields: dict[str, str], **changed: str) -> bytes:
    """Return a message's JSON with these fields changed, or added, to raw text."""
    raw = (f'"{name}":{value}' for name, value in (fields | changed).items())
    return ("{" + ",".join(raw) + "}").encode()


def beat(**changed: str) -> bytes:
    return text_of(BEAT, **changed)


def vitals(readings: str) -> bytes:
    return f'{{"boot":"a","session":1,"seq":1,"wall_ms":1,"readings":{readings}}}'.encode()


BAD_BEATS = {
    "nothing": (b"", Reason.INVALID_JSON),
    "white space": (b" \n", Reason.INVALID_JSON),
    "a word": (b"hello", Reason.INVALID_JSON),
    "half a message": (beat()[:-5], Reason.INVALID_JSON),
    "two messages": (beat() + beat(), Reason.INVALID_JSON),
    "a trailing comma": (beat()[:-1] + b",}", Reason.INVALID_JSON),
    "a byte order mark": (b"\xef\xbb\xbf" + beat(), Reason.INVALID_JSON),
    "UTF-16": (beat().decode().encode("utf-16"), Reason.INVALID_JSON),
    "null": (b"null", Reason.WRONG_TYPE),
    "a number": (b"7", Reason.WRONG_TYPE),
    "a list": (b"[]", Reason.WRONG_TYPE),
    "no fields": (b"{}", Reason.WRONG_TYPE),
    "a number as boot": (beat(boot="7"), Reason.WRONG_TYPE),
    "null as boot": (beat(boot="null"), Reason.WRONG_TYPE),
    "an empty boot": (beat(boot='""'), Reason.WRONG_TYPE),
    "a long boot": (beat(boot=f'"{"x" * 33}"'), Reason.WRONG_TYPE),
    "a word as seq": (beat(seq='"1"'), Reason.WRONG_TYPE),
    "true as seq": (beat(seq="true"), Reason.WRONG_TYPE),
    "a fraction as seq": (beat(seq="1.5"), Reason.WRONG_TYPE),
    "a negative seq": (beat(seq="-1"), Reason.WRONG_TYPE),
    "a seq over 2^53": (beat(seq=str(2**53 + 1)), Reason.WRONG_TYPE),
    "a seq of 64 bits": (beat(seq=str(2**64)), Reason.WRONG_TYPE),
    "a seq of 400 digits": (beat(seq="9" * 400), Reason.WRONG_TYPE),
    "a seq of 100,000 digits": (beat(seq="9" * 100_000), Reason.WRONG_TYPE),
    "1e999 as seq": (beat(seq="1e999"), Reason.WRONG_TYPE),
    "NaN as seq": (beat(seq="NaN"), Reason.INVALID_JSON),
    "Infinity as seq": (beat(seq="Infinity"), Reason.INVALID_JSON),
    "-Infinity as seq": (beat(seq="-Infinity"), Reason.INVALID_JSON),
    "NaN in an unknown field": (beat(mood="NaN"), Reason.INVALID_JSON),
    "an echo of one number": (beat(tick="[1]"), Reason.WRONG_TYPE),
    "an echo held before it came": (beat(tick="[1,-5]"), Reason.WRONG_TYPE),
    "an echo that is an object": (beat(tick='{"number":1,"held_ms":1}'), Reason.WRONG_TYPE),
    "a wrong seq before a right one": (
        beat()[:-1].replace(b'"seq":1', b'"seq":"x"') + b',"seq":1}',
        Reason.WRONG_TYPE,
    ),
    "deep nesting in a known field": (beat(boot="[" * DEEP + "]" * DEEP), Reason.WRONG_TYPE),
    "deep nesting in an unknown field": (beat(mood="[" * DEEP + "]" * DEEP), Reason.TOO_DEEP),
    "deep objects in an unknown field": (beat(mood='{"a":' * 20_000), Reason.TOO_DEEP),
    "deep nesting without an end": (beat(mood="[" * DEEP), Reason.TOO_DEEP),
    "a megabyte": (beat(mood=f'"{"x" * 1_000_000}"'), Reason.TOO_LARGE),
    "a megabyte of nothing": (bytes(1_000_000), Reason.TOO_LARGE),
    "invalid UTF-8 as a value": (beat(boot='"?"').replace(b"?", b"\xff"), Reason.INVALID_UTF8),
    "overlong UTF-8": (beat(boot='"?"').replace(b"?", b"\xc0\xaf"), Reason.INVALID_UTF8),
    "a surrogate in UTF-8": (beat(boot='"?"').replace(b"?", b"\xed\xa0\x80"), Reason.INVALID_UTF8),
    "a lone high surrogate": (beat(boot=r'"\ud800"'), Reason.INVALID_JSON),
    "a lone low surrogate": (beat(boot=r'"\udc00"'), Reason.INVALID_JSON),
    "a broken escape": (beat(boot=r'"\x41"'), Reason.INVALID_JSON),
    "a raw control character": (beat(boot='"\x01"'), Reason.INVALID_JSON),
}

BAD_VITALS = {
    "a reading of 1e999": '{"node_load1":1e999}',
    "a reading of -1e999": '{"node_load1":-1e999}',
    "a reading of 400 digits": f'{{"node_load1":{"9" * 400}}}',
    "a word as reading": '{"node_load1":"NaN"}',
    "true as reading": '{"node_load1":true}',
    "a number for rows": '{"node_network_up":1}',
    "rows for a number": '{"node_load1":[["eth0",1]]}',
    "a row of one": '{"node_network_up":[["eth0"]]}',
    "a row of three": '{"node_network_up":[["eth0","x",1]]}',
    "a number as label": '{"node_network_up":[[1,1]]}',
    "a long label": f'{{"node_network_up":[["{"x" * 257}",1]]}}',
    "1e999 in a row": '{"node_network_up":[["eth0",1e999]]}',
    "too many rows": f'{{"node_network_up":[{",".join([ROW] * 8_193)}]}}',
    "no readings": "null",
}

LONG_NAME = f'"{"x" * 65}"'
RIGHT: dict[str, tuple[Any, dict[str, str]]] = {
    "birth": (decode_birth, BIRTH),
    "probe": (decode_command, PROBE),
    "probed": (decode_probed, PROBED),
}
OUT_OF_BOUNDS = [
    ("birth", "interval_s", ["0", "-1", "0.05", "86401", "1e300"]),
    ("birth", "vitals_every_s", ["0"]),
    ("birth", "agent_version", [f'"{"x" * 257}"']),
    ("birth", "nodename", [f'"{"x" * 257}"']),
    ("birth", "address", ["null"]),
    ("birth", "os_boot_ms", ["-1"]),
    ("birth", "keepalive_s", ["-1", "65536", "null"]),
    ("birth", "reconnect_max_s", ["0", "86401"]),
    ("probe", "do", ['"Probe"']),
    ("probe", "number", ["-1", "null"]),
    ("probe", "host", ['""', LONG_NAME]),
    ("probe", "address", ['""', f'"{"x" * 254}"', "null", '["192.0.2.7"]']),
    ("probe", "port", ["0", "65536", "22.5", '"22"']),
    ("probe", "timeout_s", ["0", "-1", "5.1", "1e300", "null"]),
    ("probed", "is_reached", ['"yes"', "1"]),
    ("probed", "way", ['"carrier pigeon"', "null"]),
    ("probed", "number", ["1.5"]),
    ("probed", "host", ['""', LONG_NAME]),
    ("probed", "duration_s", ["-1", "1e999"]),
    ("probed", "detail", [f'"{"x" * 257}"']),
    ("probed", "boot", ['""']),
]
NUMBERS = ("NaN", "Infinity", "-Infinity", "nan", "0x1", "1_000", ".5")
NO_NUMBERS = [f'{{"node_load1":{number}}}' for number in NUMBERS]
REFUSED = {
    **{name: (decode_beat, *bad) for name, bad in BAD_BEATS.items()},
    **{name: (decode_vitals, vitals(bad), Reason.WRONG_TYPE) for name, bad in BAD_VITALS.items()},
    **{bad: (decode_vitals, vitals(bad), Reason.INVALID_JSON) for bad in NO_NUMBERS},
    **{
        f"{message} of {name}={bad[:20]}": (
            RIGHT[message][0],
            text_of(RIGHT[message][1], **{name: bad}),
            Reason.WRONG_TYPE,
        )
        for message, name, values in OUT_OF_BOUNDS
        for bad in values
    },
    "no word on whether it reached": (decode_probed, text_of(NO_WORD), Reason.WRONG_TYPE),
}


@pytest.mark.parametrize(("decode", "payload", "reason"), REFUSED.values(), ids=REFUSED)
def test_a_bad_message_is_refused_for_its_reason(
    decode: Callable[[bytes], object], payload: bytes, reason: Reason
) -> None:
    with pytest.raises(MalformedMessageError) as refusal:
        decode(payload)

    assert refusal.value.reason is reason


@pytest.mark.parametrize(
    "extra",
    [b'"\xff":1', b'"mood":"\xff"', rb'"mood":"\ud83d\ude00"', b'"mood":"' + b"x" * 9_000 + b'"'],
    ids=["invalid UTF-8 in a key", "invalid UTF-8 as its value", "a pair", "long text"],
)
def test_what_is_in_an_unknown_field_is_not_our_business(extra: bytes) -> None:
    assert decode_beat(beat()[:-1] + b"," + extra + b"}") == decode_beat(beat())


def test_the_last_of_two_equal_keys_counts() -> None:
    assert decode_beat(beat()[:-1] + b',"seq":7}').seq == 7


@pytest.mark.parametrize("seq", [0, 2**53])
def test_the_bounds_of_a_count_are_within_it(seq: int) -> None:
    assert decode_beat(beat(seq=str(seq))).seq == seq


def test_a_family_that_the_catalogue_does_not_have_cannot_get_in() -> None:
    message = decode_vitals(vitals('{"node_evil_total":1,"node_load1":2}'))

    assert message == decode_vitals(vitals('{"node_load1":2}'))


def test_what_a_birth_leaves_out_has_its_default() -> None:
    birth = decode_birth(text_of(BIRTH))

    assert (birth.nodename, birth.keepalive_s) == ("", 0)
    assert birth.reconnect_max_s == RECONNECT_MAX_S


def test_what_a_probe_leaves_out_has_its_default() -> None:
    command = decode_command(text_of(PROBE))

    assert command == Probe(number=7, host="STA-2", address="192.0.2.7", port=None, timeout_s=0.7)


SECRET = "s3cret" * 3_000


@pytest.mark.parametrize(
    ("decode", "payload"),
    [
        (decode_death, f'{{"boot":"a","session":1,"reason":"{SECRET}"}}'),
        (decode_centre_state, f'{{"state":"{SECRET}"}}'),
        (decode_command, f'{{"do":"{SECRET}"}}'),
        (decode_probed, f'{{"boot":"a","session":1,"number":1,"host":"{SECRET}"}}'),
        (decode_beat, f'{{"boot":"{SECRET}"}}'),
        (decode_beat, f'{{"{SECRET}":'),
        (decode_tick, f'{{"number":"{SECRET}"}}'),
    ],
    ids=["death", "centre state", "command", "probed", "beat", "key", "tick"],
)
def test_a_refusal_never_repeats_what_was_sent(
    decode: Callable[[bytes], object], payload: str
) -> None:
    with pytest.raises(MalformedMessageError) as refusal:
        decode(payload.encode())

    assert "s3cret" not in str(refusal.value)


def test_a_refusal_says_its_reason_and_what_was_expected() -> None:
    with pytest.raises(WireError) as refusal:
        decode_beat(beat(seq="-1"))

    assert str(refusal.value) == "wrong_type: Expected `int` >= 0 - at `$.seq`"
