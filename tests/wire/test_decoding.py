"""Tests of decoders: any bytes give a message of the type, or a fault with a reason."""

import json
from collections.abc import Callable
from typing import Any, NamedTuple, get_args

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from venuewatch.base.wire import messages
from venuewatch.base.wire.catalogue import Catalogue
from venuewatch.base.wire.checks import CheckValues
from venuewatch.base.wire.errors import MalformedMessageError, Reason
from venuewatch.base.wire.messages import MAX_PAYLOAD_BYTES, CheckReading, encode
from venuewatch.base.wire.readings import Readings

MAX_COUNT = 2**53


class Wire(NamedTuple):
    """A decoder, what it decodes to, and one valid message."""

    decode: Callable[[bytes], object]
    valid: object

    @property
    def kinds(self) -> tuple[type, ...]:
        """Return what may come out: of a command, any command."""
        commands = get_args(messages.Command)
        return commands if self.decode is messages.decode_command else (type(self.valid),)


VITALS = messages.Vitals(
    "a",
    1,
    2,
    3,
    Readings(
        node_load1=0.5,
        node_cpu_seconds_total=[("0", "user", 1.5)],
        node_network_up=[("eth0", 1.0)],
        node_filesystem_files=[("/dev/sda1", "ext4", "/", 7.0)],
    ),
)
CATALOGUE = Catalogue([("node_load1", [[]]), ("node_network_up", [["eth0"], ["é"]])])
VALUES = messages.Vitals("a", 1, 2, 3, catalogue=CATALOGUE.key, values=[0.5, None, 1.0])
CHECKS = messages.Checks(
    "a",
    1,
    2,
    3,
    [
        CheckReading(
            check="gateway",
            kind="tcp",
            state="warning",
            every_s=10.0,
            wall_ms=4,
            duration_s=0.5,
            detail="é",
            values=CheckValues(
                check_round_trip_avg_seconds=0.25, check_performance_seconds=[("rta", 0.25)]
            ),
        )
    ],
)
BIRTH = """{
    "boot": "a", "session": 1, "wall_ms": 2, "interval_s": 1, "vitals_every_s": 10, "os_boot_ms": 3,
    "agent_version": "1", "nodename": "é", "keepalive_s": 5, "reconnect_max_s": 60,
    "yields": true
}""".encode()
PROBED = """{
    "boot": "a", "session": 1, "number": 7, "host": "STA-2", "is_reached": false, "way": "tcp",
    "duration_s": 0.5, "detail": "é"
}""".encode()
WIRES = {
    "beat": Wire(messages.decode_beat, messages.Beat("a", 1, 2, 3, 4, tick=messages.Echo(5, 6))),
    "beat for two": Wire(
        messages.decode_beat,
        messages.Beat("a", 1, 2, 3, 4, messages.Echo(5, 6), (messages.Echo(2**32, 7),)),
    ),
    "birth": Wire(messages.decode_birth, messages.decode_birth(BIRTH)),
    "death": Wire(messages.decode_death, messages.Death("a", 1, "lost")),
    "vitals": Wire(messages.decode_vitals, VALUES),
    "named vitals": Wire(messages.decode_vitals, VITALS),
    "catalogue": Wire(messages.decode_catalogue, CATALOGUE),
    "tick": Wire(messages.decode_tick, messages.Tick(1, 2)),
    "centre state": Wire(messages.decode_centre_state, messages.CentreState("online")),
    "centre open": Wire(messages.decode_centre_open, messages.CentreOpen(("VenueDown/STA",))),
    "checks": Wire(messages.decode_checks, CHECKS),
    "backlog": Wire(
        messages.decode_backlog,
        messages.Backlog("a", 1, 7, [VITALS, VALUES], [CHECKS], [CATALOGUE]),
    ),
    "command": Wire(messages.decode_command, messages.Rebirth()),
    "birth refused": Wire(
        messages.decode_command, messages.BirthRefused("role", "Expected `str` of length <= 256")
    ),
    "say catalogue": Wire(messages.decode_command, messages.SayCatalogue(CATALOGUE.key)),
    "acknowledgement": Wire(messages.decode_command, messages.Acknowledge("a", 7)),
    "asking backlog": Wire(
        messages.decode_backlog, messages.Backlog("a", 1, 0, sent=2**40, waiting=7)
    ),
    "crediting centre state": Wire(
        messages.decode_centre_state, messages.CentreState("online", credit=True)
    ),
    "grant": Wire(messages.decode_command, messages.Grant("a", "centre", 2**40)),
    "yield": Wire(messages.decode_command, messages.Yield("a", "192.0.2.7")),
    "probe": Wire(
        messages.decode_command,
        messages.Probe(number=7, host="STA-2", address="192.0.2.7", port=22, timeout_s=0.5),
    ),
    "probed": Wire(messages.decode_probed, messages.decode_probed(PROBED)),
}
every_wire = pytest.mark.parametrize("wire", WIRES.values(), ids=WIRES.keys())

