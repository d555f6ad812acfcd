"""Configures and judges probes, for ``ping`` and ``gateway`` alike."""

from typing import Annotated

import msgspec

from agent.checks import Reading, about
from agent.checks.net.reach import NotAskedError, Plan, Rounds, probe
from agent.checks.reading.asking import FAILURES, failed
from agent.checks.reading.limits import Finding, LimitedConfig, together
from agent.checks.reading.times import Deadline
from venuewatch.base.config import Port
from venuewatch.base.wire.checks import CheckValues

Ratio = Annotated[float, msgspec.Meta(ge=0.0, le=1.0)] | None
TripS = Annotated[float, msgspec.Meta(gt=0.0, le=600.0)] | None
OtherwiseTcp = Annotated[
    Port | None,
    about(
        "TCP port to try where ICMP echo is not allowed or not answered; a refusal is an answer",
        443,
    ),
]


class ProbeConfig(LimitedConfig, frozen=True, kw_only=True):
    """How to probe, and which loss and round trip are too much; no limit unless one is set."""

    port: OtherwiseTcp = None
    count: Annotated[int, about("probes in one reading", 5, ge=1, le=100)] = 3
    interval_s: Annotated[float, about("time between echoes, in s", 0.5, ge=0.01, le=60.0)] = 0.2
    warning_loss_ratio: Annotated[Ratio, about("over this share of lost probes", 0.0)] = None
    critical_loss_ratio: Annotated[Ratio, about("over this share of lost probes", 0.5)] = None
    warning_round_trip_s: Annotated[TripS, about("over this mean round trip, in s", 0.1)] = None
    critical_round_trip_s: Annotated[TripS, about("over this mean round trip, in s", 0.8)] = None


def read(config: ProbeConfig, address: str, deadline: Deadline) -> Reading:
    """Probe ``address`` and judge the answers; ``unknown`` where there is no way to ask."""
    plan = Plan(config.count, config.interval_s, config.count)
    try:
        rounds = probe(address, config.port, plan, deadline)
    except NotAskedError:
        return Reading(
            "unknown",
            "ICMP echo needs net.ipv4.ping_group_range or CAP_NET_RAW here; or set `port`",
        )
    except FAILURES as error:
        return failed(error)
    return judge(rounds, config)


def judge(rounds: Rounds, config: ProbeConfig) -> Reading:
    """Return what the answers are worth: none is ``critical``, the rest is the limits' affair."""
    trips = rounds.trips_s
    if not trips:
        all_lost = CheckValues(check_loss_ratio=1.0)
        if rounds.error is not None:
            return failed(rounds.error, all_lost)
        return Reading("critical", "no answer in time", all_lost)
    average_s = sum(trips) / len(trips)
    lost = rounds.sent - len(trips)
    losses = config.limits("loss_ratio").judge(rounds.loss, f"{lost} of {rounds.sent} lost")
    trip = config.limits("round_trip_s").judge(average_s, f"round trip {average_s:.3f} s")
    values = CheckValues(
        check_round_trip_min_seconds=min(trips),
        check_round_trip_avg_seconds=average_s,
        check_round_trip_max_seconds=max(trips),
        check_jitter_seconds=rounds.jitter_s,
        check_loss_ratio=rounds.loss,
    )
    way = Finding("ok", "answers TCP only") if rounds.way == "tcp" else Finding("ok")
    return together([losses, trip, way], values)
