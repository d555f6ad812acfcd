"""Tests of the benches: output, skipped peers, and a very short run of each."""

import json
import random
import shutil
import threading
from pathlib import Path
from typing import Any

import psutil
import pytest

from aggregator import inventory as expected
from bench import __main__ as command
from bench import agent
from bench.kit import centres, machine, members, result, sides
from bench.kit.processes import BenchError, running, wait_for
from bench.kit.result import Goal, Result
from bench.kit.scraping import evenly

needs_prometheus = pytest.mark.skipif(
    machine.program("prometheus") is None, reason="prometheus is not installed"
)
needs_mosquitto = pytest.mark.skipif(
    machine.program("mosquitto") is None, reason="mosquitto is not installed"
)


def _measured(tmp_path: Path, *arguments: str) -> dict[str, dict[str, Any]]:
    """Run a bench from its command line; return its rows by side."""
    output = tmp_path / "out.json"

    assert command.main([*arguments, "--output", str(output)]) == 0

    content = json.loads(output.read_text(encoding="utf-8"))
    assert list(content) == ["bench", "machine", "conditions", "goals", "rows"]
    assert content["machine"]["cores"] >= 1
    return {row["side"]: row for row in content["rows"]}


def test_every_bench_is_found_by_its_file() -> None:
    assert {"agent", "ingest", "scrape"} <= set(command.found())


def test_bench_writes_no_file_unless_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    measured = Result([{"side": "ours", "cpu_us": 1.5}], {})
    monkeypatch.setattr("bench.ingest.run", lambda _options: measured)
    monkeypatch.setattr(command, "_RESULTS", tmp_path)

    assert command.main(["ingest", "--json"]) == 0
    unasked = list(tmp_path.iterdir())
    assert command.main(["ingest", "--save"]) == 0

    assert unasked == []
    assert [file.name for file in tmp_path.iterdir()] == ["ingest.json"]
    assert '"cpu_us": 1.5' in capsys.readouterr().out


def test_a_result_is_a_table_and_the_same_as_json() -> None:
    measured = Result(
        rows=[{"side": "ours", "cpu_us": 1.5, "bytes": None}, result.skipped("peer", "not there")],
        conditions={"seconds": 1.0},
        goals=[Goal("cpu_us", 2.0), Goal("cpu_us", 1.0), Goal("bytes", 1.0)],
    )

    content = result.document("try", {"cores": 2}, measured)
    table = result.as_table("try", {"cores": 2}, measured)

    assert json.loads(result.as_json(content)) == content
    assert content["rows"] == [
        {"side": "ours", "cpu_us": 1.5, "bytes": None},
        {"side": "peer", "skipped": "not there"},
    ]
    assert "not there" in table
    assert "cpu_us at most 2: met (1.5)" in table
    assert "cpu_us at most 1: MISSED (1.5)" in table
    assert "bytes at most 1: not measured" in table


def test_a_goal_of_another_side_is_held_against_its_own_row() -> None:
    goals = [Goal("cpu_us", 2.0), Goal("cpu_us", 3.0, "ours, busy")]
    measured = Result([{"side": "ours, busy", "cpu_us": 2.5}, {"side": "ours"}], {}, goals)

    table = result.as_table("try", {}, measured)

    assert "ours, busy: cpu_us at most 3: met (2.5)" in table
    assert "goal: cpu_us at most 2: not measured" in table
    assert list(result.document("try", {}, measured)["goals"]) == ["cpu_us", "ours, busy: cpu_us"]  # type: ignore[call-overload]


def test_the_invented_fleet_is_one_that_the_aggregator_accepts(tmp_path: Path) -> None:
    path = tmp_path / "inventory.toml"

    members.write_inventory(path, 100)

    fleet = expected.fleet_of(expected.read(path))
    assert len(fleet) == 100
    assert len(fleet.venues) == members.VENUES
    assert all(fleet.find(members.place(index)[1]) for index in range(100))


