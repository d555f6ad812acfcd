"""A network interface that is up, at its speed, and free of errors."""

from pathlib import Path
from types import SimpleNamespace

import psutil
import pytest

from agent.vitals import _files
from tests.agent.checks.namespaces import cable
from tests.agent.checks.peers import made, read


class Card:
    def __init__(self) -> None:
        self.is_up, self.speed, self.errors = True, 1000, 0

    def stats(self) -> dict[str, SimpleNamespace]:
        return {"eth0": SimpleNamespace(isup=self.is_up, speed=self.speed)}

    def counters(self, **_options: bool) -> dict[str, SimpleNamespace]:
        counts = SimpleNamespace(errin=self.errors, errout=1, dropin=2, dropout=3)
        return {"eth0": counts}


@pytest.fixture
def card(monkeypatch: pytest.MonkeyPatch) -> Card:
    card = Card()
    monkeypatch.setattr(psutil, "net_if_stats", card.stats)
    monkeypatch.setattr(psutil, "net_io_counters", card.counters)
    return card


@pytest.mark.real
def test_a_real_cable_is_up_and_measured_and_down_when_the_other_end_is() -> None:
    with cable() as net:
        before = net.read("interface", interface="port0", min_speed_mbit=10_000)
        net.run(net.there, "ip", "link", "set", "port0", "down")
        # The kernel tells of a lost carrier up to a second later.
        after = next(
            reading
            for _ in range(20)
            if (reading := net.read("interface", interface="port0")).state != "ok"
        )

    assert (before.state, before.values.check_interface_up) == ("ok", 1)
    assert before.values.check_interface_speed_bytes == 1.25e9
    assert before.values.check_interface_errors_total == 0
    assert after[:2] == ("critical", "the interface is down")
    assert after.values.check_interface_up == 0


def test_an_interface_that_is_missing_is_critical() -> None:
    reading = read("interface", interface="none0")

    assert reading[:2] == ("critical", "this machine has no such interface")
    assert reading.values.check_interface_up == 0


def test_errors_warn_only_when_they_have_grown_since_the_last_reading(card: Card) -> None:
    check = made("interface", interface="eth0")
    readings = []

    for card.errors in (7, 7, 9, 9, 0):
        readings.append(check.read())

    assert [reading.state for reading in readings] == ["ok", "ok", "warning", "ok", "ok"]
    assert readings[2].detail == "2 new errors"
    assert readings[2].values.check_interface_errors_total == 10
    assert readings[2].values.check_interface_drops_total == 5


@pytest.mark.parametrize(
    ("speed", "least", "told"),
    [
        (1000, 1000, ("ok", "1000 Mbit/s")),
        (100, 1000, ("warning", "100 Mbit/s")),
        (0, 1000, ("warning", "its speed is not known")),
        (0, 0, ("ok", "")),
    ],
)
def test_a_link_below_its_speed_warns(
    card: Card, speed: int, least: int, told: tuple[str, str]
) -> None:
    card.speed = speed

    reading = read("interface", interface="eth0", min_speed_mbit=least)

    assert reading[:2] == told
    assert reading.values.check_interface_speed_bytes == (speed * 125_000 or None)


NEIGHBOUR = UnicodeEncodeError("utf-8", "nic\udce9", 3, 4, "surrogates not allowed")
LINKS = {
    "up": ({"operstate": "up\n", "speed": "1000\n"}, ("ok", "1000 Mbit/s")),
    "virtual": ({"operstate": "unknown\n"}, ("ok", "")),
    "of an old driver": ({"operstate": "up\n", "speed": "4294967295\n"}, ("ok", "")),
    "down": ({"operstate": "down\n", "speed": "-1\n"}, ("critical", "the interface is down")),
    "missing": ({}, ("critical", "this machine has no such interface")),
}


@pytest.mark.usefixtures("card")
@pytest.mark.parametrize(("files", "told"), LINKS.values(), ids=LINKS)
def test_neighbour_with_a_name_of_any_bytes_changes_no_reading(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    files: dict[str, str],
    told: tuple[str, str],
) -> None:
    def refuse() -> None:
        raise NEIGHBOUR

    monkeypatch.setattr(psutil, "net_if_stats", refuse)
    monkeypatch.setattr(_files, "SYS", str(tmp_path))
    for name, text in files.items():
        path = tmp_path / "class" / "net" / "eth0" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    assert read("interface", interface="eth0")[:2] == told
