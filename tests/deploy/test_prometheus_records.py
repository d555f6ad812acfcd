"""The recording rules, by promtool: what share of the time a venue was there, and its link."""

from pathlib import Path
from typing import Any

import pytest

from tests.deploy.alert_cases import SECOND, TARGET
from tests.deploy.promtool import run_promtool


@pytest.mark.real
def test_availability_counts_neither_blind_nor_unseen_times(tmp_path: Path) -> None:
    told = {
        "ok": "1x59 0x239",
        "degraded": "0x59 1x59 0x179",
        "unreachable": "0x119 1x59 0x119",
        "unknown": "0x179 1x119",
    }
    series = [
        {"series": f'venuewatch_venue_state{{{TARGET},venue="STA",state="{state}"}}', "values": it}
        for state, it in told.items()
    ]
    run_promtool(tmp_path, availability_of(series, 120 / 180))


@pytest.mark.real
def test_availability_weighs_each_moment_once_whoever_was_away(tmp_path: Path) -> None:
    told = {
        TARGET: {"ok": "1x59 0x29 1x29 stale", "unreachable": "0x59 1x29 0x29 stale"},
        SECOND: {"ok": "1x59 stale _x38 1x19 stale", "unreachable": "0x59 stale _x38 0x19 stale"},
    }
    series = [
        {"series": f'venuewatch_venue_state{{{at},venue="STA",state="{state}"}}', "values": values}
        for at, states in told.items()
        for state, values in states.items()
    ]

    run_promtool(tmp_path, availability_of(series, 90 / 120))


@pytest.mark.real
def test_venue_that_any_aggregator_hears_can_be_reached(tmp_path: Path) -> None:
    told = {TARGET: ("1x9 0x9", "0x9 1x9"), SECOND: ("1x19", "0x19")}
    series = [
        {"series": f'venuewatch_venue_state{{{at},venue="STA",state="{state}"}}', "values": values}
        for at, both in told.items()
        for state, values in zip(("ok", "unreachable"), both, strict=True)
    ]

    run_promtool(tmp_path, availability_of(series, 1.0))


def availability_of(series: list[dict[str, str]], share: float) -> dict[str, Any]:
    """Return a test that says what share of five hours' time a venue could be reached."""
    asked = {
        "expr": "round(1e6 * venuewatch:venue_availability:ratio_1d)",
        "eval_time": "299m",
        "exp_samples": [{"labels": '{venue="STA"}', "value": round(1e6 * share)}],
    }
    return {"interval": "1m", "input_series": series, "promql_expr_test": [asked]}


@pytest.mark.real
def test_link_of_a_venue_is_recorded_from_its_hosts(tmp_path: Path) -> None:
    hosts = {"STA-1": 1, "STA-2": 2, "STA-3": 9}
    rising = {
        'venuewatch_host_heartbeats_missed_total{{{target},venue="STA",host="{host}"}}': 1,
        'node_network_receive_bytes_total{{venue="STA",host="{host}",device="eth0"}}': 3000,
        'node_network_receive_bytes_total{{venue="STA",host="{host}",device="lo"}}': 7000,
        'node_network_transmit_bytes_total{{venue="STA",host="{host}",device="eth0"}}': 6000,
        'node_network_receive_errs_total{{venue="STA",host="{host}",device="eth0"}}': 30,
        'node_network_transmit_errs_total{{venue="STA",host="{host}",device="eth0"}}': 60,
        'node_network_receive_drop_total{{venue="STA",host="{host}",device="eth0"}}': 0,
        'node_network_transmit_drop_total{{venue="STA",host="{host}",device="eth0"}}': 15,
        'node_netstat_Tcp_RetransSegs{{venue="STA",host="{host}"}}': 3,
        'node_netstat_Tcp_OutSegs{{venue="STA",host="{host}"}}': 300,
    }
    series = [
        {"series": name.format(host=host, target=TARGET), "values": f"0+{each_30s}x20"}
        for name, each_30s in rising.items()
        for host in hosts
    ]
    series += [
        {
            "series": f'venuewatch_host_round_trip_seconds{{{at},venue="STA",host="{host}"}}',
            "values": f"{round_trip_s}x20",
        }
        for host, round_trip_s in hosts.items()
        for at in (TARGET, SECOND)
    ]
    lateness = "venuewatch_venue_heartbeat_lateness_seconds_bucket"
    series += [
        {"series": f'{lateness}{{{TARGET},venue="STA",le="{bound}"}}', "values": f"0+{rise}x20"}
        for bound, rise in (("1", 98), ("2", 100), ("+Inf", 100))
    ]
    recorded = {
        "round_trip_seconds:median": 2,
        "round_trip_seconds:max": 9,
        "heartbeat_lateness_seconds:p99_rate2m": 1.5,
        "heartbeats_missed:rate2m": 3 / 30,
        "network_receive_bytes:rate2m": 300,
        "network_transmit_bytes:rate2m": 600,
        "network_errs:rate2m": 9,
        "network_drop:rate2m": 1.5,
        "tcp_retransmitted:ratio_rate2m": 0.01,
    }
    asked = [
        {
            "expr": f"round(venuewatch:venue_{name}, 0.0001)",
            "eval_time": "8m",
            "exp_samples": [{"labels": '{venue="STA"}', "value": value}],
        }
        for name, value in recorded.items()
    ]

    run_promtool(tmp_path, {"interval": "30s", "input_series": series, "promql_expr_test": asked})
