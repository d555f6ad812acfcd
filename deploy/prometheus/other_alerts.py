"""Alerts that no incident tells: of warnings, disks, certificates, the monitor and its messages.

An alert that needs no haste looks back over some scrapes (``last_over_time``), because otherwise a
failed scrape starts its ``for`` anew. A sample of a check may have the time of its reading, up to a
minute before the scrape. So a check is asked for as it is now, too, however old the sample is.

Counters of checks come each 30 s by default, so that ``increase`` looks back over 10 min, and
nothing here uses ``irate``. A counter of a host has no series while the host is lost. What it
gained meanwhile shows against the last number before that, which a recording rule keeps.
"""

from typing import Final, NamedTuple

from venue_records import Record

from aggregator.core.incidents.alerts import Severity

SAMPLE_LIMITS: Final = {"venuewatch": 60_000, "node": 420_000}
"""The ``sample_limit`` of each job: three times a venue of 400 hosts.

A host of two CPUs with four checks has 40 and 315 series; here it may have 50 and 350.
"""

PROBLEM_OF_CENTRE: Final = "last_over_time(venuewatch_aggregator_problem[20s])"
"""Whether each aggregator is blind; a failed scrape does not start the ``for`` anew."""

_DISK = "venue, host, device, fstype, mountpoint"
_DAY_S = 86_400
_JOIN = "  * on (venue, host) group_left (instance, role)"


class Rule(NamedTuple):
    """One alert; ``for_`` and ``keep`` as Prometheus writes a duration, "" for none."""

    name: str
    severity: str
    summary: str
    description: str
    expr: str
    for_: str = ""
    keep: str = ""


def with_unwell_host(expr: str) -> str:
    """Return ``expr`` of a host, with the host as its ``instance`` and with its ``role``.

    For problems of hosts and checks that are not ``ok``: the rules that are evaluated each 5 s.
    """
    return f"{expr}\n{_JOIN} venuewatch:unwell_host_info:max"


def with_host(expr: str) -> str:
    """Return ``expr`` of any host likewise, for the slow rules."""
    return f"{expr}\n{_JOIN} venuewatch:host_info:max"


def _kept(name: str, series: str, by: str) -> Record:
    """Return the record of a counter of hosts, with its last number while the host is lost."""
    record = f"venuewatch:{name}:last"
    return Record(
        record,
        f"  max by ({by}) (last_over_time({series}[2m]))\nor\n"
        f"  {record} and on (venue, host) venuewatch:host_info:max",
    )


READINGS_LOST: Final = _kept("agent_dropped", "venuewatch_agent_dropped_total", "venue, host")
VERSION_GAPS: Final = _kept(
    "results_version_gaps", "venuewatch_results_version_gaps_total", "venue, host, check"
)


def _of_checks(state: str) -> str:
    series = f'venuewatch_check_state{{state="{state}"}}'
    return with_unwell_host(
        f"max by (venue, host, check, kind) ({series} or last_over_time({series}[20s]))"
    )


_LEFT = "last_over_time(venuewatch:filesystem_avail:ratio[2m])"
_FULL = f"max by ({_DISK}) ({_LEFT}) < 0.03"
_FILLING = f"""\
  max by ({_DISK}) ({_LEFT})
and
  max by ({_DISK}) (predict_linear(venuewatch:filesystem_avail:ratio[3h], {_DAY_S})) < 0"""


def _expiring(days: int) -> str:
    series = "last_over_time(venuewatch_check_certificate_expiry_timestamp_seconds[2m])"
    return with_host(
        f"(\n  min by (venue, host, check, kind) ({series}) - time() < {days} * {_DAY_S}\n)"
    )


_CHECK = "{{ $labels.check }} ({{ $labels.kind }}) on {{ $labels.host }} in {{ $labels.venue }}"
_SEES = (
    f"The certificate that {_CHECK} sees "
    "{{ if gt $value 0.0 }}expires in {{ $value | humanizeDuration }}"
    "{{ else }}has expired{{ end }}."
)
_PLACE = "{{ $labels.mountpoint }} of {{ $labels.host }} in {{ $labels.venue }}"
UP: Final = 'up{job="venuewatch"}'
_BLIND = f"max by (job, instance) ({PROBLEM_OF_CENTRE})"
_SAMPLES = "\nor\n".join(
    "  max by (job, instance, venue) "
    f'(max_over_time(scrape_samples_post_metric_relabeling{{job="{job}"}}[1m])) > {limit // 2}'
    for job, limit in SAMPLE_LIMITS.items()
)
_OTHER_VERSION = """\
count by (agent_version) (
    max by (venue, host, agent_version) (last_over_time(venuewatch_agent_info[10m]))
  unless on (agent_version)
    label_replace(
      last_over_time(venuewatch_aggregator_build_info[10m]),
      "agent_version", "$1", "version", "(.+)"
    )
)
and on () last_over_time(venuewatch_aggregator_build_info[10m])"""

