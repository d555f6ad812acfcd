"""Catalogues: the names of vitals, apart from their numbers, and joined with them again."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from venuewatch.base.wire.catalogue import (
    VALUES_MAX,
    Catalogue,
    encode,
    flattened,
    key_of,
    readings_of,
)
from venuewatch.base.wire.messages import decode_catalogue
from venuewatch.base.wire.readings import Readings

finite = st.floats(allow_nan=False, allow_infinity=False)
labels = st.text(st.characters(codec="utf-8"), max_size=20)
readings = st.builds(
    Readings,
    node_load1=st.none() | finite,
    node_intr_total=st.none() | finite,
    node_network_up=st.none() | st.lists(st.tuples(labels, finite), min_size=1),
    node_cpu_seconds_total=st.none() | st.lists(st.tuples(labels, labels, finite), min_size=1),
)


@given(readings)
def test_numbers_and_their_catalogue_give_the_readings_again(read: Readings) -> None:
    catalogue, values = flattened(read)

    assert readings_of(catalogue.families, values) == read


def test_readings_of_too_many_series_lack_those_beyond() -> None:
    rows = [(str(number), 1.0) for number in range(VALUES_MAX - 1)]
    most = Readings(node_load1=1.0, node_network_up=rows, node_nf_conntrack_entries=1.0)

    catalogue, values = flattened(most)

    assert [name for name, _ in catalogue.families] == ["node_load1", "node_network_up"]
    assert len(values) == VALUES_MAX


@given(readings)
def test_the_key_is_that_of_the_message_on_the_wire(read: Readings) -> None:
    catalogue, _ = flattened(read)

    payload = encode(catalogue)
    assert key_of(payload) == decode_catalogue(payload).key


def test_the_key_of_a_known_catalogue_never_changes() -> None:
    catalogue = Catalogue([("node_load1", [[]]), ("node_network_up", [["eth0"], ["wlan é"]])])

    assert catalogue.key == "de1f34c27f4702fe"


@pytest.mark.parametrize(
    ("families", "values"),
    [
        ([("node_evil", [[]]), ("node_load1", [[]])], [1.0, 2.0]),
        ([("node_load1", [["x"], []])], [1.0, 2.0]),
        ([("node_load1", [[]]), ("node_load5", [[]])], [2.0, None]),
        ([("node_load1", [[]]), ("node_load5", [[]])], [2.0, float("inf")]),
    ],
    ids=["unknown family", "wrong labels", "none", "infinity"],
)
def test_what_readings_cannot_hold_is_left_out(
    families: list[tuple[str, list[list[str]]]], values: list[float | None]
) -> None:
    assert readings_of(families, values) == Readings(node_load1=2.0)
