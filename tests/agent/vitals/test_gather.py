import itertools
import math
import pkgutil
from typing import Any

import msgspec
import pytest

import agent.vitals
from agent.vitals import Collector, found, gather
from venuewatch.base.clock import monotonic
from venuewatch.base.wire.catalogue import flattened, readings_of
from venuewatch.base.wire.messages import Vitals, decode_catalogue, decode_vitals, encode
from venuewatch.base.wire.readings import Readings


def clock_of(*times: float) -> Any:
    return iter(times).__next__


def sent(readings: Readings) -> Readings:
    """What the centre has after these readings went over the wire."""
    catalogue, values = flattened(readings)
    vitals = Vitals("b0", 1, 1, 1_000, catalogue=catalogue.key, values=values)
    families = decode_catalogue(encode(catalogue)).families
    return readings_of(families, decode_vitals(encode(vitals)).values)


def one(value: object, family: str = "node_load1") -> Readings:
    return gather([Collector("one", lambda: {family: value})], itertools.count().__next__)


def raising() -> dict[str, object]:
    raise OSError(5, "Input/output error")


def test_every_module_without_an_underscore_is_a_collector_ordered_by_name() -> None:
    names = [collector.name for collector in found()]

    modules = [module.name for module in pkgutil.iter_modules(agent.vitals.__path__)]
    assert names == sorted(name for name in modules if not name.startswith("_"))


@pytest.mark.parametrize("collector", found(), ids=lambda collector: collector.name)
def test_a_collector_names_only_families_of_the_catalogue(collector: Collector) -> None:
    families = collector.read()

    assert families.keys() <= set(Readings.__struct_fields__)


def test_no_two_collectors_name_one_family() -> None:
    named = [family for collector in found() for family in collector.read()]

    assert len(named) == len(set(named))


def test_every_collector_succeeds_on_this_machine() -> None:
    readings = gather(found(), monotonic)

    assert readings.node_scrape_collector_success == [(c.name, 1) for c in found()]


def as_floats(said: Any) -> Any:
    """Return what was said with numbers as Prometheus has them: 2 ** 63 - 1 files may be open."""
    match said:
        case dict():
            return {name: as_floats(value) for name, value in said.items()}
        case list() | tuple():
            return type(said)(map(as_floats, said))
        case int():
            return float(said)
    return said


def test_what_was_gathered_survives_the_wire() -> None:
    readings = gather(found(), monotonic)

    received = sent(readings)

    assert msgspec.to_builtins(received) == as_floats(msgspec.to_builtins(readings))


def test_no_series_is_said_twice() -> None:
    readings = msgspec.structs.asdict(gather(found(), monotonic))

    for family, rows in readings.items():
        labels = [tuple(row[:-1]) for row in rows] if isinstance(rows, list) else []
        assert len(labels) == len(set(labels)), family


def test_a_collector_that_raises_is_reported_and_the_others_still_read() -> None:
    collectors = [Collector("bad", raising), Collector("good", lambda: {"node_load1": 0.5})]

    readings = gather(collectors, itertools.count().__next__)

    assert readings == Readings(
        node_load1=0.5,
        node_scrape_collector_success=[("bad", 0), ("good", 1)],
        node_scrape_collector_duration_seconds=[("bad", 1), ("good", 1)],
    )


def test_a_collector_that_raises_while_it_is_read_out_gives_nothing_of_itself() -> None:
    collectors = [Collector("odd", lambda: {"node_load1": 0.5, "node_network_up": [("eth0",), 7]})]

    readings = gather(collectors, itertools.count().__next__)

    assert readings.node_load1 is None
    assert readings.node_scrape_collector_success == [("odd", 0)]


def test_each_collector_is_timed_on_its_own_to_the_microsecond() -> None:
    collectors = [Collector("a", dict), Collector("b", dict)]

    readings = gather(collectors, clock_of(100.0, 100.000_000_6, 100.123_456_7))

    assert readings.node_scrape_collector_duration_seconds == [("a", 0.000_001), ("b", 0.123_456)]


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_a_number_that_is_not_finite_is_left_out(value: float) -> None:
    assert one(value).node_load1 is None
    assert one([("eth0", value), ("eth1", 1)], "node_network_up").node_network_up == [("eth1", 1)]


def test_a_family_without_rows_is_left_out() -> None:
    assert one([], "node_network_up").node_network_up is None


ODD_LABELS = {
    "too long": ("x" * 257, "x" * 255 + "…"),
    "not UTF-8": ("caf\udce9", "caf\ufffd"),
    "neither": ("\udce9" * 300, "\ufffd" * 255 + "…"),
}


@pytest.mark.parametrize(("label", "told"), ODD_LABELS.values(), ids=ODD_LABELS)
def test_row_with_a_label_of_any_bytes_is_told(label: str, told: str) -> None:
    readings = one([(label, 1), ("é" * 256, 2)], "node_network_up")

    assert sent(readings).node_network_up == [(told, 1), ("é" * 256, 2)]


def test_labels_that_can_not_be_told_apart_are_one_row() -> None:
    rows = [("a\udce8", 1), ("a\udce9", 2), ("a\ufffd", 3), ("b", 4)]

    readings = one(rows, "node_network_up")

    assert sent(readings).node_network_up == [("a\ufffd", 1), ("b", 4)]


def test_a_family_of_more_rows_than_the_wire_takes_is_left_out() -> None:
    rows = [(str(number), 1) for number in range(8_193)]

    assert len(sent(one(rows[:-1], "node_network_up")).node_network_up or ()) == 8_192
    assert one(rows, "node_network_up").node_network_up is None


def test_a_family_that_is_not_in_the_catalogue_is_our_bug_and_loud() -> None:
    with pytest.raises(TypeError, match="node_lod1"):
        one(1.0, "node_lod1")