def test_a_fleet_that_cannot_connect_says_why() -> None:
    found, why = members.gather(1, 3, random.Random(0))

    assert (found, why) == ([], "Connection refused")


@needs_mosquitto
@pytest.mark.real
def test_ingest_hears_a_fleet_with_every_client_that_is_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    there = machine.package_version
    monkeypatch.setattr(
        "bench.ingest.package_version", lambda name: None if name == "gmqtt" else there(name)
    )

    rows = _measured(tmp_path, "ingest", "--seconds", "1", "--rounds", "1", "--connections", "40")

    assert list(rows) == ["ours", "paho-mqtt", "gmqtt"]
    assert rows["gmqtt"] == {"side": "gmqtt", "skipped": "gmqtt is not installed"}
    for side in ("ours", "paho-mqtt"):
        assert rows[side]["heard_per_s"] > 0
        assert rows[side]["cpu_us_per_beat_median"] > 0
        assert rows[side]["lost_share"] == 0


@needs_mosquitto
@pytest.mark.real
def test_agent_is_measured_with_checks_and_beside_every_peer_that_is_there(tmp_path: Path) -> None:
    rows = _measured(tmp_path, "agent", "--seconds", "2", "--warm-up", "1")

    assert {"ours", agent.CHECKING, *agent.PEERS} == set(rows)
    for side, row in rows.items():
        if "skipped" in row:
            assert row["skipped"] == f"{side} is not installed"
            continue
        assert row["rss_mib"] > 0
        assert row["cpu_s_per_min"] > 0
        assert row["threads"] > 0
        if shutil.which("ss") is not None:
            assert row["payload_kb_per_min"] > 0


@needs_mosquitto
@pytest.mark.real
def test_what_is_not_installed_is_skipped_and_not_a_failure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bench.kit.peers.program", lambda _name: None)
    monkeypatch.setattr("bench.kit.sides.program", lambda _name: None)

    rows = _measured(tmp_path, "agent", "--seconds", "1.5", "--warm-up", "0.5")

    for peer in agent.PEERS:
        assert rows[peer] == {"side": peer, "skipped": f"{peer} is not installed"}
    for side in ("ours", agent.CHECKING):
        assert rows[side]["payload_kb_per_min"] is None
        assert rows[side]["rss_mib"] > 0


@needs_mosquitto
@pytest.mark.real
def test_scrape_is_measured_beside_every_peer_that_is_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bench.kit.golang.program", lambda _name: None)

    sides = ("ours", "floor", "collector", "client_golang")
    rows = _measured(tmp_path, "scrape", "--rounds", "1", "--sizes", "78x40", "--sides", *sides)

    go = "client_golang 78x40"
    assert rows.pop(go) == {"side": go, "skipped": "go is not installed"}
    assert set(rows) > {"ours 78x40", "floor 78x40", "collector 78x40"}
    for row in rows.values():
        assert row["gzip_cpu_s"] > 0
        assert 0 < row["gzip_mb"] < row["plain_mb"]
        assert row["three_same_lag_ms"] >= 0
    assert rows["ours 78x40"]["gzip_cpu_against_floor"] > 0


@needs_mosquitto
@needs_prometheus
@pytest.mark.real
def test_a_real_prometheus_scrapes_a_fleet_in_both_jobs(tmp_path: Path) -> None:
    row = _measured(tmp_path, "prometheus", "--hosts", "4", "--seconds", "6")["ours"]

    assert (row["targets"], row["scrapes_failed"]) == (9, 0)
    assert row["scrapes"] > 0
    assert row["series"] >= 4 * 40


def test_stops_of_the_collector_are_measured_in_both_ways(tmp_path: Path) -> None:
    rows = _measured(tmp_path, "garbage", "--hosts", "120", "--seconds", "35")

    assert list(rows) == ["automatic", "ours"]
    assert rows["automatic"]["stops"] > 0
    assert (rows["ours"]["stops"], rows["ours"]["found"]) == (35, 0)