json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()  # NaN and the infinities too, as Python and others write them
    | st.text(st.characters(codec=None), max_size=300),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


def assert_total(wire: Wire, payload: bytes) -> None:
    message, reason = None, None
    try:
        message = wire.decode(payload)
    except MalformedMessageError as fault:
        reason = fault.reason
    assert isinstance(message, wire.kinds) or reason in set(Reason)


@every_wire
def test_a_message_is_the_same_after_a_round_trip(wire: Wire) -> None:
    assert wire.decode(encode(wire.valid)) == wire.valid


@every_wire
@given(payload=st.binary(max_size=2_000))
def test_any_bytes_give_a_message_or_a_reason(wire: Wire, payload: bytes) -> None:
    assert_total(wire, payload)


@every_wire
@given(value=json_values)
def test_any_json_gives_a_message_or_a_reason(wire: Wire, value: object) -> None:
    assert_total(wire, json.dumps(value).encode())


@every_wire
@given(data=st.data())
def test_a_message_with_any_value_in_a_field_gives_a_message_or_a_reason(
    wire: Wire, data: st.DataObject
) -> None:
    fields: dict[str, Any] = json.loads(encode(wire.valid))
    name = data.draw(st.sampled_from([*fields, "unknown"]))

    mutated = fields | {name: data.draw(json_values)}

    assert_total(wire, json.dumps(mutated).encode())


@every_wire
@given(data=st.data())
def test_a_message_with_any_bytes_in_between_gives_a_message_or_a_reason(
    wire: Wire, data: st.DataObject
) -> None:
    payload = encode(wire.valid)
    start = data.draw(st.integers(0, len(payload)))
    end = data.draw(st.integers(start, len(payload)))

    mutated = payload[:start] + data.draw(st.binary(max_size=8)) + payload[end:]

    assert_total(wire, mutated)


@every_wire
def test_unknown_fields_are_ignored(wire: Wire) -> None:
    fields: dict[str, Any] = json.loads(encode(wire.valid))

    newer = fields | {"since_version_9": {"nested": [1, "two", None, {}]}}

    assert wire.decode(encode(newer)) == wire.valid


@every_wire
def test_a_payload_over_the_bound_is_not_even_looked_at(wire: Wire) -> None:
    payload = encode(wire.valid)

    is_birth = isinstance(wire.valid, messages.Birth)
    bound = messages.BIRTH_MAX_BYTES if is_birth else MAX_PAYLOAD_BYTES

    wire.decode(payload.ljust(bound))
    with pytest.raises(MalformedMessageError) as refusal:
        wire.decode(payload.ljust(bound + 1))

    assert refusal.value.reason is Reason.TOO_LARGE


