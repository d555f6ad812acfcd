"""Lists the assumptions about each class of link, the hosts behind it, and the centre.

Everything here is data, and is printed with every result. A disturbance within these figures must
not alarm; a worse one is called an outage. Delays of the transport itself (retransmission,
head-of-line blocking, backoff) are no figures: they follow from ``tcp.sender``.
"""

from collections.abc import Mapping
from typing import Final

import msgspec

from venuewatch.base.wire.links import Link


class Often(msgspec.Struct, frozen=True):
    """Something that happens ``per_day`` times and lasts ``min_s`` to ``max_s``, log-uniform."""

    per_day: float
    min_s: float
    max_s: float


class LinkModel(msgspec.Struct, frozen=True, kw_only=True):
    """One class of link, as the agent's packets meet it.

    ``rtt_s`` is the least round trip; each way adds an exponential delay of ``jitter_s`` on
    average. ``loss`` is the chance that a packet is lost, data and acknowledgement alike; with
    ``burst_s`` that chance is the share of time which the link spends in bursts of that mean
    length (Gilbert-Elliott), and everything sent within one is lost. In a ``gap`` the venue's
    link carries nothing; in a ``spike`` it queues, by up to the given delay, for three times as
    long. A longer gap than any of these is an ``outage``.
    """

    link: Link
    rtt_s: float
    jitter_s: float
    loss: float
    burst_s: float = 0.0
    gap: Often
    spike: Often = Often(0.0, 1.0, 1.0)
    outage: Often


class HostModel(msgspec.Struct, frozen=True):
    """One host: how often its agent does not run although the host is not down."""

    interval_s: float
    stall: Often
    freeze: Often
    outage: Often


class CentreModel(msgspec.Struct, frozen=True):
    """The broker and the aggregator: how often either stops for a while, and goes on."""

    broker_stall: Often
    aggregator_stall: Often
    told_from_s: float


# Outages, up to ten minutes, are there to be told apart, not counted: some per venue and month.
_MOST_S = 600.0

LINKS: Final[Mapping[str, LinkModel]] = {
    # RTT of a European backbone path; loss: the limit of ITU-T Y.1541 class 0 (1e-3), ten times
    # what carriers promise. Gaps: protection switching 50 ms (ITU-T G.8032) up to the second that
    # rapid spanning tree (IEEE 802.1D-2004) and routing take to converge.
    "wired": LinkModel(
        link="wired", rtt_s=0.025, jitter_s=0.001, loss=0.001,
        gap=Often(2.0, 0.05, 1.0), outage=Often(0.15, 1.05, _MOST_S),
    ),
    # A shared access network: queueing at the limit of ITU-T Y.1541 (IPDV 50 ms at 1e-3), loss as
    # seen on busy access lines, and convergence of two networks in a row.
    "metro": LinkModel(
        link="metro", rtt_s=0.040, jitter_s=0.007, loss=0.005,
        gap=Often(4.0, 0.05, 1.5), spike=Often(4.0, 0.05, 0.3), outage=Often(0.15, 1.55, _MOST_S),
    ),
    # RTT and its spread: Huang et al., "An In-depth Study of LTE", SIGCOMM 2013 (median 70 ms).
    # Spikes: Larson et al., "Investigating Excessive Delays in Mobile Broadband Networks", 2015:
    # round trips of seconds, several times an hour where nodes move. Gaps: handover 50 ms and
    # more; radio link failure, T310 + T311 + re-establishment of 3GPP TS 36.331, up to 4 s.
    "cellular": LinkModel(
        link="cellular", rtt_s=0.070, jitter_s=0.020, loss=0.01,
        gap=Often(24.0, 0.05, 4.0), spike=Often(48.0, 0.2, 3.0), outage=Often(0.3, 4.1, _MOST_S),
    ),
    # A geostationary hop is 239 to 279 ms one way (RFC 2488, 2), about 600 ms there and back with
    # access and coding. Jitter: slots on demand (TDMA). Short fades up to a second.
    "satellite": LinkModel(
        link="satellite", rtt_s=0.580, jitter_s=0.015, loss=0.01,
        gap=Often(2.0, 0.1, 1.0), outage=Often(0.3, 1.05, _MOST_S),
    ),
    # The same with a poorly pointed or wet dish.
    "satellite_lossy": LinkModel(
        link="satellite_lossy", rtt_s=0.580, jitter_s=0.025, loss=0.05,
        gap=Often(4.0, 0.1, 2.0), outage=Often(0.3, 2.1, _MOST_S),
    ),
    # A radio bridge or Wi-Fi among many: short bursts in which nothing passes (Gilbert 1960,
    # Elliott 1963), one twentieth of the time.
    "bursty": LinkModel(
        link="bursty", rtt_s=0.040, jitter_s=0.005, loss=0.05, burst_s=0.080,
        gap=Often(4.0, 0.05, 1.0), outage=Often(0.3, 1.05, _MOST_S),
    ),
    # Such a bridge behind a satellite.
    "bursty_satellite": LinkModel(
        link="bursty_satellite", rtt_s=0.620, jitter_s=0.020, loss=0.05, burst_s=0.080,
        gap=Often(4.0, 0.05, 1.0), outage=Often(0.3, 1.05, _MOST_S),
    ),
}  # fmt: skip

# Stalls: disk flushes, swapping, a busy virtual machine. Freezes: live migration and snapshots;
# QEMU aims at 0.3 s of downtime, VMware at less than a second; 1.5 s is a bad one.
HOST: Final = HostModel(
    interval_s=1.0,
    stall=Often(24.0, 0.05, 0.5),
    freeze=Often(2.0, 0.5, 1.5),
    outage=Often(0.05, 1.6, 60.0),
)

# The broker writes its store, the aggregator's machine is busy. From ``told_from_s`` on the
# aggregator's shell notices its own stall and tells the core (``stalled``).
CENTRE: Final = CentreModel(
    broker_stall=Often(4.0, 0.05, 1.0), aggregator_stall=Often(4.0, 0.1, 10.0), told_from_s=0.3
)
