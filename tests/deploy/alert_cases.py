"""A table of cases, one for each alert: the series that it fires for, and what it must say.

A case has a story of series in steps of ``every_s``; each is where it begins and what it gains a
step. Its ``well`` series are the same thing while nothing is wrong.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from aggregator.core.incidents.alerts import ROWS, Row
from tests.deploy.promtool import RULES, WITH_PUSH, Line

TARGET = 'job="venuewatch",instance="centre:8039"'
SECOND = 'job="venuewatch",instance="second:8039"'
HOST = 'venue="STA",host="STA-1"'
_CHECK = f'{HOST},check="probe",kind='
_FILE = f'{HOST},instance="STA-1",device="/dev/sda1",fstype="ext4",mountpoint="/"'
_ON_HOST = {"venue": "STA", "host": "STA-1", "instance": "STA-1", "role": "results"}
_PLACE = "STA-1 in STA"


def alertmanagers(count: int) -> dict[str, Line]:
    """Return to how many Alertmanagers the aggregator pushes."""
    return {f"venuewatch_aggregator_alertmanagers{{{TARGET}}}": (float(count), 0.0)}


STEADY: Mapping[str, Line] = {
    f"up{{{TARGET}}}": (1.0, 0.0),
    f'venuewatch_venue_up{{{TARGET},venue="STA"}}': (1.0, 0.0),
    f"venuewatch_host_up{{{TARGET},{HOST}}}": (1.0, 0.0),
    f'venuewatch_host_info{{{TARGET},{HOST},role="results",address="192.0.2.7"}}': (1.0, 0.0),
    f'venuewatch_aggregator_problem{{{TARGET},cause="aggregator_blind"}}': (0.0, 0.0),
    f'venuewatch_aggregator_problem{{{TARGET},cause="broker_down"}}': (0.0, 0.0),
    f'venuewatch_aggregator_build_info{{{TARGET},version="0.2.0"}}': (1.0, 0.0),
    **alertmanagers(0),
}


class Case(NamedTuple):
    """One way for an alert to fire, what it must say, and the file that has it."""

    alert: str
    severity: str
    after_s: int
    series: Mapping[str, Line]
    description: str
    labels: Mapping[str, str] = _ON_HOST
    well: Mapping[str, Line] = {}
    every_s: int = 5
    is_of_aggregator: bool = False
    rules: Path = RULES


def problem(of: str, labels: str, cause: str) -> dict[str, Line]:
    return {f'venuewatch_{of}_problem{{{TARGET},{labels},cause="{cause}"}}': (1.0, 0.0)}


def check(kind: str, state: str) -> dict[str, Line]:
    return {f'venuewatch_check_state{{{TARGET},{_CHECK}"{kind}",state="{state}"}}': (1.0, 0.0)}


def disk(avail: float, change: float = 0.0) -> dict[str, Line]:
    return {
        f"node_filesystem_avail_bytes{{{_FILE}}}": (avail, change),
        f"node_filesystem_size_bytes{{{_FILE}}}": (100e9, 0.0),
        f"node_filesystem_readonly{{{_FILE}}}": (0.0, 0.0),
    }


def certificate(days: float) -> dict[str, Line]:
    name = "venuewatch_check_certificate_expiry_timestamp_seconds"
    return {f'{name}{{{TARGET},{_CHECK}"tls"}}': (days * 86_400.0, 0.0)}


def own_certificate(of: str, labels: str, days: float) -> dict[str, Line]:
    return {f"venuewatch_{of}_timestamp_seconds{{{labels}}}": (days * 86_400.0, 0.0)}


def of_check(kind: str) -> dict[str, str]:
    return {**_ON_HOST, "check": "probe", "kind": kind}


def agent(version: str) -> dict[str, Line]:
    return {f'venuewatch_agent_info{{{TARGET},{HOST},agent_version="{version}"}}': (1.0, 0.0)}


def counter(name: str, labels: str, gain: float) -> dict[str, Line]:
    return {f"{name}{{{TARGET}{labels and ','}{labels}}}": (1_000.0, gain)}


_FEED = f'{HOST},check="primary"'
_OF_FEED = {**_ON_HOST, "check": "primary"}
_DROPPED = "venuewatch_broker_messages_dropped_total"
_LOST = "venuewatch_agent_dropped_total"
_GAPS = "venuewatch_results_version_gaps_total"
_NOTICES = "venuewatch_aggregator_notices_total"
_HISTORY = "venuewatch_aggregator_remote_write_samples_dropped_total"
_REJECTED = "venuewatch_aggregator_rejected_total"
_PUSHED = "venuewatch_aggregator_alertmanager_alerts_total"
_AT = 'alertmanager="192.0.2.9:9093"'
_TO = "The Alertmanager at 192.0.2.9:9093"
_OF_PUSH = {"job": "venuewatch", "instance": "centre:8039", "alertmanager": "192.0.2.9:9093"}
_AGENT, _OWN = "agent_certificate_expiry", "aggregator_certificate_expiry"
_CRL, _LIVE = "pki_crl_next_update", f'{TARGET},connection="live"'
_LISTS = "The broker's list of revoked certificates, as the aggregator at centre:8039 reads it,"
_SAMPLES = f"scrape_samples_post_metric_relabeling{{{TARGET}}}"
_SECOND = 'job="venuewatch",instance="second:8039"'
_OF_SECOND = {"job": "venuewatch", "instance": "second:8039"}


def _pending(count: float) -> dict[str, Line]:
    return {f"venuewatch_aggregator_alertmanager_pending{{{TARGET},{_AT}}}": (count, 0.0)}


def blindness(target: str, cause: str, *, is_blind: bool) -> dict[str, Line]:
    causes = ("aggregator_blind", "broker_down")
    return {
        f'venuewatch_aggregator_problem{{{target},cause="{one}"}}': (
            float(is_blind and one == cause),
            0.0,
        )
        for one in causes
    }


def _part(cause: str, row: Row) -> Case:
    series = f'venuewatch_aggregator_part_problem{{{TARGET},cause="{cause}"}}'
    of = {"job": "venuewatch", "instance": "centre:8039"}
    alert, severity, _ = row.alert
    return Case(alert, severity, 0, {series: (1.0, 0.0)}, row.sentence, of, is_of_aggregator=True)


CASES: Sequence[Case] = (
    Case(
        "VenuewatchBlind", "critical", 30, blindness(TARGET, "broker_down", is_blind=True),
        "The broker is gone: its port refuses, or answers nothing.", {},
    ),
    Case(
        "VenuewatchVenueUnreachable", "critical", 0,
        problem("venue", 'venue="STA"', "venue_unreachable"),
        "STA is cut off. Its hosts fell silent together, and may be well.", {"venue": "STA"},
    ),
    Case(
        "VenuewatchVenueHungUp", "critical", 0,
        problem("venue", 'venue="STA"', "hung_up_together"),
        "Hosts of STA were cut off at one moment, and are not back. They may be well.",
        {"venue": "STA"},
    ),
    Case(
        "VenuewatchHostDown", "critical", 5, problem("host", HOST, "host_down"),
        f"{_PLACE} is gone: no neighbour that could try reaches it.",
        well=problem("host", HOST, "venue_unreachable"),
    ),
    Case(
        "VenuewatchVenueOneWay", "warning", 5, problem("venue", 'venue="STA"', "one_way_loss"),
        "The hosts of STA are heard, and do not hear the centre.", {"venue": "STA"},
    ),
    Case(
        "VenuewatchHostOneWay", "warning", 5, problem("host", HOST, "one_way_loss"),
        f"{_PLACE} is heard, and does not hear the centre.",
    ),
    Case(
        "VenuewatchResultsStopped", "critical", 5, problem("check", _FEED, "results_silent"),
        "primary on STA-1 in STA: nothing comes from the results server, and now it should talk.",
        _OF_FEED,
    ),
    Case(
        "VenuewatchResultsUnreadable", "critical", 5,
        problem("check", _FEED, "results_unreadable"),
        "primary on STA-1 in STA: the results can not be read, so nobody would see if they "
        "stopped.", _OF_FEED,
    ),
    Case(
        "VenuewatchResultsDelayed", "warning", 5, problem("check", _FEED, "results_delayed"),
        "primary on STA-1 in STA: results move, and come too late.", _OF_FEED,
    ),
    Case(
        "VenuewatchResultsClockWrong", "warning", 5, problem("check", _FEED, "results_clock"),
        "primary on STA-1 in STA: the times of results are wrong: the zone, the source's clock, "
        "or a queue.", _OF_FEED,
    ),
    Case(
        "VenuewatchRedundancyLost", "warning", 5, problem("check", _FEED, "redundancy_lost"),
        "primary on STA-1 in STA: one of the parts that stand in for one another has failed.",
        _OF_FEED,
    ),
    Case(
        "VenuewatchVenueCheckFailing", "critical", 5,
        problem("check", 'venue="STA",check="primary"', "check_failed"),
        "primary is critical on most hosts of STA that have it.",
        {"venue": "STA", "check": "primary"},
    ),
    Case(
        "VenuewatchCheckFailing", "warning", 5, problem("check", _FEED, "check_failed"),
        "primary on STA-1 in STA: it is critical, so what it looks at does not do its work.",
        _OF_FEED,
    ),
    Case(
        "VenuewatchDuplicateIdentity", "warning", 5,
        problem("host", HOST, "duplicate_identity"),
        f"Two agents run as {_PLACE} and throw each other out.",
    ),
    Case(
        "VenuewatchClockWrong", "warning", 5, problem("host", HOST, "clock_skew"),
        f"The clock of {_PLACE} differs from the fleet's.",
    ),
    *(_part(cause, row) for (kind, cause), row in ROWS.items() if kind == "centre part"),
    Case(
        "VenuewatchBridgeUnstable", "warning", 5,
        problem("venue", 'venue="STA"', "bridge_unstable"),
        "The bridge of STA connects and disconnects again and again.", {"venue": "STA"},
    ),
    Case(
        "VenuewatchOverBudget", "warning", 5, problem("host", HOST, "over_budget"),
        f"{_PLACE} sends more than it may. The rest is thrown away; it counts as alive.",
    ),
    Case(
        "VenuewatchTermsRefused", "warning", 5, problem("host", HOST, "terms_refused"),
        f"{_PLACE} announced terms that are out of bounds. It is judged by the bounds.",
    ),
    Case(
        "VenuewatchGone", "critical", 30, {f"up{{{TARGET}}}": (0.0, 0.0)},
        "Prometheus can scrape no aggregator: no venue is watched through it. Alerts of incidents "
        "stay as they were.", {"job": "venuewatch"}, is_of_aggregator=True,
    ),
    Case(
        "VenuewatchAggregatorGone", "warning", 30, {f"up{{{_SECOND}}}": (0.0, 0.0)},
        "Prometheus can not scrape the aggregator at second:8039; another one watches.",
        _OF_SECOND, {f"up{{{_SECOND}}}": (1.0, 0.0)}, is_of_aggregator=True,
    ),
    Case(
        "VenuewatchAggregatorBlind", "warning", 30,
        blindness(_SECOND, "aggregator_blind", is_blind=True),
        "The aggregator at second:8039 hears nothing of any venue; another one does.", _OF_SECOND,
        blindness(_SECOND, "aggregator_blind", is_blind=False),
    ),
    Case(
        "VenuewatchScrapesFail", "warning", 60,
        {f'up{{{TARGET},venue="STA"}}': (0.0, 0.0), f'up{{{TARGET},venue="TAH"}}': (0.0, 0.0)},
        "2 targets of job venuewatch at centre:8039 can not be scraped, while others can: their "
        "series are missing.", {"job": "venuewatch", "instance": "centre:8039"},
        {f'up{{{TARGET},venue="STA"}}': (1.0, 0.0)}, is_of_aggregator=True,
    ),
    Case(
        "VenuewatchCheckWarning", "info", 300, check("disk", "warning"),
        f"probe (disk) on {_PLACE} warns: what it looks at works, beyond a limit.",
        of_check("disk"), check("disk", "ok"),
    ),
    Case(
        "VenuewatchCheckUnknown", "info", 900, check("http", "unknown"),
        f"probe (http) on {_PLACE} can not tell how what it looks at is.",
        of_check("http"), check("http", "ok"), every_s=10,
    ),
    Case(
        "VenuewatchDiskFull", "critical", 60, disk(2e9), f"/ of {_PLACE} has 2% left.",
        {**_ON_HOST, "device": "/dev/sda1", "fstype": "ext4", "mountpoint": "/"}, disk(40e9),
    ),
    Case(
        "VenuewatchDiskFilling", "warning", 1830, disk(21e9 + 61 * 9e6, -9e6),
        f"/ of {_PLACE} has 21% left, and none within a day if it goes on as in the last three "
        "hours.",
        {**_ON_HOST, "device": "/dev/sda1", "fstype": "ext4", "mountpoint": "/"},
        disk(21e9, 0.0), every_s=30,
    ),
    Case(
        "VenuewatchCertificateNearlyExpired", "critical", 60, certificate(2.0),
        f"The certificate that probe (tls) on {_PLACE} sees expires in 1d 23h 59m 0s.",
        of_check("tls"), certificate(400.0),
    ),
    Case(
        "VenuewatchCertificateNearlyExpired", "critical", 60, certificate(-1.0),
        f"The certificate that probe (tls) on {_PLACE} sees has expired.",
        of_check("tls"), certificate(400.0),
    ),
    Case(
        "VenuewatchCertificateExpiring", "warning", 600, certificate(10.0),
        f"The certificate that probe (tls) on {_PLACE} sees expires in 9d 23h 50m 0s.",
        of_check("tls"), certificate(400.0), every_s=20,
    ),
    Case(
        "VenuewatchAgentCertificateExpiring", "warning", 600, own_certificate(_AGENT, HOST, 10.0),
        f"The certificate of {_PLACE} expires in 9d 23h 50m 0s. From then on its agent can not "
        "connect again.", well=own_certificate(_AGENT, HOST, 400.0), every_s=20,
    ),
    Case(
        "VenuewatchAggregatorCertificateExpiring", "warning", 600,
        own_certificate(_OWN, _LIVE, 0.0),
        "The certificate of the live connection of the aggregator at centre:8039 has expired, or "
        "can not be used with its key. From then on it can not connect again.",
        {"job": "venuewatch", "instance": "centre:8039", "connection": "live"},
        own_certificate(_OWN, _LIVE, 400.0), every_s=20,
    ),
    Case(
        "VenuewatchRevocationListExpiring", "warning", 600, own_certificate(_CRL, TARGET, 10.0),
        f"{_LISTS} is outdated in 9d 23h 50m 0s: from then on nobody can connect.",
        {"job": "venuewatch", "instance": "centre:8039"},
        own_certificate(_CRL, TARGET, 400.0), every_s=20,
    ),
    Case(
        "VenuewatchRevocationListExpiring", "warning", 600, own_certificate(_CRL, TARGET, 0.0),
        f"{_LISTS} is outdated, so that nobody can connect, or can not be read, so that revoked "
        "certificates are let in.", {"job": "venuewatch", "instance": "centre:8039"},
        own_certificate(_CRL, TARGET, 400.0), every_s=20,
    ),
    Case(
        "VenuewatchResultsVersionsLost", "warning", 5, counter(_GAPS, _CHECK + '"feed"', 8.0),
        "probe on STA-1 in STA: 12 versions never came.",
        {**_ON_HOST, "check": "probe"}, counter(_GAPS, _CHECK + '"feed"', 0.0),
    ),
    Case(
        "VenuewatchReadingsLost", "warning", 5, counter(_LOST, HOST, 8.0),
        f"The agent of {_PLACE} lost 12 readings: its spool was full or damaged, or they were too "
        "large for the broker. Beats and alarms do not suffer.", well=counter(_LOST, HOST, 0.0),
    ),
    Case(
        "VenuewatchBrokerDropsMessages", "warning", 5, counter(_DROPPED, "", 8.0),
        "The broker dropped 12 messages within 5 minutes: its queues are full, or a client reads "
        "too slowly.", {}, counter(_DROPPED, "", 0.0),
    ),
    Case(
        "VenuewatchNoticesDropped", "warning", 5, counter(_NOTICES, 'result="dropped"', 8.0),
        "The aggregator at centre:8039 gave up 12 notices for its webhook within 10 minutes: the "
        "receiver refused them, or too many waited.",
        {"job": "venuewatch", "instance": "centre:8039"},
        counter(_NOTICES, 'result="dropped"', 0.0),
    ),
    Case(
        "VenuewatchHistoryDropped", "warning", 5, counter(_HISTORY, 'reason="too_old"', 8.0),
        "The aggregator at centre:8039 gave up 12 late samples within 10 minutes (too_old). Graphs "
        "of an outage have holes. Alarms do not suffer.",
        {"job": "venuewatch", "instance": "centre:8039", "reason": "too_old"},
        counter(_HISTORY, 'reason="too_old"', 0.0),
    ),
    Case(
        "VenuewatchMessagesRejected", "info", 5, counter(_REJECTED, 'reason="bad_topic"', 160.0),
        "The aggregator refused 240 messages within 10 minutes for the reason bad_topic.",
        {"reason": "bad_topic"}, counter(_REJECTED, 'reason="bad_topic"', 0.1),
    ),
    Case(
        "VenuewatchAlertsNotPushed", "warning", 300,
        {**_pending(200.0), **counter(_PUSHED, _AT + ',result="dropped"', 0.0)},
        f"{_TO} refused alerts that the aggregator at centre:8039 pushed, or could not be reached "
        "by it for 5 minutes.", _OF_PUSH, _pending(0.0),
    ),
    Case(
        "VenuewatchAlertsNotPushed", "warning", 305,
        {**_pending(0.0), **counter(_PUSHED, _AT + ',result="dropped"', 1.0)},
        f"{_TO} refused alerts that the aggregator at centre:8039 pushed, or could not be reached "
        "by it for 5 minutes.", _OF_PUSH, counter(_PUSHED, _AT + ',result="sent"', 9.0),
    ),
    Case(
        "VenuewatchIncidentsToldTwice", "warning", 60, alertmanagers(2),
        "The aggregator at centre:8039 pushes incidents to Alertmanager, and the rules of "
        "Prometheus tell them, too: load rules-with-push.yml instead of rules.yml.",
        {"job": "venuewatch", "instance": "centre:8039"}, alertmanagers(0),
    ),
    Case(
        "VenuewatchIncidentsNotTold", "critical", 60, alertmanagers(0),
        "The rules of Prometheus leave incidents to the aggregator, and no aggregator pushes them "
        "to Alertmanager: nobody is told of an outage. Load rules.yml instead of "
        "rules-with-push.yml, or have the aggregator push.", {}, alertmanagers(1),
        rules=WITH_PUSH,
    ),
    Case(
        "VenuewatchHostUnseen", "info", 900,
        {f'venuewatch_host_state{{{TARGET},{HOST},state="unseen"}}': (1.0, 0.0)},
        f"{_PLACE} is in the inventory, and no beat of it was ever heard.",
        well={f'venuewatch_host_state{{{TARGET},{HOST},state="up"}}': (1.0, 0.0)}, every_s=15,
    ),
    Case(
        "VenuewatchAgentVersionSkew", "info", 3600, agent("0.1.0"),
        "1 agents have version 0.1.0, the aggregator has another.", {"agent_version": "0.1.0"},
        agent("0.2.0"), every_s=60,
    ),
    Case(
        "VenuewatchSampleLimitNear", "warning", 600, {_SAMPLES: (30_001.0, 0.0)},
        "A scrape of job venuewatch at centre:8039 has 30001 samples. Beyond sample_limit "
        "Prometheus refuses all of them.",
        {"job": "venuewatch", "instance": "centre:8039"}, {_SAMPLES: (29_999.0, 0.0)},
        every_s=30,
    ),
    Case(
        "VenuewatchWatchdog", "none", 0, {},
        "It always fires. Where it no longer arrives, Prometheus, Alertmanager or the way from "
        "there is broken: have a receiver outside call for help then.", {},
    ),
)  # fmt: skip