def test_a_message_of_vitals_is_small_on_the_line_and_at_the_centre(tmp_path: Path) -> None:
    rows = _measured(tmp_path, "message", "--hosts", "50", "--rounds", "2")

    assert rows["ours"]["bytes"] < rows["named"]["bytes"] / 4
    assert rows["ours"]["packed_bytes_of_all"] <= 1_250
    assert rows["ours"]["centre_kb_a_host"] <= 6


def test_size_of_a_fleet_that_cannot_be_read_is_refused(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert command.main(["scrape", "--sizes", "400"]) == 1

    assert capsys.readouterr().err == "scrape: expected hosts x series, as 400x40, got 400\n"


def test_what_is_asked_evenly_and_fails_spoils_the_measurement() -> None:
    asked = threading.Event()

    def fail() -> None:
        asked.set()
        raise OSError("it hung up")

    with pytest.raises(BenchError, match="the peer has stopped: OSError"):  # noqa: SIM117
        with evenly(fail, 60.0, what="the peer"):
            assert asked.wait(10.0)


def test_a_program_ends_with_its_children(tmp_path: Path) -> None:
    log = tmp_path / "shell.log"
    with running(["sh", "-c", "(trap '' TERM; exec sleep 60) & echo $!; wait"], log=log) as shell:
        assert wait_for(lambda: log.read_text() != "")
        child = psutil.Process(int(log.read_text()))
        assert sides.family(shell.pid) == [psutil.Process(shell.pid), child]

    assert wait_for(lambda: not child.is_running() or child.status() == psutil.STATUS_ZOMBIE)


def test_without_a_broker_a_bench_says_so_in_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("bench.kit.mosquitto.program", lambda _name: None)

    assert command.main(["ingest", "--output", str(tmp_path / "out.json")]) == 1

    assert capsys.readouterr().err == "ingest: mosquitto is not installed\n"
    assert not (tmp_path / "out.json").exists()


def test_the_aggregators_own_counter_is_read_from_its_exposition(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    page = (
        b'venuewatch_aggregator_messages_total{stream="birth"} 3.0\n'
        b'venuewatch_aggregator_messages_total{stream="beat"} 120000.0\n'
        b'venuewatch_host_heartbeats_missed_total{venue="V00",host="a"} 2\n'
        b'venuewatch_host_heartbeats_missed_total{venue="V01",host="b"} 5\n'
    )
    monkeypatch.setattr(centres, "get", lambda _port, _path: (200, page))

    ours = centres.Aggregator(pid=1, web_port=2)

    assert (ours.beats(), ours.missed()) == (120_000, 7)


@needs_mosquitto
@pytest.mark.real
def test_a_fleet_on_few_connections_is_measured_without_an_incident(tmp_path: Path) -> None:
    size = "120x1x104"
    few = (
        "--seconds",
        "3",
        "--pythons-seconds",
        "3",
        "--connections",
        "8",
        "--silent-seconds",
        "6",
    )
    rows = _measured(tmp_path, "fleet", "--sizes", size, *few)

    storm = rows.pop(f"ours, all silent and back {size}")
    assert (storm["incidents"], storm["accused"], storm["is_ready"]) == (1, 0, True)
    assert list(rows) == [
        f"{side} {size}" for side in ("ours", "ours, scraped", "Python's collector, scraped")
    ]
    for row in rows.values():
        assert row["incidents"] == 0
        assert 0 < row["cores"] < 1
        assert row["rss_mib"] > 0
        assert row["lag_max_ms"] >= row["lag_p99_ms"] >= 0


@needs_mosquitto
@pytest.mark.real
@pytest.mark.long
def test_every_will_of_a_fleet_lost_at_once_arrives(tmp_path: Path) -> None:
    (row,) = _measured(tmp_path, "wills", "--hosts", "2000").values()

    assert row["connected"] == 2_000
    assert row["wills_lost"] == 0
    assert row["dropped_by_broker"] == 0