def test_the_largest_birth_that_can_be_read_aloud_fits_its_bound() -> None:
    texts = ("agent_version", "role", "address", "sysname", "nodename", "domainname")
    longest = dict.fromkeys((*texts, "release", "version", "machine"), "\U0001f3df" * 256)
    most = 2**53
    birth = messages.Birth(
        boot="b" * 32,
        session=most,
        wall_ms=most,
        interval_s=86_399.123456789012,
        vitals_every_s=86_399.123456789012,
        os_boot_ms=most,
        keepalive_s=65_534.123456789012,
        stock_tcp=True,
        reconnect_max_s=86_399.123456789012,
        own_ticks=True,
        yields=True,
        **longest,
    )

    assert messages.decode_birth(encode(birth)) == birth


def test_a_beat_for_one_aggregator_is_as_it_was() -> None:
    beat = messages.Beat("a", 1, 2, 3, 4, messages.Echo(5, 6))

    said = '{"boot":"a","session":1,"seq":2,"mono_ms":3,"wall_ms":4,"tick":[5,6]}'
    assert encode(beat) == said.encode()


class OlderBeat(msgspec.Struct, frozen=True):
    """A beat as it is decoded by aggregators that know one tick alone."""

    seq: int
    tick: messages.Echo | None = None


def test_an_older_aggregator_reads_the_first_echo_of_a_beat() -> None:
    echoes = messages.Echo(5, 6), messages.Echo(2**32, 7)
    beat = messages.Beat("a", 1, 2, 3, 4, echoes[0], echoes[1:])

    assert messages.decoder(OlderBeat)(encode(beat)) == OlderBeat(2, echoes[0])


@pytest.mark.parametrize(
    "ticks", ["[[1,2],[3,4],[5,6],[7,8]]", "[[1,-2]]", "[[1]]", "[1,2]", "{}", "null"]
)
def test_echoes_that_are_none_refuse_their_beat(ticks: str) -> None:
    beat = f'{{"boot":"a","session":1,"seq":2,"mono_ms":3,"wall_ms":4,"other_ticks":{ticks}}}'

    with pytest.raises(MalformedMessageError) as refusal:
        messages.decode_beat(beat.encode())

    assert refusal.value.reason is Reason.WRONG_TYPE


def test_an_older_aggregator_reads_a_beat_that_says_its_lateness() -> None:
    beat = messages.Beat("a", 1, 2, 3, 4, late_ms=3_000)

    assert messages.decoder(OlderBeat)(encode(beat)) == OlderBeat(2, None)


def test_a_beat_in_time_says_nothing_of_lateness() -> None:
    assert b"late" not in encode(messages.Beat("a", 1, 2, 3, 4))


counts = st.integers(0, MAX_COUNT)
spans = st.floats(0.1, 86_400)
texts = st.text(st.characters(codec="utf-8"), max_size=256)
names = st.text(st.characters(codec="utf-8"), min_size=1, max_size=32)
echoes = st.none() | st.builds(messages.Echo, counts, counts)
ANY: dict[Callable[[bytes], object], st.SearchStrategy[object]] = {
    messages.decode_beat: st.builds(
        messages.Beat,
        *(names, counts, counts, counts, counts, echoes),
        st.lists(st.builds(messages.Echo, counts, counts), max_size=3).map(tuple),
        counts,
    ),
    messages.decode_birth: st.builds(
        messages.Birth,
        boot=names,
        session=counts,
        wall_ms=counts,
        interval_s=spans,
        vitals_every_s=spans,
        agent_version=texts,
        machine=texts,
        keepalive_s=st.floats(0, 65_535),
        reconnect_max_s=spans,
    ),
    messages.decode_probed: st.builds(
        messages.Probed,
        boot=names,
        session=counts,
        number=counts,
        host=st.text(st.characters(codec="utf-8"), min_size=1, max_size=64),
        is_reached=st.none() | st.booleans(),
        way=st.sampled_from(["icmp", "tcp", ""]),
        duration_s=st.floats(0, 86_400),
        detail=texts,
    ),
}


@pytest.mark.parametrize("decode", ANY)
@given(data=st.data())
def test_any_values_are_the_same_after_a_round_trip(
    decode: Callable[[bytes], object], data: st.DataObject
) -> None:
    message = data.draw(ANY[decode])

    assert decode(encode(message)) == message
