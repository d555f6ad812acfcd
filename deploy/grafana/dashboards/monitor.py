"""The monitor itself: whether the aggregators hear, keep up, and are heard."""

from deploy.grafana.assembly import Row, Screen
from deploy.grafana.panels import (
    BYTES,
    COUNT,
    PER_SECOND,
    RATIO,
    SECONDS,
    Column,
    Limits,
    Query,
    lines,
    number,
    ranked,
    timeline,
)
from deploy.grafana.states import GREEN, RED, WATCHING
from deploy.grafana.variables import AGGREGATORS, JOB, several

OWN = f'{JOB},instance=~"$instance"'
NODE_JOB = 'job="$node_job"'
JOBS = 'job=~"$job|$node_job"'
CONNECTED = {"cut off": RED, "connected": GREEN}


def own(metric: str, by: str = "instance") -> str:
    """Return the query of a gauge of the aggregators."""
    return f"max by ({by}) ({metric}{{{OWN}}})"


def rate(metric: str, by: str = "instance") -> str:
    """Return the query of a counter of the aggregators."""
    return f"sum by ({by}) (rate({metric}{{{OWN}}}[$__rate_interval]))"


def detected_within(share: float) -> str:
    """Return the query of a quantile of the time to detection within a day."""
    buckets = f"increase(venuewatch_aggregator_detection_seconds_bucket{{{OWN}}}[1d])"
    return f"histogram_quantile({share}, sum by (le) ({buckets}))"


BLIND = f"1 - max by (instance) (venuewatch_aggregator_problem{{{OWN}}})"

NOW = Row(
    "Now",
    (
        number(
            "Watches",
            "Blind: it hears nothing of any venue, or the broker is gone. It accuses no host then.",
            Query(BLIND, "{{instance}}"),
            mapping=WATCHING,
        ),
        number(
            "Broker",
            "Whether the aggregator is subscribed at the broker.",
            Query(own("venuewatch_aggregator_broker_connected"), "{{instance}}"),
            mapping=CONNECTED,
        ),
        number(
            "Round trip to the broker",
            "How long the aggregator's own message took through the broker and back.",
            Query(own("venuewatch_aggregator_canary_round_trip_seconds"), "{{instance}}"),
            unit=SECONDS,
            limits=Limits(0.1, 0.5),
        ),
        number(
            "Loop lag",
            "The worst lag of the aggregator's event loop within the last minute. Beyond 0.3 s it "
            "doubts itself.",
            Query(own("venuewatch_aggregator_loop_lag_seconds"), "{{instance}}"),
            unit=SECONDS,
            limits=Limits(0.1, 0.3),
        ),
        number(
            "Hosts never heard",
            "Hosts of the inventory of which no heartbeat ever came.",
            Query(f'sum(max by (venue, state) (venuewatch_venue_hosts{{{JOB},state="unseen"}}))'),
            limits=Limits(1, 9),
        ),
        number(
            "Hosts not in the inventory",
            "Hosts that are heard and not listed: add them, or stop their agents.",
            Query(f"count(max by (venue, host) (venuewatch_host_unlisted{{{JOB}}})) or vector(0)"),
            limits=Limits(1, 9),
        ),
        timeline(
            "Watches",
            "Whether each aggregator hears the venues, over time.",
            Query(BLIND, "{{instance}}"),
            mapping=WATCHING,
            width=12,
            height=5,
        ),
        ranked(
            "Aggregators",
            "Version, and how long each one runs.",
            ("instance",),
            Column(
                "build",
                f"max by (instance, version) (venuewatch_aggregator_build_info{{{OWN}}})",
                of=("version",),
            ),
            Column("running for", f"time() - {own('process_start_time_seconds')}", SECONDS),
            Column("incidents", own("venuewatch_aggregator_incidents_open")),
            by="running for",
            is_ascending=True,
            width=12,
            height=5,
        ),
    ),
)

MESSAGES = Row(
    "Messages",
    (
        lines(
            "Received",
            "Messages from the broker, by stream.",
            Query(rate("venuewatch_aggregator_messages_total", "stream"), "{{stream}}"),
            unit=PER_SECOND,
        ),
        lines(
            "Refused",
            "Messages that were refused within 10 minutes, by reason.",
            Query(
                f"sum by (reason) (increase(venuewatch_aggregator_rejected_total{{{OWN}}}[10m]))",
                "{{reason}}",
            ),
        ),
        lines(
            "Lost by the broker",
            "Messages that the broker says it has dropped within 10 minutes: its queues are full.",
            Query(
                f"max(increase(venuewatch_broker_messages_dropped_total{{{OWN}}}[10m]))", "dropped"
            ),
            width=8,
        ),
    ),
)