_ALERTS = "venuewatch_aggregator_alertmanager"
_NOT_PUSHED = f"""\
  max by (job, instance, alertmanager) (
    increase({_ALERTS}_alerts_total{{result="dropped"}}[10m])
  ) > 0
or
  max by (job, instance, alertmanager) (min_over_time({_ALERTS}_pending[1m])) > 0"""
_PUSHED_TO = "last_over_time(venuewatch_aggregator_alertmanagers[1m])"

SWITCH: Final = {
    False: Rule(
        "VenuewatchIncidentsToldTwice",
        Severity.WARNING,
        "Incidents are told by rules and by push.",
        "The aggregator at {{ $labels.instance }} pushes incidents to Alertmanager, and the rules "
        "of Prometheus tell them, too: load rules-with-push.yml instead of rules.yml.",
        f"max by (job, instance) ({_PUSHED_TO}) > 0",
        "1m",
        "1m",
    ),
    True: Rule(
        "VenuewatchIncidentsNotTold",
        Severity.CRITICAL,
        "Incidents are told neither by rules nor by push.",
        "The rules of Prometheus leave incidents to the aggregator, and no aggregator pushes them "
        "to Alertmanager: nobody is told of an outage. Load rules.yml instead of "
        "rules-with-push.yml, or have the aggregator push.",
        f"max({_PUSHED_TO}) == 0",
        "1m",
        "1m",
    ),
}
"""What warns in each file that it is the wrong one, by whether the aggregator is to push."""

FAST: Final = (
    Rule(
        "VenuewatchGone",
        Severity.CRITICAL,
        "No aggregator can be scraped.",
        "Prometheus can scrape no aggregator: no venue is watched through it. Alerts of incidents "
        "stay as they were.",
        f"max by (job) ({UP}) == 0\nor\n  absent({UP})",
        "30s",
        "30s",
    ),
    Rule(
        "VenuewatchAggregatorGone",
        Severity.WARNING,
        "One of several aggregators can not be scraped.",
        "Prometheus can not scrape the aggregator at {{ $labels.instance }}; another one watches.",
        f"max by (job, instance) ({UP}) == 0\nand on ()\n  max({UP}) == 1",
        "30s",
        "30s",
    ),
    Rule(
        "VenuewatchAggregatorBlind",
        Severity.WARNING,
        "One of several aggregators hears nothing.",
        "The aggregator at {{ $labels.instance }} hears nothing of any venue; another one does.",
        f"{_BLIND} == 1\nand on ()\n  min({_BLIND}) == 0",
        "30s",
        "30s",
    ),
    Rule(
        "VenuewatchScrapesFail",
        Severity.WARNING,
        "Scrapes of an aggregator fail in part.",
        "{{ $value }} targets of job {{ $labels.job }} at {{ $labels.instance }} can not be "
        "scraped, while others can: their series are missing.",
        '  count by (job, instance) (up{job=~"venuewatch|node"} == 0)\nand on (instance)\n'
        f"  max by (instance) ({UP}) == 1",
        "1m",
        "1m",
    ),
    Rule(
        "VenuewatchCheckWarning",
        Severity.INFO,
        "A check warns.",
        f"{_CHECK} warns: what it looks at works, beyond a limit.",
        _of_checks("warning"),
        "5m",
        "2m",
    ),
    Rule(
        "VenuewatchCheckUnknown",
        Severity.INFO,
        "A check can not tell.",
        f"{_CHECK} can not tell how what it looks at is.",
        _of_checks("unknown"),
        "15m",
        "2m",
    ),
    Rule(
        "VenuewatchWatchdog",
        "none",
        "The way of an alert works.",
        "It always fires. Where it no longer arrives, Prometheus, Alertmanager or the way from "
        "there is broken: have a receiver outside call for help then.",
        "vector(1)",
    ),
)

