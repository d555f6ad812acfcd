from pathlib import Path

import psutil
import pytest

from agent.vitals import _files
from agent.vitals import hwmon as collector
from agent.vitals.hwmon import Thermometers


@pytest.fixture(name="hwmon")
def empty_hwmon(tmp_path: Path) -> Path:
    (tmp_path / "hwmon").mkdir()
    return tmp_path / "hwmon"


def add_chip(hwmon: Path, monitor: str, *, device: str | None = None, **files: str) -> Path:
    chip = hwmon / monitor
    chip.mkdir()
    if device:
        target = hwmon.parent / "devices" / device
        target.mkdir(parents=True)
        (chip / "device").symlink_to(target)
    for file, text in files.items():
        (chip / file).write_text(text + "\n")
    return chip


@pytest.mark.skipif(not hasattr(psutil, "sensors_temperatures"), reason="psutil has none here")
def test_there_are_as_many_sensors_as_psutil_finds_in_hwmon() -> None:
    said = psutil.sensors_temperatures() if Path("/sys/class/hwmon").exists() else {}

    rows = collector.read().get("node_hwmon_temp_celsius", [])

    assert isinstance(rows, list)
    assert len(rows) == sum(map(len, said.values()))


def test_a_machine_without_sensors_has_no_family(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_files, "SYS", "/no/such/place")

    assert collector.read() == {}


def test_chips_and_sensors_have_node_exporters_names(hwmon: Path) -> None:
    package = {"name": "coretemp", "temp1_input": "45000", "temp1_label": "Package id 0"}
    others = {"temp1_max": "80000", "temp12_input": "43500", "fan1_input": "900"}
    add_chip(hwmon, "hwmon0", device="platform/coretemp.0", **package, **others)
    add_chip(hwmon, "hwmon1", name="Acpi-TZ", temp1_input="-27800")
    add_chip(hwmon, "hwmon2", temp1_input="1")

    rows = Thermometers(str(hwmon)).rows()

    assert sorted(rows) == [
        ("acpi_tz", "temp1", -27.8),
        ("hwmon2", "temp1", 0.001),
        ("platform_coretemp_0", "temp1", 45.0),
        ("platform_coretemp_0", "temp12", 43.5),
    ]


def test_two_disks_of_one_kind_are_two_chips(hwmon: Path) -> None:
    for number in (0, 1):
        device = f"pci{number}/nvme/nvme{number}"
        add_chip(hwmon, f"hwmon{number}", device=device, name="nvme", temp1_input="40000")

    rows = Thermometers(str(hwmon)).rows()

    assert rows == [("nvme_nvme0", "temp1", 40.0), ("nvme_nvme1", "temp1", 40.0)]


def test_chips_of_one_name_never_say_one_series_twice(hwmon: Path) -> None:
    add_chip(hwmon, "hwmon0", name="twin", temp1_input="1000")
    add_chip(hwmon, "hwmon1", name="twin", temp1_input="2000", temp2_input="3000")

    labels = [row[:2] for row in Thermometers(str(hwmon)).rows()]

    assert sorted(labels) == [("twin", "temp1"), ("twin", "temp2")]


def test_a_sensor_that_does_not_answer_is_left_out_and_the_others_stay(hwmon: Path) -> None:
    chip = add_chip(hwmon, "hwmon0", name="wifi", temp1_input="asleep", temp3_input="31000")
    (chip / "temp2_input").mkdir()

    assert Thermometers(str(hwmon)).rows() == [("wifi", "temp3", 31.0)]


def test_a_chip_that_comes_and_goes_is_noticed(hwmon: Path) -> None:
    thermometers = Thermometers(str(hwmon))
    none_yet = thermometers.rows()
    chip = add_chip(hwmon, "hwmon0", name="late", temp1_input="20000")
    one = thermometers.rows()
    chip.rename(hwmon.parent / "gone")
    none_left = thermometers.rows()

    assert (none_yet, one, none_left) == ([], [("late", "temp1", 20.0)], [])


def test_a_chip_that_took_anothers_place_is_noticed_one_reading_later(hwmon: Path) -> None:
    chip = add_chip(hwmon, "hwmon0", name="old", temp1_input="20000")
    thermometers = Thermometers(str(hwmon))
    thermometers.rows()
    chip.rename(hwmon.parent / "gone")
    add_chip(hwmon, "hwmon0", name="new", temp2_input="30000")

    missed, found = thermometers.rows(), thermometers.rows()

    assert (missed, found) == ([], [("new", "temp2", 30.0)])


@pytest.mark.parametrize("said", ["", "warm", "9" * 400, "9" * 5_000, "nan"])
def test_sensor_that_says_no_temperature_costs_itself_only(hwmon: Path, said: str) -> None:
    add_chip(hwmon, "hwmon0", name="chip", temp1_input=said, temp2_input="41000")

    assert Thermometers(str(hwmon)).rows() == [("chip", "temp2", 41.0)]
