"""Results feeds: whether results move, how old and how complete they are."""

from deploy.grafana.assembly import Row, Screen
from deploy.grafana.links import host_links
from deploy.grafana.panels import (
    CHECK_INTERVAL,
    COUNT,
    PER_SECOND,
    SECONDS,
    Column,
    Limits,
    Query,
    lines,
    number,
    ranked,
    timeline,
)
from deploy.grafana.states import CHECK as CHECK_STATES
from deploy.grafana.states import results_states
from deploy.grafana.variables import CHECK, FEED_HOSTS, FEEDS, VENUES, several

BY = "venue, host, check, kind"
LEGEND = "{{venue}} {{host}} {{check}}"
AGE = f"max by ({BY}) (venuewatch_results_data_age_seconds{{{CHECK}}})"
LATENCY = f"max by ({BY}) (venuewatch_results_latency_seconds{{{CHECK}}})"
QUIET = f"time() - max by ({BY}) (venuewatch_results_last_message_timestamp_seconds{{{CHECK}}})"
LIVE = f"max by ({BY}) (venuewatch_results_live_units{{{CHECK}}})"


def per_second(metric: str) -> Query:
    """Return the rate of a counter of each feed."""
    rate = f"rate(venuewatch_results_{metric}_total{{{CHECK}}}[$__rate_interval])"
    return Query(f"max by ({BY}) ({rate})", LEGEND, CHECK_INTERVAL)


def faults(metric: str, legend: str) -> Query:
    """Return how often a fault of messages was seen within ten minutes, over the chosen feeds."""
    rise = f"increase(venuewatch_results_{metric}_total{{{CHECK}}}[10m])"
    return Query(f"sum(max by ({BY}) ({rise}))", legend, CHECK_INTERVAL)


def refused() -> Query:
    """Return how much was refused within ten minutes, for each reason that there was."""
    rise = f"increase(venuewatch_results_refused_total{{{CHECK}}}[10m])"
    return Query(
        f"sum by (reason) (max by ({BY}, reason) ({rise})) > 0",
        "refused: {{reason}}",
        CHECK_INTERVAL,
    )


def in_state(states: str) -> Query:
    """Return how many feeds are in one of these states."""
    found = f'venuewatch_results_state{{{CHECK},state=~"{states}"}}'
    return Query(f"count(max by ({BY}) ({found})) or vector(0)")


NOW = Row(
    "Now",
    (
        number(
            "Stopped",
            "Frozen: the server talks, and its data rests while units are live. Silent: it sends "
            "nothing when it should.",
            in_state("frozen|silent"),
            limits=Limits(1, 1),
        ),
        number(
            "Delayed", "Results move, and come too late.", in_state("delayed"), limits=Limits(1, 9)
        ),
        number(
            "Without a spare",
            "One of the parts that stand in for one another has failed.",
            in_state("redundancy_lost"),
            limits=Limits(1, 9),
        ),
        number("Flowing", "Results come as they should.", in_state("flowing")),
        number("Not expected", "Outside of the hours of talk.", in_state("not_expected")),
        number(
            "Live units",
            "Units of competition that are live, as the feeds say.",
            Query(f"sum({LIVE})"),
        ),
        ranked(
            "Feeds, worst first",
            "Each results check. Data age: of the oldest data of a live unit. Latency: how long "
            "the latest data was on its way. Quiet: since any message came.",
            ("venue", "host", "check", "kind"),
            Column("state", results_states(CHECK), mapping=CHECK_STATES),
            Column("data age", AGE, SECONDS),
            Column("latency", LATENCY, SECONDS),
            Column("quiet", QUIET, SECONDS),
            Column("live units", LIVE),
        ),
    ),
)

FLOW = Row(
    "Flow",
    (
        timeline(
            "Feeds",
            "The state of each results check over time.",
            Query(results_states(CHECK), LEGEND),
            mapping=CHECK_STATES,
            links=host_links(),
        ),
        lines(
            "Age of data",
            "Age of the oldest data of a live unit.",
            Query(AGE, LEGEND),
            unit=SECONDS,
            links=host_links(),
        ),
        lines(
            "Latency",
            "How long the latest data of a live unit was on its way.",
            Query(LATENCY, LEGEND),
            unit=SECONDS,
            links=host_links(),
        ),
        lines(
            "Messages",
            "Messages of each feed, over four minutes or more.",
            per_second("messages"),
            unit=PER_SECOND,
            links=host_links(),
        ),
        lines(
            "Traffic",
            "Bytes of each feed, over four minutes or more.",
            per_second("bytes"),
            unit="Bps",
            links=host_links(),
        ),
    ),
)

SOUNDNESS = Row(
    "Soundness",
    (
        lines(
            "Faulty messages within 10 min",
            "Versions that never came or went backward, and messages that could not be read, were "
            "too large, had a wrong feed flag or date, or no valid key; and what was refused, by "
            "reason. Over the chosen feeds.",
            faults("version_gaps", "versions missing"),
            faults("version_regressions", "versions backward"),
            faults("parse_errors", "unreadable"),
            faults("oversized", "too large"),
            faults("wrong_flag", "wrong flag"),
            faults("wrong_date", "wrong date"),
            faults("unauthorized", "unauthorized"),
            refused(),
            unit=COUNT,
        ),
        lines(
            "Redundant parts",
            "Parts of a redundant group that work, and how many there are.",
            Query(f"max by ({BY}) (venuewatch_check_members_up{{{CHECK}}})", f"{LEGEND} up"),
            Query(f"max by ({BY}) (venuewatch_check_members{{{CHECK}}})", f"{LEGEND} of"),
            unit=COUNT,
        ),
        lines(
            "Clock of the source",
            "How far the clock of the results server is ahead of its host's. It shifts latencies.",
            Query(f"max by ({BY}) (venuewatch_results_clock_offset_seconds{{{CHECK}}})", LEGEND),
            unit=SECONDS,
        ),
        lines(
            "Live units",
            "Units of competition that are live, as each feed says.",
            Query(LIVE, LEGEND),
            unit=COUNT,
        ),
    ),
)

DASHBOARD = Screen(
    "venuewatch-results",
    "Results feeds",
    "Whether results move, how old and how complete they are.",
    (
        several("venue", "Venue", VENUES),
        several("host", "Host", FEED_HOSTS),
        several("check", "Check", FEEDS),
    ),
    (NOW, FLOW, SOUNDNESS),
)