SLOW: Final = (
    Rule(
        "VenuewatchDiskFull",
        Severity.CRITICAL,
        "A disk is full.",
        f"{_PLACE} has {{{{ $value | humanizePercentage }}}} left.",
        with_host(f"({_FULL})"),
        "1m",
        "5m",
    ),
    Rule(
        "VenuewatchDiskFilling",
        Severity.WARNING,
        "A disk will be full within a day.",
        f"{_PLACE} has {{{{ $value | humanizePercentage }}}} left, and none within a day if it "
        "goes on as in the last three hours.",
        with_host(f"(\n{_FILLING}\n)"),
        "30m",
        "10m",
    ),
    Rule(
        "VenuewatchCertificateNearlyExpired",
        Severity.CRITICAL,
        "A certificate has expired, or will within three days.",
        _SEES,
        _expiring(3),
        "1m",
        "5m",
    ),
    Rule(
        "VenuewatchCertificateExpiring",
        Severity.WARNING,
        "A certificate expires within two weeks.",
        _SEES,
        _expiring(14),
        "10m",
        "5m",
    ),
    Rule(
        "VenuewatchResultsVersionsLost",
        Severity.WARNING,
        "Messages of a results feed are missing.",
        "{{ $labels.check }} on {{ $labels.host }} in {{ $labels.venue }}: "
        "{{ $value | humanize }} versions never came.",
        with_host(f"(increase({VERSION_GAPS.record}[10m]) > 0)"),
        keep="5m",
    ),
    Rule(
        "VenuewatchReadingsLost",
        Severity.WARNING,
        "An agent has lost readings.",
        "The agent of {{ $labels.host }} in {{ $labels.venue }} lost {{ $value | humanize }} "
        "readings: its spool was full or damaged, or they were too large for the broker. "
        "Beats and alarms do not suffer.",
        with_host(f"(increase({READINGS_LOST.record}[10m]) > 0)"),
        keep="5m",
    ),
    Rule(
        "VenuewatchBrokerDropsMessages",
        Severity.WARNING,
        "The broker drops messages.",
        "The broker dropped {{ $value | humanize }} messages within 5 minutes: its queues are "
        "full, or a client reads too slowly.",
        "max(increase(venuewatch_broker_messages_dropped_total[5m])) > 0",
        keep="5m",
    ),
    Rule(
        "VenuewatchNoticesDropped",
        Severity.WARNING,
        "Notices of incidents were dropped.",
        "The aggregator at {{ $labels.instance }} gave up {{ $value | humanize }} notices for its "
        "webhook within 10 minutes: the receiver refused them, or too many waited.",
        "max by (job, instance) "
        '(increase(venuewatch_aggregator_notices_total{result="dropped"}[10m])) > 0',
        keep="5m",
    ),
    Rule(
        "VenuewatchHistoryDropped",
        Severity.WARNING,
        "Late readings do not reach Prometheus.",
        "The aggregator at {{ $labels.instance }} gave up {{ $value | humanize }} late samples "
        "within 10 minutes ({{ $labels.reason }}). Graphs of an outage have holes. Alarms do not "
        "suffer.",
        "max by (job, instance, reason) "
        "(increase(venuewatch_aggregator_remote_write_samples_dropped_total[10m])) > 0",
        keep="5m",
    ),
    Rule(
        "VenuewatchAlertsNotPushed",
        Severity.WARNING,
        "Alerts of incidents do not reach an Alertmanager.",
        "The Alertmanager at {{ $labels.alertmanager }} refused alerts that the aggregator at "
        "{{ $labels.instance }} pushed, or could not be reached by it for 5 minutes.",
        _NOT_PUSHED,
        "5m",
        "5m",
    ),
    Rule(
        "VenuewatchMessagesRejected",
        Severity.INFO,
        "The aggregator refuses many messages.",
        "The aggregator refused {{ $value | humanize }} messages within 10 minutes for the reason "
        "{{ $labels.reason }}.",
        "max by (reason) (increase(venuewatch_aggregator_rejected_total[10m])) > 100",
        keep="5m",
    ),
    Rule(
        "VenuewatchHostUnseen",
        Severity.INFO,
        "An expected host was never heard.",
        "{{ $labels.host }} in {{ $labels.venue }} is in the inventory, and no beat of it was ever "
        "heard.",
        with_host(
            'max by (venue, host) (last_over_time(venuewatch_host_state{state="unseen"}[1m]))'
        ),
        "15m",
        "1m",
    ),
    Rule(
        "VenuewatchAgentVersionSkew",
        Severity.INFO,
        "Agents have another version than the aggregator.",
        "{{ $value }} agents have version {{ $labels.agent_version }}, the aggregator has another.",
        _OTHER_VERSION,
        "1h",
        "10m",
    ),
    Rule(
        "VenuewatchSampleLimitNear",
        Severity.WARNING,
        "A scrape has over half of the samples that it may have.",
        "A scrape of job {{ $labels.job }} at {{ $labels.instance }} has {{ $value }} samples"
        "{{ with $labels.venue }} for {{ . }}{{ end }}. "
        "Beyond sample_limit Prometheus refuses all of them.",
        _SAMPLES,
        "10m",
        "10m",
    ),
)