SPEED = Row(
    "Speed",
    (
        lines(
            "Time to detection, last day",
            "From a host's last sign of life until it was called down: half and 99 % were sooner.",
            Query(detected_within(0.5), "median"),
            Query(detected_within(0.99), "99 %"),
            unit=SECONDS,
        ),
        lines(
            "Loop lag",
            "The worst lag of the event loop within a minute.",
            Query(own("venuewatch_aggregator_loop_lag_seconds"), "{{instance}}"),
            unit=SECONDS,
            limits=Limits(0.1, 0.3),
        ),
        lines(
            "Round trip to the broker",
            "How long the aggregator's own message took through the broker and back.",
            Query(own("venuewatch_aggregator_canary_round_trip_seconds"), "{{instance}}"),
            unit=SECONDS,
        ),
        lines(
            "Notices",
            "Notices of incidents to the webhook: those that wait, and those given up.",
            Query(own("venuewatch_aggregator_notices_pending"), "{{instance}} wait"),
            Query(
                "max by (instance) (increase("
                f'venuewatch_aggregator_notices_total{{{OWN},result="dropped"}}[10m]))',
                "{{instance}} given up within 10 min",
            ),
            unit=COUNT,
        ),
    ),
)

COST = Row(
    "Cost",
    (
        lines(
            "CPU",
            "Share of one CPU that each aggregator uses.",
            Query(rate("process_cpu_seconds_total"), "{{instance}}"),
            unit=RATIO,
            width=8,
        ),
        lines(
            "Memory",
            "Resident memory of each aggregator.",
            Query(own("process_resident_memory_bytes"), "{{instance}}"),
            unit=BYTES,
            width=8,
        ),
        lines(
            "Open files",
            "Share of the file descriptors that the process may have.",
            Query(f"{own('process_open_fds')} / {own('process_max_fds')}", "{{instance}}"),
            unit=RATIO,
            limits=Limits(0.7, 0.9),
            width=8,
        ),
        lines(
            "Scrapes: duration",
            "How long Prometheus took for the slowest target of each job.",
            Query(f"max by (job) (scrape_duration_seconds{{{JOBS}}})", "{{job}}"),
            unit=SECONDS,
            width=8,
        ),
        lines(
            "Scrapes: samples",
            "Samples of all targets of each job.",
            Query(f"sum by (job) (scrape_samples_scraped{{{JOBS}}})", "{{job}}"),
            width=8,
        ),
        lines(
            "Scrapes: failed targets",
            "Targets that Prometheus could not scrape.",
            Query(f"sum by (job) (1 - up{{{JOBS}}})", "{{job}}"),
            limits=Limits(1, 1),
            width=8,
        ),
    ),
)

AGENTS = Row(
    "Agents",
    (
        number(
            "Readings that wait",
            "Readings in the spools of all agents, which come later as a backlog.",
            Query(f"sum(venuewatch_agent_spool_records{{{NODE_JOB}}})"),
        ),
        number(
            "Readings missing",
            "Readings that lie between others and have not come.",
            Query(f"sum(max by (venue, host) (venuewatch_host_readings_missing{{{JOB}}}))"),
            limits=Limits(1, 1000),
        ),
        number(
            "Restarts within an hour",
            "Restarts of agents, of all hosts.",
            Query(
                f"sum(max by (venue, host) (increase(venuewatch_host_restarts_total{{{JOB}}}[1h])))"
            ),
        ),
        ranked(
            "Agents by version",
            "How many living hosts run each version of the agent.",
            ("agent_version",),
            Column(
                "hosts",
                "count by (agent_version) "
                f"(max by (venue, host, agent_version) (venuewatch_agent_info{{{JOB}}}))",
            ),
            width=12,
            height=6,
        ),
    ),
)

DASHBOARD = Screen(
    "venuewatch-monitor",
    "The monitor itself",
    "Whether the aggregators hear, keep up, and are heard.",
    (several("instance", "Aggregator", AGGREGATORS),),
    (NOW, MESSAGES, SPEED, COST, AGENTS),
    "now-6h",
)
