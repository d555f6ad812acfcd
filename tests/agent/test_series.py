"""Series of vitals: the same catalogue for as long as it serves, and no number read by another."""

import random
import zlib
from typing import NamedTuple

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.series import (
    ABSENT_MAX,
    CATALOGUES_A_MINUTE,
    PACKED_MAX_BYTES,
    SERIES_MAX,
    Series,
)
from venuewatch.base.wire.catalogue import key_of, readings_of
from venuewatch.base.wire.messages import MAX_PAYLOAD_BYTES, decode_catalogue
from venuewatch.base.wire.readings import Readings, families_of

EVERY_S = 10.0


class Said(NamedTuple):
    """One reading as it is sent."""

    catalogue: bytes
    numbers: list[float | None]

    def read(self) -> Readings:
        return readings_of(decode_catalogue(self.catalogue).families, self.numbers)


class Host:
    def __init__(self) -> None:
        self.series = Series()
        self.now = 0.0

    def say(self, **families: object) -> Said:
        self.now += EVERY_S
        numbers = self.series.numbers(Readings(**families), self.now)  # type: ignore[arg-type]
        assert self.series.key == key_of(self.series.catalogue)
        return Said(self.series.catalogue, numbers)


@pytest.fixture
def host() -> Host:
    return Host()


def speeds(*nics: str) -> list[tuple[str, float]]:
    return [(nic, 125.0) for nic in nics]


def test_a_value_that_comes_and_goes_keeps_the_catalogue(host: Host) -> None:
    both = {"node_load1": 1.0, "node_network_speed_bytes": speeds("eth0", "eth1")}
    one = {"node_load1": 2.0, "node_network_speed_bytes": speeds("eth1")}

    said = [host.say(**(one if number % 2 else both)) for number in range(10)]

    assert {each.catalogue for each in said} == {said[0].catalogue}
    assert said[1].numbers == [2.0, None, 125.0]
    assert said[1].read() == Readings(**one)  # type: ignore[arg-type]
    assert said[2].read() == Readings(**both)  # type: ignore[arg-type]


def test_a_family_that_fails_once_keeps_the_catalogue(host: Host) -> None:
    whole = host.say(node_load1=1.0, node_network_up=[("eth0", 1)], node_intr_total=7)

    lacking = host.say(node_intr_total=8)

    assert lacking == Said(whole.catalogue, [None, 8, None])


def test_a_new_series_makes_a_new_catalogue_at_once(host: Host) -> None:
    before = host.say(node_network_up=[("eth0", 1)])

    after = host.say(node_network_up=[("docker0", 0), ("eth0", 1)])

    assert after.catalogue != before.catalogue
    assert after.read().node_network_up == [("docker0", 0), ("eth0", 1)]


def test_a_series_that_is_absent_for_long_leaves_the_catalogue(host: Host) -> None:
    host.say(node_load1=1.0, node_network_up=[("usb0", 1)])

    said = [host.say(node_load1=1.0) for _ in range(ABSENT_MAX + 1)]

    assert [len(each.numbers) for each in said] == [2] * ABSENT_MAX + [1]


def test_a_series_that_returned_is_absent_anew(host: Host) -> None:
    for _ in range(3):
        host.say(node_load1=1.0, node_network_up=[("usb0", 1)])
        said = [host.say(node_load1=1.0) for _ in range(ABSENT_MAX - 1)]

    assert {len(each.numbers) for each in said} == {2}


def test_new_catalogues_are_few_a_minute(host: Host) -> None:
    said = [
        host.say(node_load1=1.0, node_network_up=[("eth0", 1), (f"veth{number}", 1)])
        for number in range(60)
    ]

    assert len({each.catalogue for each in said}) == 10 * CATALOGUES_A_MINUTE
    assert all(("eth0", 1) in (each.read().node_network_up or ()) for each in said)
    assert max(len(each.numbers) for each in said) <= ABSENT_MAX


def test_a_new_series_that_had_to_wait_is_said_within_a_minute(host: Host) -> None:
    for number in range(CATALOGUES_A_MINUTE):
        host.say(node_network_up=[(f"veth{number}", 1)])

    said = [host.say(node_network_up=[("eth0", 1)]).read().node_network_up for _ in range(6)]

    assert said[0] is None
    assert said[-1] == [("eth0", 1)]


def test_a_machine_with_too_many_series_lacks_its_largest_families(host: Host) -> None:
    many = [(f"eth{number}", 1) for number in range(SERIES_MAX)]

    said = host.say(node_load1=1.0, node_network_up=many, node_network_mtu_bytes=many[:-1])

    assert len(said.numbers) == SERIES_MAX
    assert said.read().node_network_up is None


def test_a_family_of_too_many_rows_lacks_those_of_lately(host: Host) -> None:
    rows = [(f"eth{number}", 1) for number in range(SERIES_MAX)]
    host.say(node_network_up=rows)

    said = host.say(node_network_up=[*rows[1:], ("new", 1)])

    assert said.numbers == [1] * SERIES_MAX
    assert said.read().node_network_up == [*rows[1:], ("new", 1)]


def test_a_catalogue_of_long_names_is_cut_to_what_can_be_sent(host: Host) -> None:
    rng = random.Random(1)
    mounts = [(f"/dev/{n}", "ext4", rng.randbytes(100).hex(), 1.0) for n in range(2_000)]

    said = host.say(
        node_load1=1.0, node_filesystem_files=mounts, node_filesystem_readonly=mounts[:500]
    )

    assert len(said.catalogue) <= MAX_PAYLOAD_BYTES
    assert len(zlib.compress(said.catalogue)) <= PACKED_MAX_BYTES
    assert len(said.numbers) == 501


def test_a_machine_of_many_cores_or_interfaces_is_said_whole(host: Host) -> None:
    modes = ("user", "nice", "system", "idle", "iowait", "irq", "softirq", "steal")
    cores = [(str(number), mode, 1.0) for number in range(512) for mode in modes]
    ports = [(f"eth{number}", 1.0) for number in range(300)]
    network = {
        family.name: ports
        for family in families_of(Readings)
        if family.labels == ("device",) and family.name.startswith("node_network_")
    }

    assert host.say(node_cpu_seconds_total=cores).read().node_cpu_seconds_total == cores
    said = host.say(node_load1=1.0, **network).read()
    assert {name for name in network if getattr(said, name) is None} == set()


nics = st.lists(
    st.tuples(st.sampled_from("abcdef"), st.floats(allow_nan=False, allow_infinity=False)),
    min_size=1,
    unique_by=lambda row: row[0],
)
some = st.builds(
    Readings,
    node_load1=st.none() | st.floats(0.0, 9.0),
    node_network_up=st.none() | nics,
    node_network_speed_bytes=st.none() | nics,
)


@given(st.lists(some, max_size=40))
def test_every_number_that_is_said_is_read_under_its_own_name(taken: list[Readings]) -> None:
    series = Series()

    for number, readings in enumerate(taken):
        numbers = series.numbers(readings, number * 30.0)
        read = readings_of(decode_catalogue(series.catalogue).families, numbers)
        assert _by_name(read) == _by_name(readings)


def _by_name(readings: Readings) -> dict[tuple[str, ...], float]:
    found = {}
    for name, value in msgspec.structs.asdict(readings).items():
        for row in value if isinstance(value, list) else [(value,)]:
            if row[-1] is not None:
                found[(name, *row[:-1])] = row[-1]
    return found
