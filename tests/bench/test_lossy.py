"""Tests of the bench of a lossy line: lateness, table, refusals, and a short real run."""

import json
import os
import random
import socket
from collections.abc import Iterator
from itertools import accumulate
from pathlib import Path
from typing import Any

import pytest

from bench import __main__ as command
from bench import lossy
from bench.kit.beating import BEAT_BYTES, Beater, Listener, Thin
from bench.kit.lateness import Lateness
from bench.kit.processes import BenchError
from tests.faults.stage import staged
from venuewatch.rehearsal.stage.machine import names


@pytest.fixture
def ends() -> Iterator[tuple[socket.socket, socket.socket]]:
    near, far = socket.socketpair()
    with near, far:
        near.settimeout(0.0)
        far.settimeout(0.0)
        yield near, far


@pytest.fixture
def namespaces() -> None:
    with staged():
        pass


def heard_at(*moments: float, interval_s: float = 1.0) -> Lateness:
    heard = Lateness(interval_s)
    for now in moments:
        heard.add_beats("a host", now)
    return heard


def side(*late_s: float) -> Lateness:
    """Return a side of one connection whose beats were so late, each after one in time."""
    return heard_at(*accumulate((1.0 + late for late in late_s), initial=0.0))


def run(folder: Path, *arguments: str) -> dict[str, Any]:
    """Run the bench from its command line; return what it kept."""
    output = folder / "lossy.json"

    assert command.main(["lossy", *arguments, "--output", str(output)]) == 0

    content: dict[str, Any] = json.loads(output.read_text(encoding="utf-8"))
    return content


@pytest.mark.parametrize(
    ("heard", "late_s"),
    [
        (heard_at(1_000.0), 0.0),
        (heard_at(10.0, 11.0, 13.5), 1.5),
        (heard_at(10.0, 11.0, 11.75, 12.75), 0.0),
        (heard_at(10.0, 15.0, 22.0, interval_s=5.0), 2.0),
    ],
    ids=["the first", "after a silence", "in time and early", "of another interval"],
)
def test_beat_is_as_late_as_its_silence_is_too_long(heard: Lateness, late_s: float) -> None:
    assert heard.latest_s == late_s
    assert heard.later_than(0.0) == (late_s > 0.0)
    assert heard.later_than(late_s) == 0


def test_of_beats_that_arrive_together_only_the_first_is_late() -> None:
    heard = heard_at(10.0)

    heard.add_beats("a host", 15.0, beats=4)
    heard.add_beats("a host", 15.0)

    assert (heard.beats, heard.later_than(2.0), heard.latest_s) == (6, 1, 4.0)


def test_each_connection_has_silences_of_its_own() -> None:
    heard = heard_at(10.0)

    for name, now in (("another", 12.0), ("another", 13.0), ("a host", 13.5)):
        heard.add_beats(name, now)

    assert (heard.later_than(0.0), heard.latest_s) == (1, 2.5)


def test_silence_from_before_the_measurement_counts_in_full() -> None:
    heard = heard_at(10.0, 19.0)

    heard.begin()
    at_once = heard.latest_s
    heard.add_beats("a host", 22.0)

    assert (at_once, heard.beats, heard.latest_s) == (0.0, 1, 2.0)


def test_a_silence_that_lasts_at_the_end_counts_for_as_long_as_it_has() -> None:
    heard = heard_at(10.0)
    heard.add_beats("another", 15.0)

    heard.finish(15.5)

    assert (heard.beats, heard.later_than(0.0), heard.latest_s) == (2, 1, 4.5)


def test_the_table_says_how_many_beats_were_how_late() -> None:
    stock = side(1.5, 2.5, 2.25, 4.5, 0.5)

    (row,) = lossy.rows({"stock": stock})

    assert row == {
        "side": "stock",
        "beats": 6,
        "later_than_1_s": 4,
        "later_than_2_s": 3,
        "later_than_3_s": 1,
        "later_than_4_s": 1,
        "latest_s": 4.5,
        "later_than_2_s_against_stock": 1.0,
    }


@pytest.mark.parametrize(
    ("late_s", "against_stock"),
    [
        ({"stock": [2.5] * 4, "ours": [2.5, 1.5], "thin": []}, [1.0, 0.25, 0.0]),
        ({"stock": [1.5], "ours": [2.5]}, [None, None]),
    ],
)
def test_sides_are_held_against_the_stock_one_where_that_was_late(
    late_s: dict[str, list[float]], against_stock: list[float | None]
) -> None:
    rows = lossy.rows({name: side(*late) for name, late in late_s.items()})

    assert [row["later_than_2_s_against_stock"] for row in rows] == against_stock


def test_a_beat_counts_once_it_is_there_to_its_end(
    ends: tuple[socket.socket, socket.socket],
) -> None:
    near, far = ends
    heard = Lateness(1.0)
    listener = Listener(far, 0, heard)

    counts = []
    for size, now in ((BEAT_BYTES + 40, 1.0), (50, 4.0), (10, 5.0), (2 * BEAT_BYTES, 6.0)):
        near.send(bytes(size))
        listener.receive(now)
        counts.append(heard.beats)

    assert counts == [1, 1, 2, 4]
    assert heard.latest_s == 3.0


def test_a_stock_host_writes_a_beat_when_it_is_due(
    ends: tuple[socket.socket, socket.socket],
) -> None:
    near, far = ends
    heard = Lateness(1.0)
    beater, listener = Beater(near, 10.25, "host"), Listener(far, 0, heard)

    counts = []
    for now in (10.0, 10.25, 11.0, 11.25):
        beater.act(now)
        listener.receive(now)
        counts.append(heard.beats)

    assert counts == [0, 1, 1, 2]
    assert beater.next_at == 12.25


def test_an_end_that_was_closed_is_no_silence(ends: tuple[socket.socket, socket.socket]) -> None:
    near, far = ends
    listener = Listener(far, 0, Lateness(1.0))
    near.close()

    with pytest.raises(ConnectionResetError):
        listener.receive(1.0)


def test_a_connection_that_cannot_be_a_thin_stream_spoils_the_measurement(
    ends: tuple[socket.socket, socket.socket],
) -> None:
    near, _ = ends  # not TCP at all

    with pytest.raises(BenchError, match="this kernel has no thin streams"):
        Thin(near, 0.0, "host")


def test_a_line_without_root_is_refused_in_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    output = tmp_path / "out.json"
    monkeypatch.setattr("os.geteuid", lambda: 1000)

    assert command.main(["lossy", "--output", str(output)]) == 1

    assert capsys.readouterr().err == "lossy: network namespaces need root on Linux\n"
    assert not output.exists()


@pytest.mark.real
@pytest.mark.usefixtures("namespaces")
def test_every_beat_is_counted_on_a_line_that_loses_none(tmp_path: Path) -> None:
    short = ("--seconds", "3", "--warm-up", "2", "--connections", "5", "--round-trip", "0.1")

    kept = run(tmp_path, *short, "--loss", "0")

    assert [row["side"] for row in kept["rows"]] == list(lossy.SIDES)
    for row in kept["rows"]:
        assert 13 <= row["beats"] <= 17, row
        assert row["later_than_1_s"] == 0
    assert kept["conditions"]["lost_share"] == 0.0
    assert kept["conditions"]["packets"] >= 4 * 5 * 3 * 2
    assert not [name for name in names() if f"-{os.getpid()}-" in name]


@pytest.mark.real
@pytest.mark.usefixtures("namespaces")
def test_the_line_loses_the_share_that_was_chosen(tmp_path: Path) -> None:
    short = ("--seconds", "3", "--warm-up", "0.5", "--connections", "8", "--round-trip", "0.1")

    kept = run(tmp_path, *short, "--loss", "0.2", "--seed", str(random.randrange(1_000)))

    assert 0.1 <= kept["conditions"]["lost_share"] <= 0.3
    assert all(row["beats"] > 0 for row in kept["rows"])
